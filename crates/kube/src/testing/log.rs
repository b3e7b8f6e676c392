//! What is logged on this thread, for tests that count it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// Lines from INFO upwards, while this lives.
pub(crate) struct Lines {
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

/// Begins to listen.
pub(crate) fn lines() -> Lines {
    let text = Sink::default();
    let sink = text.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || sink.clone())
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .finish();
    Lines { text, _guard: tracing::subscriber::set_default(subscriber) }
}

impl Lines {
    /// The lines so far: level, message, fields.
    pub(crate) fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.text.0.lock().expect("no panic"));
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "");
        String::from_utf8(text).expect("text").lines().map(words).collect()
    }
}
