//! The plugin, run in this process.

mod command_line;
mod commands;
mod completion;
mod follow;
mod lint;
mod reads;
mod support;
mod terminal;
