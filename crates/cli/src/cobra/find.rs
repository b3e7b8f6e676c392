//! Which command the arguments name.

use super::command::Check;
use super::flag::Flag;
use super::help;
use super::{Command, Kind};

/// A command with its ancestors, and the arguments that are not command names.
pub(super) struct Found<'c, A> {
    /// From the root to the command.
    pub(super) trail: Vec<&'c Command<A>>,
    /// Arguments without the names of the trail.
    pub(super) rest: Vec<String>,
    /// `-h`, which every command has; its text names the command.
    help: Flag,
}

impl<A> Command<A> {
    /// Follows the names of commands among `args`. The value of a flag is no name, so flags may stand before names.
    pub(super) fn find(&self, args: &[String]) -> Found<'_, A> {
        let mut found = Found { trail: vec![self], rest: args.to_vec(), help: help::flag() };
        loop {
            let Some(position) = found.position_of_first_argument() else { return found };
            let Some(child) = found.last().below(&found.rest[position]) else { return found };
            found.rest.remove(position);
            found.trail.push(child);
        }
    }
}

impl<'c, A> Found<'c, A> {
    pub(super) fn last(&self) -> &'c Command<A> {
        self.trail.last().expect("a trail begins with the root")
    }

    pub(super) fn is_root(&self) -> bool {
        self.trail.len() == 1
    }

    /// The command; `None` if the root has commands and the first argument is none of them.
    pub(super) fn target(&self) -> Option<&'c Command<A>> {
        let command = self.last();
        let unknown = self.is_root()
            && !command.children.is_empty()
            && self.first_argument().is_some_and(|name| name != help::COMMAND);
        (!unknown).then_some(command)
    }

    /// Whether the root's `help` command is meant.
    pub(super) fn is_help(&self) -> bool {
        self.is_root() && !self.last().children.is_empty() && self.first_argument() == Some(help::COMMAND)
    }

    /// The first argument that is neither flag nor value of one.
    pub(super) fn first_argument(&self) -> Option<&str> {
        self.position_of_first_argument().map(|i| self.rest[i].as_str())
    }

    /// Where that stands.
    pub(super) fn position_of_first_argument(&self) -> Option<usize> {
        let flags = self.flags();
        let takes_none = |flag: Option<&&Flag>| flag.is_some_and(|f| f.kind() == Kind::Bool);
        let mut i = 0;
        while let Some(arg) = self.rest.get(i) {
            i += 1;
            if arg == "--" {
                return None;
            }
            let value_follows = match arg.strip_prefix("--") {
                _ if arg.contains('=') => false,
                Some(name) => !takes_none(flags.iter().find(|f| f.name == name)),
                None => match arg.strip_prefix('-').map(|letters| letters.chars().collect::<Vec<_>>()).as_deref() {
                    Some([letter]) => !takes_none(flags.iter().find(|f| f.short == Some(*letter))),
                    _ => false,
                },
            };
            if value_follows {
                i += 1;
            } else if !arg.is_empty() && !arg.starts_with('-') {
                return Some(i - 1);
            }
        }
        None
    }

    /// All flags in force: the command's own, then those of its ancestors that it does not hide.
    pub(super) fn flags(&self) -> Vec<&Flag> {
        let mut flags = self.own_flags();
        flags.extend(self.inherited_flags());
        flags
    }

    /// The command's own flags, by name.
    pub(super) fn own_flags(&self) -> Vec<&Flag> {
        let command = self.last();
        let mut flags: Vec<&Flag> = command.flags.iter().chain(&command.persistent).collect();
        if !flags.iter().any(|f| f.name == self.help.name) {
            flags.push(&self.help);
        }
        flags.sort_by_key(|f| f.name);
        flags
    }

    /// Flags of the ancestors, by name.
    pub(super) fn inherited_flags(&self) -> Vec<&Flag> {
        let own = self.own_flags();
        let mut flags: Vec<&Flag> = Vec::new();
        for command in self.trail.iter().rev().skip(1) {
            for flag in &command.persistent {
                if !own.iter().chain(&flags).any(|f| f.name == flag.name) {
                    flags.push(flag);
                }
            }
        }
        flags.sort_by_key(|f| f.name);
        flags
    }

    /// The check of the nearest command that has one.
    pub(super) fn check(&self) -> Option<Check> {
        self.trail.iter().rev().find_map(|c| c.check)
    }

    /// Names from the root to the command.
    pub(super) fn path(&self) -> String {
        self.trail.iter().map(|c| c.name()).collect::<Vec<_>>().join(" ")
    }
}
