//! How Go reads and prints values.

pub mod json;
pub mod layout;
pub mod pow;
pub mod print;
pub mod regexp;
pub mod strconv;
