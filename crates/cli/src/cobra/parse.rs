//! The grammar of flags: `--name=value`, `--name value`, `-n value`, `-nvalue`, `-n=value`, `-ab`, and `--`.

use super::Kind;
use super::flag::Flag;
use super::matches::Matches;
use super::value::Value;

/// Arguments taken apart.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) matches: Matches,
    /// A line for each use of a deprecated flag.
    pub(super) warnings: String,
}

/// Why they cannot be.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    /// The name of the long flag that there is not, if that is why.
    pub(super) unknown_flag: Option<String>,
    pub(super) warnings: String,
}

/// Takes arguments apart by the flags of a command. Flags and positional arguments may be mixed.
pub(super) fn parse(flags: &[&Flag], args: &[String]) -> Result<Parsed, Failure> {
    let mut parser = Parser::new(flags);
    match parser.run(args) {
        Ok(()) => Ok(Parsed { matches: parser.matches, warnings: parser.warnings }),
        Err(message) => Err(Failure { message, unknown_flag: parser.unknown_flag, warnings: parser.warnings }),
    }
}

struct Parser<'f> {
    flags: &'f [&'f Flag],
    matches: Matches,
    warnings: String,
    unknown_flag: Option<String>,
}

impl<'f> Parser<'f> {
    fn new(flags: &'f [&'f Flag]) -> Self {
        let values = flags.iter().map(|f| (f.name, f.default.clone())).collect();
        let matches = Matches { values, ..Matches::default() };
        Parser { flags, matches, warnings: String::new(), unknown_flag: None }
    }

    fn run(&mut self, args: &[String]) -> Result<(), String> {
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                self.matches.args.extend(rest.cloned());
                return Ok(());
            }
            if let Some(long) = arg.strip_prefix("--") {
                self.long(arg, long, &mut rest)?;
            } else if arg.len() > 1 && arg.starts_with('-') {
                self.letters(&arg[1..], &mut rest)?;
            } else {
                self.matches.args.push(arg.clone());
            }
        }
        Ok(())
    }

    fn long<'a>(&mut self, arg: &str, long: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), String> {
        if long.starts_with(['-', '=']) {
            return Err(format!("bad flag syntax: {arg}"));
        }
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let Some(flag) = self.flags.iter().find(|f| f.name == name) else {
            self.unknown_flag = Some(name.to_owned());
            return Err(format!("unknown flag: --{name}"));
        };
        let value = match (value, flag.kind()) {
            (Some(value), _) => value,
            (None, Kind::Bool) => "true",
            (None, _) => rest.next().ok_or_else(|| format!("flag needs an argument: {arg}"))?,
        };
        self.set(flag, value)
    }

    /// One or more one-letter flags; the value of the last may follow at once.
    fn letters<'a>(&mut self, letters: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), String> {
        let mut letters = letters;
        while let Some(letter) = letters.chars().next() {
            let tail = &letters[letter.len_utf8()..];
            let by_letter = self.flags.iter().find(|f| f.short == Some(letter));
            let flag = by_letter.ok_or_else(|| format!("unknown shorthand flag: {letter:?} in -{letters}"))?;
            // A lone `=` at the end is a value, as in pflag.
            if let Some(value) = tail.strip_prefix('=').filter(|value| !value.is_empty()) {
                return self.set(flag, value);
            }
            if flag.kind() == Kind::Bool {
                self.set(flag, "true")?;
                letters = tail;
                continue;
            }
            let value = match tail {
                "" => rest.next().ok_or_else(|| format!("flag needs an argument: {letter:?} in -{letters}"))?,
                value => value,
            };
            return self.set(flag, value);
        }
        Ok(())
    }

    fn set(&mut self, flag: &Flag, text: &str) -> Result<(), String> {
        let value = Value::read(flag.kind(), text)
            .map_err(|problem| format!("invalid argument {text:?} for {:?} flag: {problem}", flag.both_forms()))?;
        let first = self.matches.changed.insert(flag.name);
        match (self.matches.values.get_mut(flag.name), value) {
            (Some(Value::List(list)), Value::List(more)) if !first => list.extend(more),
            (_, value) => drop(self.matches.values.insert(flag.name, value)),
        }
        if let Some(advice) = flag.deprecated {
            self.warnings.push_str(&format!("Flag --{} has been deprecated, {advice}\n", flag.name));
        }
        Ok(())
    }
}
