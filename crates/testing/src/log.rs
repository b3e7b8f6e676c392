//! What is logged on a thread, for tests that count it.

use std::cell::RefCell;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::sync::Once;
use tracing_subscriber::EnvFilter;

/// Whose lines: the controller's and those of its Kubernetes layer, from INFO upwards.
const HEARD: &str = "rollouts_kube=info,rollouts_controller=info";

thread_local! {
    /// What was logged here, while somebody listens.
    static TEXT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// The lines that the controller and its Kubernetes layer log on this thread, from INFO upwards, while this lives.
#[derive(Debug)]
#[must_use]
pub struct Lines {
    /// It belongs to its thread.
    _here: PhantomData<*const ()>,
}

impl Lines {
    /// Begins to listen.
    ///
    /// # Panics
    /// When somebody listens already.
    pub fn listen() -> Lines {
        subscribe();
        let before = TEXT.replace(Some(Vec::new()));
        assert!(before.is_none(), "two listen on one thread");
        Lines { _here: PhantomData }
    }

    /// The lines since the last call: level, message and fields, with single spaces and without quotes.
    pub fn take(&self) -> Vec<String> {
        let text = TEXT.with_borrow_mut(|text| text.as_mut().map(std::mem::take)).unwrap_or_default();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "");
        String::from_utf8_lossy(&text).lines().map(words).collect()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        TEXT.set(None);
    }
}

/// One subscriber for the whole process, which every thread shares. With one for each thread, a line of code that is
/// first reached by a thread without one would be taken for one that nobody listens to, and stay silent for all.
fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_writer(|| Ear)
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_env_filter(EnvFilter::new(HEARD))
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("nobody else subscribes in tests");
        // For what was reached while it was being set.
        tracing::callsite::rebuild_interest_cache();
    });
}

/// Writes to the listener of this thread, if there is one.
struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TEXT.with_borrow_mut(|text| text.iter_mut().for_each(|text| text.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() {
        tracing::info!(target: "rollouts_kube", name = "a", "said  here");
        tracing::info!(target: "elsewhere", "not heard");
        tracing::debug!(target: "rollouts_controller", "not heard");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "it is about threads")]
    fn each_thread_hears_its_own() {
        // Reached first where nobody listens.
        log();
        let lines = Lines::listen();
        log();
        std::thread::spawn(log).join().expect("no panic");
        assert_eq!(lines.take(), ["INFO said here name=a"]);
        drop(lines);
        log();
        assert_eq!(Lines::listen().take(), Vec::<String>::new());
    }
}
