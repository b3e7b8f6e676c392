//! What the tests of several crates need. It knows none of them, so that each of them may use it.

mod log;
pub mod servers;

pub use log::Lines;
