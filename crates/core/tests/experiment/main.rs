//! Experiments from their creation to their end, in a world of their own (analysis.md §6).

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod analyses;
mod endings;
mod laws;
mod services;
mod taken;
mod templates;
mod world;
