//! What is logged on this thread.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;

/// Lines from INFO upwards of the controller and its Kubernetes layer, while this lives.
pub struct Lines {
    text: Sink,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Begins to listen.
    pub fn listen() -> Lines {
        let text = Sink::default();
        let sink = text.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || sink.clone())
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_env_filter(EnvFilter::new("rollouts_kube=info,rollouts_controller=info"))
            .finish();
        Lines { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines since the last call.
    pub fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.text.0.lock().expect("no panic"));
        String::from_utf8(text).expect("text").lines().map(|line| line.trim().to_owned()).collect()
    }
}
