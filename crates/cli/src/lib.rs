//! `kubectl argo rollouts`, as a library: every command with its output, its clock and its connection handed in, so
//! that it runs alike in a terminal and, under virtual time against an embedded API server, in a test.
//!
//! [`cobra`] is the grammar of the command line, for any program; the rest is this program. Each command has a file
//! in `commands` that declares it and runs it.

pub mod cobra;
mod commands;
mod completion;
mod context;
mod draw;
mod env;
mod failure;
mod globals;
mod manifest;
mod objects;
mod output;
mod pages;
mod patch;
mod pruned;
mod screen;
mod terminal;
mod tree;

pub use env::{BuildInfo, Connector, Env, Kubeconfig, LogLevel, Logging, Variables};
pub use globals::connect_options;
pub use screen::Size;
pub use terminal::run_on_terminal;

use cobra::{Outcome, Reply};
use context::Context;
use failure::Failure;

/// A page of the manual for each command. What depends on the user's home directory stands there as `$HOME`.
pub fn manual() -> Vec<cobra::Page> {
    tree::root(Some("$HOME")).pages()
}

/// Runs one command line, given without the program's own name, and returns the exit code: 0, or 1 after an error,
/// whose text is on standard error.
pub async fn run(args: &[String], mut env: Env<'_>) -> i32 {
    let root = tree::root(env.variables.home.as_deref());
    match root.dispatch(args) {
        Outcome::Reply(reply) => print(&reply, &mut env),
        Outcome::Run { action, matches, warnings } => {
            let mut context = Context::new(env, matches);
            let result = match context.warn(&warnings) {
                Ok(()) => commands::run(action, &mut context).await,
                Err(failure) => Err(failure),
            };
            match result {
                Ok(()) => 0,
                Err(Failure::Said(message)) => {
                    // When not even standard error takes the message, the exit code must do.
                    let _ = context.warn(&format!("Error: {message}\n"));
                    1
                }
                Err(Failure::Silent) => 1,
            }
        }
        Outcome::Complete(request) => {
            let reply = match completion::candidates(&request, &env).await {
                Ok((candidates, directive)) => request.reply(&candidates, directive),
                Err(_) => request.reply(&[], cobra::Directive::Error),
            };
            print(&reply, &mut env)
        }
    }
}

fn print(reply: &Reply, env: &mut Env<'_>) -> i32 {
    let printed = env.stdout.write_all(reply.stdout.as_bytes()).and_then(|()| env.stdout.flush());
    // When not even standard error takes the message, the exit code must do.
    let _ = env.stderr.write_all(reply.stderr.as_bytes());
    if printed.is_err() { 1 } else { reply.code }
}
