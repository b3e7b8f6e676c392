//! What an expression can fail with.

use crate::limits::MAX_MESSAGE;

/// Why an expression has no value: the bare message Go's expr gives, without line, column or snippet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
}

/// What everything in this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error that reads `message`, of which [`MAX_MESSAGE`] bytes are kept.
    pub fn new(message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        Error { message }
    }
}

/// `Err(Error)` with a formatted message.
macro_rules! fail {
    ($($arg:tt)*) => {
        Err($crate::error::Error::new(format!($($arg)*)))
    };
}
pub(crate) use fail;
