//! Why a command fails.

mod advice;

use rollouts_kube::{ConnectError, RequestError};
use std::io;

/// Why a command fails.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the reason given, which is printed behind `Error: `.
    Said(String),
    /// In a way that needs no words: whoever reads the output has gone, or the user wants to stop at once.
    Silent,
}

pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// For the reason that a request failed, given in its words.
    pub(crate) fn of_request(error: &str) -> Failure {
        Failure::Said(advice::with(error))
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::Said(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Failure::Said(message.into())
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        Failure::of_request(&error.to_string())
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        Failure::Said(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Failure::Silent } else { Failure::Said(error.to_string()) }
    }
}
