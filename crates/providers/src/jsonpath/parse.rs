//! From text to steps.

use super::{Node, Slice};
use rollouts_expr::Value;

type Result<T> = std::result::Result<T, String>;

/// The steps of a whole template.
pub(super) fn parse(template: &str) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (text, inside) = match rest.find('{') {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        if !text.is_empty() {
            nodes.push(Node::Text(text.to_owned()));
        }
        let Some(inside) = inside else { break };
        let mut action = Action { rest: inside };
        nodes.push(Node::List(action.parse()?));
        rest = action.rest;
    }
    Ok(nodes)
}

/// The steps of `text` as if it stood in braces.
fn inner(text: &str) -> Result<Vec<Node>> {
    match parse(&format!("{{{text}}}"))?.into_iter().next() {
        Some(Node::List(nodes)) => Ok(nodes),
        _ => Ok(Vec::new()),
    }
}

/// What stands between braces, from the first character that is not parsed yet.
struct Action<'a> {
    rest: &'a str,
}

impl<'a> Action<'a> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Everything before the first character that `ends`.
    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Everything up to and with the closing brace.
    fn parse(&mut self) -> Result<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix("[?(") {
                self.rest = rest;
                nodes.push(self.filter()?);
                continue;
            }
            if let Some(rest) = self.rest.strip_prefix("..") {
                if nodes.last() == Some(&Node::Recursive) {
                    return Err("invalid multiple recursive descent".to_owned());
                }
                self.rest = rest;
                nodes.push(Node::Recursive);
                if self.rest.starts_with(is_word) {
                    nodes.push(self.field());
                }
                continue;
            }
            let before = self.rest;
            match self.next() {
                None | Some('\n' | '\r') => return Err("unclosed action".to_owned()),
                Some('}') => return Ok(nodes),
                Some(' ' | '@' | '$') => {}
                Some('[') => self.array(&mut nodes)?,
                Some(end @ ('"' | '\'')) => nodes.push(self.quoted(end)?),
                Some('.') => nodes.push(self.field()),
                Some('+' | '-' | '0'..='9') => {
                    self.rest = before;
                    nodes.push(self.number()?);
                }
                Some(c) if is_word(c) => {
                    self.rest = before;
                    nodes.push(match self.take_until(ends_word) {
                        "true" => Node::Literal(Value::Bool(true)),
                        "false" => Node::Literal(Value::Bool(false)),
                        word => Node::Identifier(word.to_owned()),
                    });
                }
                Some(c) => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
            }
        }
    }

    /// A name, in which `\` takes away the meaning of what follows.
    fn field(&mut self) -> Node {
        let mut name = String::new();
        loop {
            let before = self.rest;
            match self.next() {
                Some('\\') => name.extend(self.next()),
                Some(c) if !ends_word(c) => name.push(c),
                _ => {
                    self.rest = before;
                    return if name == "*" { Node::Wildcard } else { Node::Field(name) };
                }
            }
        }
    }

    fn number(&mut self) -> Result<Node> {
        let start = self.rest;
        self.rest = start.strip_prefix(['+', '-']).unwrap_or(start);
        self.take_until(|c| c != '.' && !c.is_ascii_digit());
        let text = &start[..start.len() - self.rest.len()];
        let int = text.parse().map(Value::Int).ok();
        let number =
            int.or_else(|| text.parse().map(Value::Float).ok().filter(|_| text.contains(|c: char| c.is_ascii_digit())));
        number.map(Node::Literal).ok_or_else(|| format!("cannot parse number {text}"))
    }

    /// What stands between `[` and the next `]`.
    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<()> {
        let text = self.take_until(|c| matches!(c, ']' | '\n' | '\r'));
        if self.next() != Some(']') {
            return Err("unterminated array".to_owned());
        }
        let text = if text == "*" { ":" } else { text };
        if text.contains(',') {
            let parts = text.split(',').map(|part| inner(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(parts.collect::<Result<_>>()?));
        } else if let Some(key) = key(text) {
            nodes.extend(inner(&format!(".{key}"))?);
        } else {
            nodes.push(Node::Array(slice(text)?));
        }
        Ok(())
    }

    fn quoted(&mut self, end: char) -> Result<Node> {
        let start = self.rest;
        let mut previous = end;
        loop {
            match self.next() {
                None | Some('\n' | '\r') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == end && previous != '\\' => break,
                Some(c) => previous = c,
            }
        }
        let text = &start[..start.len() - self.rest.len() - 1];
        unquote(text, end)
            .map(Node::Text)
            .ok_or_else(|| format!("unquote string {end}{text}{end} error invalid syntax"))
    }

    /// What stands between `[?(` and `)]`. A parenthesis in quotes ends nothing.
    fn filter(&mut self) -> Result<Node> {
        let start = self.rest;
        let (mut quote, mut closed, mut previous) = (None, false, '(');
        loop {
            match self.next() {
                None | Some('\n' | '\r') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => match quote {
                    None => quote = Some(c),
                    Some(open) => closed |= open == c && previous != '\\',
                },
                Some(')') if quote.is_some() == closed => break,
                Some(_) => {}
            }
            previous = start[..start.len() - self.rest.len()].chars().next_back().unwrap_or('(');
        }
        let text = &start[..start.len() - self.rest.len() - 1];
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        Ok(match comparison(text) {
            Some((left, operator, right)) => {
                Node::Filter { left: inner(left)?, right: inner(right)?, operator: operator.to_owned() }
            }
            None => Node::Filter { left: inner(text)?, right: Vec::new(), operator: "exists".to_owned() },
        })
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn ends_word(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

/// `key` of `'key'`.
fn key(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'').filter(|key| !key.contains('\''))
}

/// `left`, `op` and `right` of a comparison. The operator is as long as it can be while something is left behind it.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    let is_operator = |c: char| "!<>=".contains(c);
    let begin = text.find(is_operator).filter(|at| *at > 0)?;
    let run = text[begin..].find(|c| !is_operator(c)).unwrap_or(text.len() - begin);
    let end = if begin + run == text.len() { begin + run - 1 } else { begin + run };
    (end > begin).then(|| (&text[..begin], &text[begin..end], &text[end..]))
}

/// `[a:b:c]` without its brackets.
fn slice(text: &str) -> Result<Slice> {
    let parts: Vec<&str> = text.split(':').collect();
    let well_formed = |part: &&str| part.strip_prefix('-').unwrap_or(part).bytes().all(|b| b.is_ascii_digit());
    if parts.len() > 3 || !parts.iter().all(well_formed) {
        return Err(format!("invalid array index {text}"));
    }
    let number = |at: usize| match parts.get(at) {
        None | Some(&"") => Ok(None),
        Some(part) => part.parse().map(Some).map_err(|_| format!("array index {part} is not a number")),
    };
    let (start, end, step) = (number(0)?, number(1)?, number(2)?);
    let single = parts.len() == 1;
    let end = if single { Some(start.unwrap_or(0i64).saturating_add(1)) } else { end };
    Ok(Slice { start, end, single, step })
}

/// The text that the inside of a quoted string stands for.
fn unquote(text: &str, quote: char) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' => '\\',
            c if c == quote => c,
            'x' => hex(&mut chars, 2)?,
            'u' => hex(&mut chars, 4)?,
            'U' => hex(&mut chars, 8)?,
            _ => return None,
        });
    }
    Some(out)
}

fn hex(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let digits: String = chars.by_ref().take(digits).collect();
    u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)
}
