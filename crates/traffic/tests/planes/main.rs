//! What the evaluator says of objects, against what the data planes of the products do with them: real servers on
//! loopback, configured as the products configure them; skipped where these cannot be had.

mod backends;
mod client;
mod compare;
mod envoy;
mod gateway_api;
mod istio;
mod nginx;
mod targeting;
mod world;

/// Where it is set, a server that cannot be had is a failure.
const REQUIRED: &str = "ROLLOUTS_REQUIRE_DATA_PLANES";

/// What could be had, or a line that says why not.
fn or_skip<T>(found: Result<T, String>) -> Option<T> {
    rollouts_testing::servers::or_skip(found, "a real data plane", REQUIRED)
}
