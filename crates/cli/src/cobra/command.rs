//! The tree of commands.

use super::{Flag, Matches};

/// Looks at the flags before a command runs; an error is printed.
pub(super) type Check = fn(&Matches) -> Result<(), String>;

/// One command, with those below it.
#[derive(Debug, Clone)]
pub struct Command<A> {
    usage: String,
    pub(super) aliases: &'static [&'static str],
    pub(super) short: &'static str,
    pub(super) long: &'static str,
    pub(super) example: &'static str,
    pub(super) flags: Vec<Flag>,
    pub(super) persistent: Vec<Flag>,
    pub(super) children: Vec<Command<A>>,
    pub(super) arguments: Arguments,
    pub(super) action: Option<A>,
    pub(super) flags_in_usage: bool,
    pub(super) check: Option<Check>,
    pub(super) required: Option<&'static str>,
}

/// Which positional arguments a command takes. A wrong number of them is answered with the command's usage and a line that
/// says what is wrong.
#[derive(Debug, Clone, Copy)]
pub enum Arguments {
    /// Any; more than are needed do no harm.
    Any,
    /// Just so many.
    Exactly(usize),
    /// So many or more.
    AtLeast(usize),
    /// Those that the function accepts.
    Accepted(fn(&[String]) -> bool),
    /// One of these words; anything else is an error with a message.
    OneOf(&'static [&'static str]),
    /// None suit: the command only groups others. Whatever it is given, it shows its usage as an error.
    Group,
    /// None suit: the command only groups others. Whatever it is given, it shows its help.
    Help,
    /// None suit: the command only groups others. Whatever it is given, it fails with this message.
    Refused(&'static str),
}

impl Arguments {
    pub(super) fn refusal(self, args: &[String], path: &str) -> Result<(), String> {
        if let Arguments::Refused(message) = self {
            return Err(message.into());
        }
        let Arguments::OneOf(words) = self else { return Ok(()) };
        let [word] = args else {
            return Err(format!("accepts 1 arg(s), received {}", args.len()));
        };
        if words.contains(&word.as_str()) { Ok(()) } else { Err(format!("invalid argument {word:?} for {path:?}")) }
    }

    pub(super) fn suit(self, args: &[String]) -> bool {
        match self {
            Arguments::Any | Arguments::OneOf(_) => true,
            Arguments::Exactly(n) => args.len() == n,
            Arguments::AtLeast(n) => args.len() >= n,
            Arguments::Accepted(accepts) => accepts(args),
            Arguments::Group | Arguments::Help | Arguments::Refused(_) => false,
        }
    }
}

impl<A> Command<A> {
    /// What is wrong with arguments that do not suit.
    pub(super) fn misuse(&self, args: &[String], path: &str) -> String {
        let wanted: Vec<&str> = self.usage.split(' ').skip(1).filter(|word| *word != "[flags]").collect();
        match (self.arguments, args.first(), args.get(wanted.len())) {
            (Arguments::Group, Some(unknown), _) => format!("unknown command {unknown:?} for {path:?}"),
            (Arguments::Group, None, _) => {
                let names: Vec<&str> = self.children.iter().map(Command::name).collect();
                // The usage lists them anyway.
                let few = if names.len() <= 3 { format!(": {}", names.join(" or ")) } else { String::new() };
                format!("a command is missing{few}")
            }
            (Arguments::Exactly(_) | Arguments::Accepted(_), _, Some(more)) => format!("unexpected argument {more:?}"),
            (Arguments::Accepted(_), _, None) if args.len() == wanted.len() => {
                format!("{} expected", wanted.join(" "))
            }
            _ => format!("{} is missing", wanted.get(args.len()..).unwrap_or_default().join(" ")),
        }
    }
}

impl<A> Command<A> {
    /// A command that only groups others. `usage` is the name, and what goes on the usage line behind it.
    pub fn group(usage: impl Into<String>, short: &'static str) -> Self {
        Command {
            usage: usage.into(),
            aliases: &[],
            short,
            long: "",
            example: "",
            flags: Vec::new(),
            persistent: Vec::new(),
            children: Vec::new(),
            arguments: Arguments::Group,
            action: None,
            flags_in_usage: true,
            check: None,
            required: None,
        }
    }

    /// A command that does something.
    pub fn new(usage: impl Into<String>, short: &'static str, arguments: Arguments, action: A) -> Self {
        Command { arguments, action: Some(action), ..Command::group(usage, short) }
    }

    /// Other names.
    #[must_use]
    pub fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The text that help begins with, instead of the short one.
    #[must_use]
    pub fn long(mut self, long: &'static str) -> Self {
        self.long = long;
        self
    }

    /// Examples, indented.
    #[must_use]
    pub fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// A flag of this command.
    #[must_use]
    pub fn flag(mut self, flag: Flag) -> Self {
        self.flags.push(flag);
        self
    }

    /// Flags of this command and of those below it. Below, a flag hides one of the same name from further up.
    #[must_use]
    pub fn persistent(mut self, flags: Vec<Flag>) -> Self {
        self.persistent.extend(flags);
        self
    }

    /// A command below this one.
    #[must_use]
    pub fn child(mut self, child: Command<A>) -> Self {
        self.children.push(child);
        self.children.sort_by(|a, b| a.name().cmp(b.name()));
        self
    }

    /// A group that shows its help, instead of its usage as an error.
    #[must_use]
    pub fn helpful(mut self) -> Self {
        self.arguments = Arguments::Help;
        self
    }

    /// A group that fails with `message`, instead of showing its usage.
    #[must_use]
    pub fn refusing(mut self, message: &'static str) -> Self {
        self.arguments = Arguments::Refused(message);
        self
    }

    /// Leaves `[flags]` out of the usage line.
    #[must_use]
    pub fn bare_usage(mut self) -> Self {
        self.flags_in_usage = false;
        self
    }

    /// Looks at the flags before this command, or one below it, runs; an error is printed. The nearest one up the
    /// tree alone is asked.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// A flag that must be given, with a value.
    #[must_use]
    pub fn required(mut self, flag: &'static str) -> Self {
        self.required = Some(flag);
        self
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.usage.split(' ').next().unwrap_or("")
    }

    /// What stands on the usage line behind the path of the parent.
    pub(super) fn usage_words(&self) -> &str {
        &self.usage
    }

    /// The command below with the name or alias.
    pub(super) fn below(&self, name: &str) -> Option<&Command<A>> {
        self.children.iter().find(|c| c.name() == name || c.aliases.contains(&name))
    }
}
