//! Regular expressions of what has no other words, in what RE2 and PCRE have in common. They say where they begin and end:
//! some proxies compare the whole value, some look for a part that matches.

use crate::Pattern;

/// Cookies of one block: each order of them is an alternative of its own.
pub const MAX_COOKIES: usize = 3;

/// The same as the pattern.
pub fn of(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Exact(text) => format!("^{}$", escaped(text)),
        Pattern::Prefix(text) => format!("^{}.*", escaped(text)),
        Pattern::Regex(regex) => format!("^(?:{regex})$"),
    }
}

/// Matches just this text.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What the whole header `Cookie` looks like when it has these cookies, in any order and among others.
pub fn cookies(cookies: &[(String, Pattern)]) -> String {
    let cookies: Vec<String> = cookies.iter().map(|(name, pattern)| cookie(name, pattern)).collect();
    let orders: Vec<String> = orders(&cookies).iter().map(|order| order.join(" *;(?:.*;)? *")).collect();
    let inner = match orders.as_slice() {
        [one] => one.clone(),
        several => format!("(?:{})", several.join("|")),
    };
    format!("^(?:.*; *)?{inner} *(?:;.*)?$")
}

/// All orders of the items. Of more than [`MAX_COOKIES`] only the given one: such matches are refused.
fn orders(items: &[String]) -> Vec<Vec<String>> {
    if items.len() <= 1 || items.len() > MAX_COOKIES {
        return vec![items.to_vec()];
    }
    let first = |(index, item): (usize, &String)| {
        let others = items.iter().enumerate().filter(|(other, _)| *other != index);
        let others: Vec<String> = others.map(|(_, other)| other.clone()).collect();
        let item = item.clone();
        orders(&others).into_iter().map(move |order| [vec![item.clone()], order].concat())
    };
    items.iter().enumerate().flat_map(first).collect()
}

fn cookie(name: &str, pattern: &Pattern) -> String {
    let value = match pattern {
        Pattern::Exact(text) => escaped(text),
        Pattern::Prefix(text) => format!("{}[^;]*", escaped(text)),
        Pattern::Regex(regex) => format!("(?:{})", within_cookie(regex)),
    };
    format!("{}={value}", escaped(name))
}

/// A regular expression for one value, whose dots and negated classes do not reach into the next cookie.
pub fn within_cookie(regex: &str) -> String {
    let mut out = String::with_capacity(regex.len());
    let mut is_class = false;
    let mut chars = regex.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '.' if !is_class => out.push_str("[^;]"),
            '[' if !is_class => {
                is_class = true;
                out.push(c);
                if chars.next_if_eq(&'^').is_some() {
                    out.push_str("^;");
                }
                // First of all it is no end.
                out.extend(chars.next_if_eq(&']').map(|_| "\\]"));
            }
            ']' => {
                is_class = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_cookies(cookies: &[(&str, Pattern)]) -> String {
        let cookies: Vec<_> = cookies.iter().map(|(name, pattern)| ((*name).to_string(), pattern.clone())).collect();
        super::cookies(&cookies)
    }

    #[test]
    fn what_is_meant_literally_is_escaped() {
        assert_eq!(escaped(r"a.b+c\d(e)[f]{g}^$|*?"), r"a\.b\+c\\d\(e\)\[f\]\{g\}\^\$\|\*\?");
        assert_eq!(of(&Pattern::Prefix("v1.".into())), r"^v1\..*");
        assert_eq!(of(&Pattern::Regex("a|b".into())), "^(?:a|b)$");
    }

    #[test]
    fn cookies_stand_among_others() {
        let one = of_cookies(&[("tester", Pattern::Exact("y.es".into()))]);
        assert_eq!(one, r"^(?:.*; *)?tester=y\.es *(?:;.*)?$");
        let two = of_cookies(&[("a", Pattern::Prefix("1".into())), ("b", Pattern::Regex("x.*".into()))]);
        let (a, b, between) = ("a=1[^;]*", "b=(?:x[^;]*)", " *;(?:.*;)? *");
        assert_eq!(two, format!("^(?:.*; *)?(?:{a}{between}{b}|{b}{between}{a}) *(?:;.*)?$"));
        assert_eq!(within_cookie(r"a.\.[^x.][]y]"), r"a[^;]\.[^;x.][\]y]");
        let matches = |regex: &str, header: &str| regex_lite::Regex::new(regex).expect("it compiles").is_match(header);
        for header in ["tester=y.es", "a=1; tester=y.es", "a=1;tester=y.es; b=2"] {
            assert!(matches(&one, header), "{header}");
        }
        for header in ["tester=yes", "xtester=y.es", "tester=y.est", "a=tester=y.es", "tester=no; a=y.es"] {
            assert!(!matches(&one, header), "{header}");
        }
        for header in ["a=1; b=x", "b=xyz; c=3; a=12", "a=1;b=x"] {
            assert!(matches(&two, header), "{header}");
        }
        for header in ["a=1", "b=x", "a=2; b=x", "a=1; c=b=x", "a=1, b=x"] {
            assert!(!matches(&two, header), "{header}");
        }
    }
}
