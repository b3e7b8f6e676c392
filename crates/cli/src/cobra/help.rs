//! Help and usage.

use super::find::Found;
use super::flag::Flag;
use super::{Command, Kind};

/// The command that shows help on others.
pub(super) const COMMAND: &str = "help";

/// Columns that names of commands take at least.
const NAME_COLUMNS: usize = 11;

/// The flag that every command has.
pub(super) fn flag() -> Flag {
    Flag::switch("help", "").short('h')
}

impl<A> Found<'_, A> {
    /// What the command does, and its usage.
    pub(super) fn help(&self) -> String {
        let command = self.last();
        let about = if command.long.is_empty() { command.short } else { command.long };
        format!("{}\n\n{}", about.trim_end(), self.usage())
    }

    /// How the command is called.
    pub(super) fn usage(&self) -> String {
        let command = self.last();
        let mut text = format!("Usage:\n  {}\n", self.usage_line());
        let section = |text: &mut String, title: &str, body: &str| {
            text.push_str(&format!("\n{title}:\n{body}\n"));
        };
        if !command.children.is_empty() {
            text.push_str(&format!("  {} [command]\n", self.path()));
        }
        if !command.aliases.is_empty() {
            section(&mut text, "Aliases", &format!("  {}, {}", command.name(), command.aliases.join(", ")));
        }
        if !command.example.is_empty() {
            section(&mut text, "Examples", command.example);
        }
        if !command.children.is_empty() {
            section(&mut text, "Available Commands", &self.commands());
        }
        section(&mut text, "Flags", &self.flag_lines(&self.own_flags()));
        let inherited = self.inherited_flags();
        if !inherited.is_empty() {
            section(&mut text, "Global Flags", &self.flag_lines(&inherited));
        }
        if !command.children.is_empty() {
            let path = self.path();
            text.push_str(&format!("\nUse \"{path} [command] --help\" for more information about a command.\n"));
        }
        text
    }

    pub(super) fn usage_line(&self) -> String {
        let command = self.last();
        let mut words: Vec<&str> = self.trail[..self.trail.len() - 1].iter().map(|c| c.name()).collect();
        words.push(command.usage_words());
        if command.flags_in_usage && !command.usage_words().contains("[flags]") {
            words.push("[flags]");
        }
        words.join(" ")
    }

    fn commands(&self) -> String {
        let mut lines: Vec<(&str, &str)> = self.last().children.iter().map(|c| (c.name(), c.short)).collect();
        if self.is_root() {
            lines.push((COMMAND, HELP_SHORT));
            lines.sort();
        }
        let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(NAME_COLUMNS);
        lines.iter().map(|(name, short)| format!("  {name:width$} {short}")).collect::<Vec<_>>().join("\n")
    }

    fn flag_lines(&self, flags: &[&Flag]) -> String {
        let shown: Vec<&&Flag> = flags.iter().filter(|f| f.deprecated.is_none()).collect();
        let left: Vec<String> = shown.iter().map(|f| left(f)).collect();
        let width = left.iter().map(String::len).max().unwrap_or(0);
        let lines = shown.iter().zip(left).map(|(flag, left)| format!("{left:width$}   {}", self.description(flag)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What the flag does, and its default.
    pub(super) fn description(&self, flag: &Flag) -> String {
        match flag.default.as_default() {
            _ if flag.name == "help" && flag.usage.is_empty() => format!("help for {}", self.last().name()),
            Some(default) => format!("{} (default {default})", flag.usage),
            None => flag.usage.to_string(),
        }
    }
}

/// Short text of [`COMMAND`].
pub(super) const HELP_SHORT: &str = "Help about any command";

fn left(flag: &Flag) -> String {
    let forms = match flag.short {
        Some(letter) => format!("  -{letter}, --{}", flag.name),
        None => format!("      --{}", flag.name),
    };
    match flag.kind() {
        Kind::Bool => forms,
        kind => format!("{forms} {}", kind.word()),
    }
}

impl<A> Command<A> {
    /// Names and descriptions of the commands below that begin with `prefix`.
    pub(super) fn names_below(&self, prefix: &str, is_root: bool) -> Vec<(String, &'static str)> {
        let mut names: Vec<_> = self.children.iter().map(|c| (c.name().to_string(), c.short)).collect();
        if is_root && !names.is_empty() {
            names.push((COMMAND.into(), HELP_SHORT));
            names.sort();
        }
        names.retain(|(name, _)| name.starts_with(prefix));
        names
    }
}
