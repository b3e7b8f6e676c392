//! What a manual says about commands, taken from the same definitions as help.

use super::flag::Flag;
use super::{Command, Kind};

/// One command, for a manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Names from the root to the command.
    pub path: Vec<String>,
    /// One line.
    pub short: String,
    /// Paragraphs, with line breaks; lines that begin with two spaces are to be kept as they are. The short text where
    /// there is none.
    pub long: String,
    /// How it is called, the names of its path included.
    pub usage: String,
    /// Other names of the last part of the path.
    pub aliases: Vec<String>,
    /// Command lines with comments, indented by two spaces; may be empty.
    pub example: String,
    /// Its own flags, by name.
    pub flags: Vec<PageFlag>,
    /// Flags that it has from the commands above, by name.
    pub inherited: Vec<PageFlag>,
    /// Name and short text of the commands below, by name.
    pub below: Vec<(String, String)>,
}

/// A flag, for a manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFlag {
    /// The one-letter form.
    pub short: Option<char>,
    /// The long form, without dashes.
    pub name: String,
    /// What stands for the value; empty for switches.
    pub value: String,
    /// The default as it would be written in a command line, if it needs mention.
    pub default: Option<String>,
    /// What it does.
    pub text: String,
}

impl<A> Command<A> {
    /// Pages of the command and of all those below, from the root down. Deprecated flags are left out, as in help.
    pub fn pages(&self) -> Vec<Page> {
        let mut pages = Vec::new();
        self.collect_pages(&mut Vec::new(), &mut pages);
        pages
    }

    /// `names` lead from this command, the root, to the one whose pages are added.
    fn collect_pages(&self, names: &mut Vec<String>, pages: &mut Vec<Page>) {
        let found = self.find(names);
        let command = found.last();
        let flags = |flags: Vec<&Flag>| {
            let shown = flags.into_iter().filter(|flag| flag.deprecated.is_none());
            shown.map(|flag| page_flag(flag, command.name())).collect()
        };
        let long = if command.long.is_empty() { command.short } else { command.long };
        pages.push(Page {
            path: found.trail.iter().map(|c| c.name().to_owned()).collect(),
            short: command.short.into(),
            long: long.trim_end().into(),
            usage: found.usage_line(),
            aliases: command.aliases.iter().map(|&alias| alias.into()).collect(),
            example: command.example.trim_end().into(),
            flags: flags(found.own_flags()),
            inherited: flags(found.inherited_flags()),
            below: command.children.iter().map(|c| (c.name().to_owned(), c.short.to_owned())).collect(),
        });
        for child in &command.children {
            names.push(child.name().to_owned());
            self.collect_pages(names, pages);
            names.pop();
        }
    }
}

fn page_flag(flag: &Flag, command: &str) -> PageFlag {
    let text = match flag.usage {
        "" if flag.name == "help" => format!("help for {command}"),
        usage => usage.to_owned(),
    };
    let value = if flag.kind() == Kind::Bool { "" } else { flag.kind().word() };
    PageFlag {
        short: flag.short,
        name: flag.name.into(),
        value: value.into(),
        default: flag.default.as_default().map(|default| default.trim_matches('"').to_owned()),
        text,
    }
}
