//! The roles a ReplicaSet plays in a Rollout.

use crate::icon::Colour;
use std::fmt;

/// A role, in the order in which roles are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// New version of a canary.
    Canary,
    /// The version to return to.
    Stable,
    /// Behind the active service.
    Active,
    /// Behind the preview service only.
    Preview,
    /// Behind the ping service.
    Ping,
    /// Behind the pong service.
    Pong,
    /// Of the named template of an Experiment.
    Experiment(String),
}

impl Tag {
    /// The colour that goes with it.
    pub fn colour(&self) -> Colour {
        match self {
            Tag::Canary => Colour::Yellow,
            Tag::Stable | Tag::Active => Colour::Green,
            Tag::Preview | Tag::Ping | Tag::Pong => Colour::Blue,
            Tag::Experiment(_) => Colour::Plain,
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tag::Canary => f.write_str("canary"),
            Tag::Stable => f.write_str("stable"),
            Tag::Active => f.write_str("active"),
            Tag::Preview => f.write_str("preview"),
            Tag::Ping => f.write_str("ping"),
            Tag::Pong => f.write_str("pong"),
            Tag::Experiment(template) => write!(f, "Σ:{template}"),
        }
    }
}
