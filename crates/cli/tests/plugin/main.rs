//! The plugin, run in this process.

mod command_line;
mod commands;
mod follow;
mod lint;
mod support;
mod terminal;
