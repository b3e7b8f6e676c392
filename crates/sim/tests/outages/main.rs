//! Disasters in the middle of many updates.

mod leases;
#[path = "../support/mod.rs"]
mod support;
mod twins;
mod weather;
mod world;
