//! From text to words.

use super::escape;
use super::token::{Kind, Token};
use crate::error::{Result, fail};

/// All words of `source`, the last of them [`Kind::Eof`].
pub fn words(source: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer { rest: source, words: Vec::new() };
    while lexer.word()? {}
    lexer.push(Kind::Eof, "");
    Ok(lexer.words)
}

/// Names that are operators.
const WORDS: &[&str] =
    &["in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else", "not"];

/// Signs of two characters; each begins with a sign of one.
const PAIRS: &[&str] = &["..", "?.", "??", "&&", "||", "**", "==", "!=", ">=", "<=", "::"];

struct Lexer<'s> {
    rest: &'s str,
    words: Vec<Token>,
}

impl<'s> Lexer<'s> {
    fn push(&mut self, kind: Kind, value: impl Into<String>) {
        self.words.push(Token { kind, value: value.into() });
    }

    /// Cuts `len` bytes off the front.
    fn take(&mut self, len: usize) -> &'s str {
        let (front, rest) = self.rest.split_at(len);
        self.rest = rest;
        front
    }

    /// Length of the run of characters at the front of `text` for which `of` holds.
    fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
        text.find(|c| !of(c)).unwrap_or(text.len())
    }

    /// Reads one word; false at the end.
    fn word(&mut self) -> Result<bool> {
        let Some(first) = self.rest.chars().next() else { return Ok(false) };
        let second = self.rest[first.len_utf8()..].chars().next();
        match first {
            c if c.is_whitespace() => {
                self.take(c.len_utf8());
            }
            '/' if second == Some('/') => {
                self.take(Self::run(self.rest, |c| c != '\n'));
            }
            '/' if second == Some('*') => match self.rest[2..].find("*/") {
                Some(end) => {
                    self.take(end + 4);
                }
                None => return fail!("unclosed comment"),
            },
            '"' | '\'' => self.text(first)?,
            'b' | 'B' if matches!(second, Some('"' | '\'')) => {
                self.take(1);
                let quoted = self.quoted(second.unwrap_or('"'))?;
                let bytes = escape::bytes(quoted)?;
                self.push(Kind::Bytes, bytes.iter().map(|b| format!("{b:02x}")).collect::<String>());
            }
            '`' => self.raw()?,
            '0'..='9' => self.number()?,
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number()?,
            '(' | ')' | '[' | ']' | '{' | '}' => {
                let bracket = self.take(1);
                self.push(Kind::Bracket, bracket);
            }
            '#' | ',' | '?' | '.' | '+' | '-' | '%' | '*' | '/' | '^' | ':' | '!' | '=' | '<' | '>' | '&' | '|'
            | ';' => {
                let pair = PAIRS.iter().any(|pair| self.rest.starts_with(pair));
                let sign = self.take(if pair { 2 } else { 1 });
                self.push(Kind::Operator, sign);
            }
            c if starts_name(c) => {
                let name = self.take(Self::run(self.rest, in_name));
                self.push(if WORDS.contains(&name) { Kind::Operator } else { Kind::Identifier }, name);
            }
            c => return fail!("unrecognized character: U+{:04X} '{c}'", c as u32),
        }
        Ok(true)
    }

    fn text(&mut self, quote: char) -> Result<()> {
        let quoted = self.quoted(quote)?;
        let text = escape::unescape(quoted)?;
        self.push(Kind::Text, text);
        Ok(())
    }

    /// What stands between the quotes at the front.
    fn quoted(&mut self, quote: char) -> Result<&'s str> {
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                '\n' if !escaped => return fail!("literal not terminated"),
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => return Ok(&self.take(at + 1)[1..at]),
                _ => {}
            }
        }
        fail!("literal not terminated")
    }

    /// A raw text: a doubled backtick is one.
    fn raw(&mut self) -> Result<()> {
        let mut text = String::new();
        self.take(1);
        loop {
            let Some(end) = self.rest.find('`') else { return fail!("literal not terminated") };
            text.push_str(&self.take(end + 1)[..end]);
            if !self.rest.starts_with('`') {
                break;
            }
            text.push_str(self.take(1));
        }
        self.push(Kind::Text, text);
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        let len = number_len(self.rest);
        if let Some(next) = self.rest[len..].chars().next().filter(|c| in_name(*c)) {
            return fail!("bad number syntax: {}", rollouts_api::field::quote(&self.rest[..len + next.len_utf8()]));
        }
        let number = self.take(len);
        self.push(Kind::Number, number);
        Ok(())
    }
}

/// How much of the front of `text` is one number. `1..3` are two and a range between them.
fn number_len(text: &str) -> usize {
    let digits = |text: &str| Lexer::run(text, |c| c.is_ascii_digit() || c == '_');
    if let Some(rest) = text.strip_prefix('.') {
        return 1 + number_len(rest);
    }
    if let Some(rest) = text.strip_prefix('0') {
        let radix = match rest.chars().next() {
            Some('x' | 'X') => 16,
            Some('o' | 'O') => 8,
            Some('b' | 'B') => 2,
            _ => 10,
        };
        if radix != 10 {
            return 2 + Lexer::run(&text[2..], |c| c.is_digit(radix) || c == '_');
        }
    }
    let mut len = digits(text);
    if text[len..].starts_with('.') && !text[len..].starts_with("..") {
        len += 1;
        len += digits(&text[len..]);
    }
    if text[len..].starts_with(['e', 'E']) {
        len += 1;
        if text[len..].starts_with(['+', '-']) {
            len += 1;
        }
        len += digits(&text[len..]);
    }
    len
}

/// What a name may begin with.
pub fn starts_name(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphabetic()
}

/// What a name may go on with.
pub fn in_name(c: char) -> bool {
    starts_name(c) || c.is_numeric()
}
