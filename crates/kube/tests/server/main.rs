//! The whole layer against an embedded API server: in this process under paused time, and over a real connection.

mod config_map;
mod embedded;
mod https;
