//! The whole layer against an embedded API server: in this process under paused time, and over a real connection.

mod client_certificate;
mod config_map;
mod credentials;
mod embedded;
mod https;
