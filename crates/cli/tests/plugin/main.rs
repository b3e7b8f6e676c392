//! The plugin, run in this process.

mod command_line;
mod commands;
mod follow;
mod support;
mod terminal;
