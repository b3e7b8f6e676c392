//! Go's regular expressions. The `regex` crate is of the same family; what it reads differently is rewritten, and
//! what Go refuses is refused in Go's words.

use crate::error::{Error, Result};
use crate::limits::MAX_PATTERN;
use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Compiles `pattern` as Go would.
pub fn compile(pattern: &str) -> Result<Regex> {
    let mut writer = Writer { rest: pattern, out: String::new(), open: 0, classes: BTreeMap::new() };
    writer.all(pattern).map_err(|why| Error::new(format!("error parsing regexp: {why}")))?;
    let built = RegexBuilder::new(&writer.out).size_limit(MAX_PATTERN).nest_limit(250).build();
    built.map_err(|_| {
        // All else was looked at before: what Rust refuses is a class it does not know, or too much.
        let unknown = writer.classes.iter().find(|(_, written)| Regex::new(written).is_err());
        Error::new(match unknown {
            Some((class, _)) => format!("error parsing regexp: invalid character class range: `{class}`"),
            None => "error parsing regexp: expression too large".to_owned(),
        })
    })
}

/// Unicode classes that are looked at one by one when a pattern is refused.
const MAX_CLASSES: usize = 32;

/// Go's own bound of `{n}`.
const MAX_REPEAT: u32 = 1000;

struct Writer<'p> {
    rest: &'p str,
    out: String,
    /// Groups that are open.
    open: usize,
    /// Unicode classes and what was written for them.
    classes: BTreeMap<&'p str, String>,
}

fn because<T>(why: &str, part: &str) -> std::result::Result<T, String> {
    Err(format!("{why}: `{part}`"))
}

type Written = std::result::Result<(), String>;

