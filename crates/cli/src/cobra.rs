//! A command line in the manner of Go's cobra and pflag: the same grammar, the same help layout, the same words when
//! something is wrong, and the same protocol for shell completion, so that scripts and habits carry over.
//!
//! A program is a tree of [`Command`]s; `A` is what the program calls its actions. [`Command::dispatch`] is pure: it
//! turns arguments into either a [`Reply`] to print, an action to run with its [`Matches`], or a completion that only
//! the program can answer.

mod command;
mod complete;
mod find;
mod flag;
mod help;
mod matches;
mod page;
mod parse;
mod suggest;
mod value;

pub use command::{Arguments, Command};
pub use complete::{Candidate, Completion, Directive, Subject};
pub use flag::{Flag, Kind, Values};
pub use matches::Matches;
pub use page::{Page, PageFlag};

/// What to print, and the exit code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// Exit code.
    pub code: i32,
}

impl Reply {
    fn ok(stdout: String) -> Reply {
        Reply { stdout, ..Reply::default() }
    }

    fn error(message: &str) -> Reply {
        Reply { stderr: format!("Error: {message}\n"), code: 1, ..Reply::default() }
    }
}

/// What the arguments ask for.
#[derive(Debug)]
pub enum Outcome<A> {
    /// Nothing but words.
    Reply(Reply),
    /// An action.
    Run {
        /// Which.
        action: A,
        /// Flags and arguments.
        matches: Matches,
        /// Warnings for standard error, to be printed before anything else.
        warnings: String,
    },
    /// Completion of what only the program knows.
    Complete(Completion<A>),
}

impl<A: Copy> Command<A> {
    /// Takes the arguments, without the program's own name, apart.
    pub fn dispatch(&self, args: &[String]) -> Outcome<A> {
        let found = self.find(args);
        let hidden = found.position_of_first_argument().filter(|_| found.is_root());
        let descriptions = match hidden.map(|at| args[at].as_str()) {
            Some(complete::WITH_DESCRIPTIONS) => true,
            Some(complete::WITHOUT_DESCRIPTIONS) => false,
            _ => return self.execute(args),
        };
        // Flags may stand before it: they belong to the words typed so far.
        let words = args.iter().enumerate().filter(|(i, _)| Some(*i) != hidden).map(|(_, word)| word.clone());
        self.complete(&words.collect::<Vec<_>>(), descriptions)
    }

    fn execute(&self, args: &[String]) -> Outcome<A> {
        let found = self.find(args);
        let Some(command) = found.target() else {
            return Outcome::Reply(self.unknown_command(found.first_argument().unwrap_or("")));
        };
        if found.is_help() {
            return Outcome::Reply(self.help_on(&found.rest));
        }
        let parsed = match parse::parse(&found.flags(), &found.rest) {
            Ok(parsed) => parsed,
            Err(failure) => {
                let mut reply = Reply::error(&failure.message);
                reply.stderr.insert_str(0, &failure.warnings);
                let similar =
                    failure.unknown_flag.map(|name| suggest::flags(&name, &found.flags())).unwrap_or_default();
                if !similar.is_empty() {
                    reply.stderr.push_str(&format!("{similar}Run '{} --help' for usage.\n", found.path()));
                }
                return Outcome::Reply(reply);
            }
        };
        let warn = |mut reply: Reply| {
            reply.stderr.insert_str(0, &parsed.warnings);
            Outcome::Reply(reply)
        };
        if parsed.matches.bool("help") || matches!(command.arguments, Arguments::Help) {
            return warn(Reply::ok(found.help()));
        }
        if let Err(message) = command.arguments.refusal(parsed.matches.args(), &found.path()) {
            return warn(Reply::error(&message));
        }
        if let Some(Err(message)) = found.check().map(|check| check(&parsed.matches)) {
            return warn(Reply::error(&message));
        }
        let args = parsed.matches.args();
        let Some(action) = command.action.filter(|_| command.arguments.suit(args)) else {
            let mut reply = found.misused(&command.misuse(args, &found.path()));
            if let (Arguments::Group, Some(typed)) = (command.arguments, args.first()) {
                reply.stderr.push_str(suggest::text(typed, command).strip_suffix('\n').unwrap_or_default());
            }
            return warn(reply);
        };
        match command.required.filter(|flag| parsed.matches.is_empty(flag)) {
            Some(flag) => warn(found.misused(&format!("--{flag} is missing"))),
            None => Outcome::Run { action, matches: parsed.matches, warnings: parsed.warnings },
        }
    }

    fn unknown_command(&self, name: &str) -> Reply {
        let mut reply = Reply::error(&format!("unknown command {name:?} for {:?}", self.name()));
        reply.stderr.push_str(&suggest::text(name, self));
        reply.stderr.push_str(&format!("Run '{} --help' for usage.\n", self.name()));
        reply
    }

    /// `args` are those of the `help` command, its own name among them.
    fn help_on(&self, args: &[String]) -> Reply {
        let behind = args.iter().skip_while(|word| *word != help::COMMAND).skip(1);
        let words: Vec<String> = behind.filter(|word| !word.starts_with('-')).cloned().collect();
        let found = self.find(&words);
        match found.target() {
            Some(_) if found.rest.is_empty() || !found.is_root() => Reply::ok(found.help()),
            _ => {
                let topic = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" ");
                let usage = self.find(&[]).usage();
                Reply { stderr: format!("Unknown help topic [{topic}]\n{usage}"), ..Reply::default() }
            }
        }
    }
}

impl<A> find::Found<'_, A> {
    /// How the command is called, and last, where it is seen, what was wrong.
    fn misused(&self, message: &str) -> Reply {
        Reply { stderr: format!("{}\nError: {message}\n", self.usage()), code: 1, ..Reply::default() }
    }
}

#[cfg(test)]
mod tests;
