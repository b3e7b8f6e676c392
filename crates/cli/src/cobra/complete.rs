//! Shell completion: scripts call the program back with `__complete` and the words typed so far, the last of them
//! unfinished, and get candidates, one a line, and a directive.

use super::find::Found;
use super::flag::Flag;
use super::{Arguments, Command, Kind, Matches, Outcome, Reply, Values, help, parse};

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
    /// The same, and more of the word follows: no space behind it.
    Unfinished,
    /// Never offer files, and leave the candidates in their order.
    InOrder,
    /// Offer directories.
    Directories,
}

impl Directive {
    /// The number that scripts know, and the names of its bits.
    fn code(self) -> (u8, &'static str) {
        match self {
            Directive::Default => (0, "ShellCompDirectiveDefault"),
            Directive::Error => (1, "ShellCompDirectiveError"),
            Directive::NoFiles => (4, "ShellCompDirectiveNoFileComp"),
            Directive::Unfinished => (6, "ShellCompDirectiveNoSpace, ShellCompDirectiveNoFileComp"),
            Directive::InOrder => (36, "ShellCompDirectiveNoFileComp, ShellCompDirectiveKeepOrder"),
            Directive::Directories => (16, "ShellCompDirectiveFilterDirs"),
        }
    }
}

/// A word that may be meant, with some words about it, which may be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is offered.
    pub word: String,
    /// What it is; shells that can show it do.
    pub about: String,
}

impl From<String> for Candidate {
    fn from(word: String) -> Self {
        Candidate { word, about: String::new() }
    }
}

impl From<&str> for Candidate {
    fn from(word: &str) -> Self {
        Candidate::from(word.to_owned())
    }
}

impl Candidate {
    /// A word with some words about it.
    pub fn new(word: impl Into<String>, about: impl Into<String>) -> Self {
        Candidate { word: word.into(), about: about.into() }
    }
}

/// Something to be completed that only the program knows.
#[derive(Debug)]
pub struct Completion<A> {
    /// The action of the command; a group has none.
    pub action: Option<A>,
    /// What of it.
    pub subject: Subject,
    /// Flags, and the arguments before it.
    pub matches: Matches,
    /// What was typed of it.
    pub prefix: String,
    descriptions: bool,
}

/// What is to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The next positional argument.
    Argument,
    /// The value of the flag of this name.
    Value(&'static str),
}

impl<A> Completion<A> {
    /// The answer to the shell: those of the candidates that begin with what was typed.
    pub fn reply(&self, candidates: &[Candidate], directive: Directive) -> Reply {
        let fitting = candidates.iter().filter(|c| c.word.starts_with(&self.prefix));
        reply(fitting.map(|c| (c.word.as_str(), c.about.as_str())), directive, self.descriptions)
    }
}

