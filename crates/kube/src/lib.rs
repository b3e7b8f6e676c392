//! The Kubernetes layer: the only crate that knows how an API server is reached, listed, watched and written to.
//!
//! Everything in it lives on tokio's time and on values handed in, and talks to a [`kube::Client`], so that it runs
//! alike against a cluster and, in one process under paused time, against an embedded API server.

pub mod backoff;
pub mod cache;
pub mod client;
pub mod clock;
pub mod error;
pub mod events;
pub mod key;
pub mod lease;
pub mod patch;
pub mod queue;
pub mod resource;
pub mod rest;
mod signal;
pub mod troubles;
pub mod version;
pub mod writes;

pub use cache::Cache;
pub use client::{
    ConnectError, ConnectOptions, KubeconfigEntries, Throttle, connect, connect_in_cluster, from_service,
    kubeconfig_entries,
};
pub use clock::{system_clock, tokio_clock};
pub use error::RequestError;
pub use events::{EventType, ObjectReference, Recorder};
pub use key::Key;
pub use queue::Queue;
pub use resource::Resource;
pub use rest::Rest;
pub use troubles::Troubles;
pub use writes::OwnWrites;

#[cfg(test)]
mod testing;
