//! The language of Traefik's rules, as versions 2 and 3 have it: calls of matchers with `&&`, `||`, `!` and parentheses.

use super::Request;
use super::texts::part_matches;
use std::iter::Peekable;
use std::str::Chars;

/// Whether the rule holds. One that cannot be read does not.
pub fn holds(rule: &str, request: &Request) -> bool {
    let mut parser = Parser { rest: rule.chars().peekable(), request };
    parser.any().filter(|_| parser.is_at_end()).unwrap_or(false)
}

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    request: &'a Request,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.peek().is_none()
    }

    fn takes(&mut self, c: char) -> bool {
        self.skip_blanks();
        self.rest.next_if_eq(&c).is_some()
    }

    fn takes_twice(&mut self, c: char) -> Option<bool> {
        match self.takes(c) {
            true => self.rest.next_if_eq(&c).map(|_| true),
            false => Some(false),
        }
    }

    fn any(&mut self) -> Option<bool> {
        let mut result = self.all()?;
        while self.takes_twice('|')? {
            // Both sides must be read.
            result |= self.all()?;
        }
        Some(result)
    }

    fn all(&mut self) -> Option<bool> {
        let mut result = self.one()?;
        while self.takes_twice('&')? {
            result &= self.one()?;
        }
        Some(result)
    }

    fn one(&mut self) -> Option<bool> {
        if self.takes('!') {
            return self.one().map(|holds| !holds);
        }
        if self.takes('(') {
            let inner = self.any()?;
            return self.takes(')').then_some(inner);
        }
        self.call()
    }

    fn call(&mut self) -> Option<bool> {
        self.skip_blanks();
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(char::is_ascii_alphanumeric) {
            name.push(c);
        }
        if !self.takes('(') {
            return None;
        }
        let mut arguments = Vec::new();
        while !self.takes(')') {
            if !arguments.is_empty() && !self.takes(',') {
                return None;
            }
            arguments.push(self.text()?);
        }
        matcher(&name, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), self.request)
    }

    /// Between backquotes everything is as it stands; between double quotes a backslash means something.
    fn text(&mut self) -> Option<String> {
        self.skip_blanks();
        let quote = self.rest.next().filter(|c| ['`', '"'].contains(c))?;
        let mut text = String::new();
        loop {
            match self.rest.next()? {
                c if c == quote => return Some(text),
                '\\' if quote == '"' => text.push(self.rest.next()?),
                c => text.push(c),
            }
        }
    }
}

fn matcher(name: &str, arguments: &[&str], request: &Request) -> Option<bool> {
    let header = |name: &str, found: &dyn Fn(&str) -> bool| request.header(name).is_some_and(|value| found(&value));
    let mut parameters = request.query.iter();
    Some(match (name, arguments) {
        ("Host", hosts) => hosts.iter().any(|host| host.eq_ignore_ascii_case(&request.host)),
        ("HostRegexp", hosts) => hosts.iter().any(|regex| part_matches(regex, &request.host)),
        ("Path", paths) => paths.contains(&request.path.as_str()),
        ("PathPrefix", paths) => paths.iter().any(|path| request.path.starts_with(path)),
        ("PathRegexp", paths) => paths.iter().any(|regex| part_matches(regex, &request.path)),
        ("Method", methods) => methods.iter().any(|method| method.eq_ignore_ascii_case(&request.method)),
        ("Header" | "Headers", [name, value]) => header(name, &|found| found == *value),
        ("HeaderRegexp" | "HeadersRegexp", [name, regex]) => header(name, &|found| part_matches(regex, found)),
        ("Query", [name, value]) if !name.contains('=') => parameters.any(|(n, v)| n == name && v == value),
        // `name=value`, as version 2 has it.
        ("Query", all) => all.iter().all(|one| {
            let (name, value) = one.split_once('=').unwrap_or((one, ""));
            request.query.iter().any(|(n, v)| n == name && (v == value || value.is_empty()))
        }),
        ("QueryRegexp", [name, regex]) => parameters.any(|(n, v)| n == name && part_matches(regex, v)),
        _ => return None,
    })
}
