//! The real controller against the embedded API server under virtual time: scenarios recorded and compared with what
//! the original did, and seeded runs under faults that must keep a list of invariants.

pub mod cluster;
pub mod compare;
pub mod election;
pub mod faults;
pub mod feed;
pub mod fuzz;
pub mod golden;
pub mod invariants;
pub mod lives;
pub mod metrics_source;
pub mod month;
pub mod recording;
pub mod requests;
pub mod run;
pub mod scenario;
pub mod trial;
pub mod virtual_time;
pub mod workload;
