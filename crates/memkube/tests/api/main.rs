//! The server as its clients see it: requests straight into the service, under paused time.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod access;
mod custom;
mod objects;
mod support;
mod watches;
