//! Listens to what is logged on this thread for something that must not be.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::marker::PhantomData;
use std::sync::Once;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Whose lines.
const HEARD: &str = "rollouts_";

/// Lines that are remembered at most.
const LINES_MAX: usize = 5;

thread_local! {
    static LISTENING: RefCell<Option<Listening>> = const { RefCell::new(None) };
}

struct Listening {
    mark: &'static str,
    lines: Vec<String>,
}

/// Listens as long as it lives, unless the process has a subscriber of its own, which shows it all.
pub(super) struct Ears {
    /// It belongs to its thread.
    _here: PhantomData<*const ()>,
}

impl Ears {
    /// Begins to listen for lines with `mark` in them.
    pub fn listen(mark: &'static str) -> Self {
        // One for the whole process: lines of code that are reached first by a thread without one would stay silent. An
        // error means that there is another one already.
        static ONCE: Once = Once::new();
        ONCE.call_once(|| drop(tracing::subscriber::set_global_default(Ear)));
        LISTENING.set(Some(Listening { mark, lines: Vec::new() }));
        Ears { _here: PhantomData }
    }

    /// What was heard.
    pub fn heard(&self) -> Vec<String> {
        LISTENING.with_borrow(|listening| listening.as_ref().map(|l| l.lines.clone()).unwrap_or_default())
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        LISTENING.set(None);
    }
}

struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_ours = *metadata.level() <= Level::DEBUG && metadata.target().starts_with(HEARD);
        is_ours && LISTENING.with_borrow(Option::is_some)
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        match metadata.target().starts_with(HEARD) {
            true => tracing::subscriber::Interest::sometimes(),
            false => tracing::subscriber::Interest::never(),
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LISTENING.with_borrow_mut(|listening| {
            if let Some(Listening { mark, lines }) = listening
                && line.0.contains(*mark)
                && lines.len() < LINES_MAX
            {
                lines.push(format!("{} {}{}", event.metadata().level(), event.metadata().target(), line.0));
            }
        });
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// All fields of an event.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_what_is_marked() {
        let ears = Ears::listen("sesame");
        tracing::debug!(target: "rollouts_sim", field = "open sesame", "said");
        tracing::debug!(target: "rollouts_sim", "nothing");
        tracing::debug!(target: "elsewhere", "sesame");
        tracing::trace!(target: "rollouts_sim", "sesame");
        assert_eq!(ears.heard(), ["DEBUG rollouts_sim message=said field=\"open sesame\""]);
    }
}