impl<A: Copy> Command<A> {
    pub(super) fn complete(&self, args: &[String], descriptions: bool) -> Outcome<A> {
        let Some((prefix, before)) = args.split_last() else {
            return Outcome::Reply(Reply::error("requires at least 1 arg(s), only received 0"));
        };
        let answer = |candidates: Vec<(String, &str)>, directive| {
            let candidates = candidates.iter().map(|(word, about)| (word.as_str(), *about));
            Outcome::Reply(reply(candidates, directive, descriptions))
        };
        let found = self.find(before);
        if found.is_help() {
            return answer(self.help_topics(before, prefix), Directive::NoFiles);
        }
        let Some(command) = found.target() else {
            return answer(Vec::new(), Directive::Error);
        };
        let value = found.value_wanted(prefix);
        let (prefix, rest) = value.map_or((prefix.as_str(), &found.rest[..]), |value| (value.prefix, value.rest));
        let Ok(parsed) = parse::parse(&found.flags(), rest) else {
            return answer(Vec::new(), Directive::Error);
        };
        let matches = parsed.matches;
        let ask = |subject, matches| {
            Outcome::Complete(Completion {
                action: command.action,
                subject,
                matches,
                prefix: prefix.to_owned(),
                descriptions,
            })
        };
        if let Some(value) = value {
            return match value.flag.values {
                Values::Files => answer(Vec::new(), Directive::Default),
                Values::Directories => answer(Vec::new(), Directive::Directories),
                Values::Words(words) => answer(fitting(words, prefix), Directive::NoFiles),
                Values::Asked => ask(Subject::Value(value.flag.name), matches),
                Values::Unknown => answer(Vec::new(), Directive::NoFiles),
            };
        }
        if prefix.starts_with('-') && !before.iter().any(|arg| arg == "--") {
            // A flag that is not known has no values.
            let offered = if prefix.contains('=') { Vec::new() } else { found.flags_to_offer(prefix, &matches) };
            let lines = offered.iter().map(|(form, text)| (form.as_str(), text.as_str()));
            return Outcome::Reply(reply(lines, Directive::NoFiles, descriptions));
        }
        if !command.children.is_empty() && matches.args().is_empty() {
            return answer(command.names_below(prefix, found.is_root()), Directive::NoFiles);
        }
        if let Arguments::OneOf(words) = command.arguments {
            let words = if matches.args().is_empty() { words } else { &[] };
            return answer(fitting(words, prefix), Directive::NoFiles);
        }
        if command.action.is_some() { ask(Subject::Argument, matches) } else { answer(Vec::new(), Directive::Default) }
    }

    fn help_topics(&self, before: &[String], prefix: &str) -> Vec<(String, &'static str)> {
        let words: Vec<String> = before.iter().filter(|word| *word != help::COMMAND).cloned().collect();
        let found = self.find(&words);
        if found.rest.is_empty() { found.last().names_below(prefix, false) } else { Vec::new() }
    }
}

fn fitting(words: &[&str], prefix: &str) -> Vec<(String, &'static str)> {
    words.iter().filter(|word| word.starts_with(prefix)).map(|word| ((*word).to_owned(), "")).collect()
}

/// A flag whose value is to be completed.
#[derive(Clone, Copy)]
struct Value<'f> {
    flag: &'f Flag,
    /// What was typed of the value.
    prefix: &'f str,
    /// Arguments before the flag.
    rest: &'f [String],
}

impl<A> Found<'_, A> {
    /// The flag whose value the last word, of which `prefix` was typed, is: behind its name and a space, or `=`.
    fn value_wanted<'f>(&'f self, prefix: &'f str) -> Option<Value<'f>> {
        if self.rest.iter().any(|arg| arg == "--") {
            return None;
        }
        if let Some((last, rest)) = self.rest.split_last()
            && !last.contains('=')
            && let Some(flag) = self.flag_named(last).filter(|flag| flag.kind() != Kind::Bool)
        {
            return Some(Value { flag, prefix, rest });
        }
        let (name, prefix) = prefix.split_once('=')?;
        let flag = self.flag_named(name)?;
        Some(Value { flag, prefix, rest: &self.rest })
    }

    /// The flag that `--name`, or the last letter of `-abc`, names.
    fn flag_named(&self, word: &str) -> Option<&Flag> {
        let mut flags = self.flags().into_iter();
        match (word.strip_prefix("--"), word.strip_prefix('-')) {
            (Some(name), _) => flags.find(|f| f.name == name),
            (None, Some(letters)) => flags.find(|f| f.short.is_some() && f.short == letters.chars().last()),
            (None, None) => None,
        }
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

fn reply<'a>(candidates: impl Iterator<Item = (&'a str, &'a str)>, directive: Directive, descriptions: bool) -> Reply {
    let mut stdout = String::new();
    for (candidate, description) in candidates {
        stdout.push_str(candidate);
        if descriptions && !description.is_empty() {
            // A candidate is one line.
            stdout.push('\t');
            stdout.push_str(description.lines().next().unwrap_or(""));
        }
        stdout.push('\n');
    }
    let (number, name) = directive.code();
    stdout.push_str(&format!(":{number}\n"));
    Reply { stdout, stderr: format!("Completion ended with directive: {name}\n"), code: 0 }
}