impl<'p> Writer<'p> {
    fn take(&mut self, len: usize) -> &'p str {
        let (front, rest) = self.rest.split_at(len);
        self.rest = rest;
        front
    }

    fn all(&mut self, pattern: &'p str) -> Written {
        let mut nothing = true;
        while let Some(c) = self.rest.chars().next() {
            match c {
                '(' => {
                    self.group()?;
                    nothing = true;
                    continue;
                }
                ')' => {
                    if self.open == 0 {
                        return because("unexpected )", pattern);
                    }
                    self.open -= 1;
                    self.take(1);
                    self.out.push(')');
                }
                '|' => {
                    self.take(1);
                    self.out.push('|');
                    nothing = true;
                    continue;
                }
                '*' | '+' | '?' => self.repetition(1, nothing)?,
                '{' => match self.counted() {
                    Some(len) => self.repetition(len, nothing)?,
                    None => self.one(c),
                },
                '[' => self.class()?,
                '\\' => self.escape()?,
                '.' | '^' | '$' => {
                    self.take(1);
                    self.out.push(c);
                }
                c => self.one(c),
            }
            nothing = false;
        }
        if self.open > 0 { because("missing closing )", pattern) } else { Ok(()) }
    }

    /// The character `c` at the front, for itself.
    fn one(&mut self, c: char) {
        self.take(c.len_utf8());
        self.character(c);
    }

    fn character(&mut self, c: char) {
        write!(self.out, "\\x{{{:x}}}", c as u32).expect("writing to a String cannot fail");
    }

    /// `(`, `(?:`, `(?P<name>`, `(?i)`, `(?i:`.
    fn group(&mut self) -> Written {
        if !self.rest.starts_with("(?") {
            self.take(1);
            self.out.push('(');
            self.open += 1;
            return Ok(());
        }
        for start in ["(?P<", "(?<"] {
            let Some(named) = self.rest.strip_prefix(start).filter(|named| !named.is_empty()) else { continue };
            let Some(end) = named.find('>') else { return because("invalid named capture", self.rest) };
            let whole = self.take(start.len() + end + 1);
            let name = &named[..end];
            if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                return because("invalid named capture", whole);
            }
            // Names do not matter to a match, and Rust is stricter about them.
            self.out.push('(');
            self.open += 1;
            return Ok(());
        }
        let mut negated = false;
        let mut flags = false;
        for (at, c) in self.rest.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => flags = true,
                '-' if !negated => (negated, flags) = (true, false),
                ':' | ')' if !negated || flags => {
                    let group = self.take(at + 1);
                    self.out.push_str(group);
                    self.open += usize::from(c == ':');
                    return Ok(());
                }
                c => return because("invalid or unsupported Perl syntax", &self.rest[..at + c.len_utf8()]),
            }
        }
        because("invalid or unsupported Perl syntax", self.rest)
    }

    /// Length of `{n}`, `{n,}` or `{n,m}` at the front; none when it is no repetition.
    fn counted(&self) -> Option<usize> {
        let (counts, _) = self.rest.strip_prefix('{')?.split_once('}')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let counted = match counts.split_once(',') {
            None => digits(counts),
            Some((least, most)) => digits(least) && (most.is_empty() || digits(most)),
        };
        counted.then_some(counts.len() + 2)
    }

    /// A repetition of `len` bytes at the front.
    fn repetition(&mut self, len: usize, nothing: bool) -> Written {
        let start = self.rest;
        let operator = &start[..len];
        if nothing {
            return because("missing argument to repetition operator", operator);
        }
        if let Some(counts) = operator.strip_prefix('{') {
            let mut counts =
                counts.trim_end_matches('}').split(',').map(|n| if n.is_empty() { Ok(0) } else { n.parse::<u32>() });
            let least = counts.next().and_then(std::result::Result::ok).unwrap_or(MAX_REPEAT + 1);
            let most = counts.next().map_or(least, |n| n.unwrap_or(MAX_REPEAT + 1));
            let open_end = operator.ends_with(",}");
            if least > MAX_REPEAT || most > MAX_REPEAT || (least > most && !open_end) {
                return because("invalid repeat count", operator);
            }
        }
        let repeated = self.take(len);
        self.out.push_str(repeated);
        if self.rest.starts_with('?') {
            let lazy = self.take(1);
            self.out.push_str(lazy);
        }
        let again = if self.rest.starts_with(['*', '+', '?']) { Some(1) } else { self.counted() };
        if let Some(next) = again {
            let used = start.len() - self.rest.len();
            return because("invalid nested repetition operator", &start[..used + next]);
        }
        Ok(())
    }

    /// `[…]`.
    fn class(&mut self) -> Written {
        let whole = self.rest;
        self.take(1);
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.take(1);
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let Some(c) = self.rest.chars().next() else { return because("missing closing ]", whole) };
            if c == ']' && !first {
                self.take(1);
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest.find(":]")
            {
                let named = self.take(end + 2);
                if !POSIX.contains(&named[2..end].trim_start_matches('^')) {
                    return because("invalid character class range", named);
                }
                self.out.push_str(named);
                continue;
            }
            if self.unicode_class()? || self.perl_class() {
                continue;
            }
            let range = self.rest;
            let from = self.class_character(whole)?;
            let mut to = from;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
                self.take(1);
                to = self.class_character(whole)?;
            }
            if to < from {
                return because("invalid character class range", &range[..range.len() - self.rest.len()]);
            }
            self.character(from);
            if to != from {
                self.out.push('-');
                self.character(to);
            }
        }
    }

    fn class_character(&mut self, whole: &str) -> std::result::Result<char, String> {
        match self.rest.chars().next() {
            None => because("missing closing ]", whole),
            Some('\\') => self.escaped(),
            Some(c) => {
                self.take(c.len_utf8());
                Ok(c)
            }
        }
    }

    /// `\d` and its kin, which are ASCII in Go; true when there was one.
    fn perl_class(&mut self) -> bool {
        let Some(class) = self.rest.get(..2).and_then(|text| PERL.iter().find(|(name, _)| *name == text)) else {
            return false;
        };
        self.take(2);
        self.out.push_str(class.1);
        true
    }

    /// `\pL`, `\p{Greek}`, `\P{^Greek}`; true when there was one.
    fn unicode_class(&mut self) -> std::result::Result<bool, String> {
        let Some(name) = self.rest.strip_prefix("\\p").or_else(|| self.rest.strip_prefix("\\P")) else {
            return Ok(false);
        };
        let len = match name.chars().next() {
            None => return because("invalid character class range", self.rest),
            Some('{') => match name.find('}') {
                Some(end) => end + 1,
                None => return because("invalid character class range", self.rest),
            },
            Some(c) => c.len_utf8(),
        };
        let class = self.take(2 + len);
        let mut name = class[2..].trim_start_matches('{').trim_end_matches('}');
        let mut negated = class.starts_with("\\P");
        if let Some(rest) = name.strip_prefix('^') {
            (name, negated) = (rest, !negated);
        }
        let written = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
        if name.contains(['=', ':', '!']) {
            return because("invalid character class range", class);
        }
        self.out.push_str(&written);
        if self.classes.len() < MAX_CLASSES {
            self.classes.insert(class, written);
        }
        Ok(true)
    }

    /// `\…` outside of a class.
    fn escape(&mut self) -> Written {
        if self.perl_class() || self.unicode_class()? {
            return Ok(());
        }
        match self.rest.chars().nth(1) {
            Some('A') => self.instead("\\A"),
            Some('z') => self.instead("\\z"),
            Some('b') => self.instead("(?-u:\\b)"),
            Some('B') => self.instead("(?-u:\\B)"),
            Some('C') => return because("invalid escape sequence", "\\C"),
            Some('Q') => {
                self.take(2);
                let end = self.rest.find("\\E");
                let text = self.take(end.unwrap_or(self.rest.len()));
                self.take(if end.is_some() { 2 } else { 0 });
                for c in text.chars() {
                    self.character(c);
                }
            }
            _ => {
                let c = self.escaped()?;
                self.character(c);
            }
        }
        Ok(())
    }

    fn instead(&mut self, of: &str) {
        self.take(2);
        self.out.push_str(of);
    }

    /// The character that the escape at the front stands for.
    fn escaped(&mut self) -> std::result::Result<char, String> {
        let start = self.rest;
        self.take(1);
        let Some(c) = self.rest.chars().next() else {
            return because("trailing backslash at end of expression", "");
        };
        self.take(c.len_utf8());
        let simple = match c {
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        };
        if let Some(simple) = simple {
            return Ok(simple);
        }
        let code = match c {
            '0' => Some(self.run(2, 8)),
            // A single digit would be a back reference.
            '1'..='7' if self.rest.starts_with(|c: char| c.is_digit(8)) => Some(format!("{c}{}", self.run(2, 8))),
            'x' => Some(self.hexadecimal()),
            _ => None,
        };
        let radix = if c == 'x' { 16 } else { 8 };
        let code = code.and_then(|digits| match digits.as_str() {
            "" if c == '0' => Some(0),
            digits => u32::from_str_radix(digits, radix).ok(),
        });
        let used = start.len() - self.rest.len();
        code.and_then(char::from_u32).map_or_else(|| because("invalid escape sequence", &start[..used]), Ok)
    }

    fn run(&mut self, most: usize, radix: u32) -> String {
        let count = self.rest.chars().take(most).take_while(|c| c.is_digit(radix)).count();
        self.take(count).to_owned()
    }

    /// Behind `\x`: two digits, or any in braces.
    fn hexadecimal(&mut self) -> String {
        if self.rest.starts_with('{')
            && let Some(end) = self.rest.find('}')
        {
            return self.take(end + 1)[1..end].to_owned();
        }
        let digits = self.run(2, 16);
        if digits.len() == 2 { digits } else { String::new() }
    }
}

const PERL: &[(&str, &str)] = &[
    ("\\d", "[0-9]"),
    ("\\D", "[^0-9]"),
    ("\\s", "[\\t\\n\\f\\r ]"),
    ("\\S", "[^\\t\\n\\f\\r ]"),
    ("\\w", "[0-9A-Za-z_]"),
    ("\\W", "[^0-9A-Za-z_]"),
];

const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];
