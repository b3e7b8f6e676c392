//! See Cargo.toml; described in docs/architecture.md.
