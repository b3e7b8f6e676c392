//! Shell completion: scripts call the program back with `__complete` and the words typed so far, the last of them
//! unfinished, and get candidates, one a line, and a directive.

use super::find::Found;
use super::flag::Flag;
use super::{Arguments, Command, Kind, Matches, Outcome, Reply, help, parse};

/// Hidden command that answers with descriptions.
pub(super) const WITH_DESCRIPTIONS: &str = "__complete";
/// Hidden command that answers without.
pub(super) const WITHOUT_DESCRIPTIONS: &str = "__completeNoDesc";

/// What the shell is to do with the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directive {
    /// Offer files when there are none.
    Default,
    /// Something went wrong; offer nothing.
    Error,
    /// Never offer files.
    NoFiles,
}

/// A positional argument to be completed.
#[derive(Debug)]
pub struct Completion<A> {
    /// The action of its command.
    pub action: A,
    /// Flags, and the arguments before it.
    pub matches: Matches,
    /// What was typed of it.
    pub prefix: String,
    descriptions: bool,
}

impl<A> Completion<A> {
    /// The answer to the shell.
    pub fn reply(&self, candidates: &[String], directive: Directive) -> Reply {
        let candidates = candidates.iter().map(|c| (c.clone(), ""));
        reply(candidates, directive, self.descriptions)
    }
}

impl<A: Copy> Command<A> {
    pub(super) fn complete(&self, args: &[String], descriptions: bool) -> Outcome<A> {
        let Some((prefix, before)) = args.split_last() else {
            return Outcome::Reply(Reply::error("requires at least 1 arg(s), only received 0"));
        };
        let answer = |candidates: Vec<(String, &str)>, directive| {
            Outcome::Reply(reply(candidates.into_iter(), directive, descriptions))
        };
        let found = self.find(before);
        if found.is_help() {
            return answer(self.help_topics(before, prefix), Directive::NoFiles);
        }
        let Some(command) = found.target() else {
            return answer(Vec::new(), Directive::Error);
        };
        if found.expects_value() {
            return answer(Vec::new(), Directive::Default);
        }
        let Ok(parsed) = parse::parse(&found.flags(), &found.rest) else {
            return answer(Vec::new(), Directive::Error);
        };
        let matches = parsed.matches;
        if prefix.starts_with('-') && !before.iter().any(|arg| arg == "--") {
            let value = prefix.contains('=');
            let candidates = if value { Vec::new() } else { found.flags_to_offer(prefix, &matches) };
            let lines = candidates.iter().map(|(form, text)| (form.clone(), text.as_str()));
            let directive = if value { Directive::Default } else { Directive::NoFiles };
            return Outcome::Reply(reply(lines, directive, descriptions));
        }
        if !command.children.is_empty() && matches.args().is_empty() {
            return answer(command.names_below(prefix, found.is_root()), Directive::NoFiles);
        }
        if let Arguments::OneOf(words) = command.arguments {
            let fitting = words.iter().filter(|w| w.starts_with(prefix.as_str()) && matches.args().is_empty());
            return answer(fitting.map(|w| ((*w).to_string(), "")).collect(), Directive::NoFiles);
        }
        match command.action {
            Some(action) => Outcome::Complete(Completion { action, matches, prefix: prefix.clone(), descriptions }),
            None => answer(Vec::new(), Directive::Default),
        }
    }

    fn help_topics(&self, before: &[String], prefix: &str) -> Vec<(String, &'static str)> {
        let words: Vec<String> = before.iter().filter(|word| *word != help::COMMAND).cloned().collect();
        let found = self.find(&words);
        if found.rest.is_empty() { found.last().names_below(prefix, false) } else { Vec::new() }
    }
}

impl<A> Found<'_, A> {
    /// Whether the last argument is a flag whose value comes next.
    fn expects_value(&self) -> bool {
        let Some(last) = self.rest.last().filter(|arg| !arg.contains('=')) else { return false };
        let flags = self.flags();
        let flag = match (last.strip_prefix("--"), last.strip_prefix('-')) {
            (Some(name), _) => flags.iter().find(|f| f.name == name),
            (None, Some(letters)) => flags.iter().find(|f| f.short.is_some() && f.short == letters.chars().last()),
            (None, None) => None,
        };
        flag.is_some_and(|f| f.kind() != Kind::Bool)
    }

    fn flags_to_offer(&self, prefix: &str, matches: &Matches) -> Vec<(String, String)> {
        let mut offered = Vec::new();
        let open = |f: &&Flag| f.deprecated.is_none() && (f.kind() == Kind::List || !matches.changed(f.name));
        for flag in self.flags().into_iter().filter(open) {
            let forms = [Some(format!("--{}", flag.name)), flag.short.map(|letter| format!("-{letter}"))];
            for form in forms.into_iter().flatten().filter(|form| form.starts_with(prefix)) {
                offered.push((form, self.usage_of(flag)));
            }
        }
        offered
    }

    fn usage_of(&self, flag: &Flag) -> String {
        if flag.usage.is_empty() { self.description(flag) } else { flag.usage.to_string() }
    }
}

fn reply<'a>(candidates: impl Iterator<Item = (String, &'a str)>, directive: Directive, descriptions: bool) -> Reply {
    let mut stdout = String::new();
    for (candidate, description) in candidates {
        stdout.push_str(&candidate);
        if descriptions && !description.is_empty() {
            // A candidate is one line.
            stdout.push('\t');
            stdout.push_str(description.lines().next().unwrap_or(""));
        }
        stdout.push('\n');
    }
    let (number, name) = match directive {
        Directive::Default => (0, "ShellCompDirectiveDefault"),
        Directive::Error => (1, "ShellCompDirectiveError"),
        Directive::NoFiles => (4, "ShellCompDirectiveNoFileComp"),
    };
    stdout.push_str(&format!(":{number}\n"));
    Reply { stdout, stderr: format!("Completion ended with directive: {name}\n"), code: 0 }
}
