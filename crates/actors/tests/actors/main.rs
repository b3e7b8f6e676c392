//! The actors against the embedded API server, under paused time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod cluster;
mod deployments;
mod faults;
mod jobs;
mod pods;
mod replicasets;
mod support;
