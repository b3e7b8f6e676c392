//! What can go wrong.

use super::ready::READY_SECONDS_MAX;
use rollouts_kube::{ConnectError, RequestError};
use std::io;

/// Why a cluster did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Files or processes.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// Why it could not be done.
        source: io::Error,
    },
    /// No randomness for keys.
    #[error("cannot make certificates: {0}")]
    Certificates(#[from] rcgen::Error),
    /// A program ended.
    #[error("{program} ended with {status}:\n{log}")]
    Ended {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it printed.
        log: String,
    },
    /// It takes too long.
    #[error("{what} after {READY_SECONDS_MAX} s: {last}")]
    Late {
        /// What did not come.
        what: &'static str,
        /// What was seen instead.
        last: String,
    },
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The API server refused what it must not refuse.
    #[error("{what}: {source}")]
    Request {
        /// What was asked.
        what: String,
        /// The answer.
        source: RequestError,
    },
}

impl StartError {
    pub(super) fn io(what: &str, source: io::Error) -> StartError {
        StartError::Io { what: what.to_owned(), source }
    }
}
