//! The plugin, run in this process.

mod command_line;
mod commands;
mod completion;
mod create;
mod errors;
mod follow;
mod lint;
mod notifications;
mod output;
mod reads;
mod support;
mod terminal;
