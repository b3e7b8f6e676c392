//! The real controller against the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod analysis;
mod analysis_options;
mod connection;
mod election;
mod envelope;
mod experiment_steps;
mod experiments;
mod in_process;
mod jobs;
mod left_behind;
mod load_balancers;
mod objects;
mod old_rights;
mod permissions;
mod pod_metadata;
mod refusals;
mod router_kinds;
mod routers;
mod surroundings;
mod workloads;
mod world;
