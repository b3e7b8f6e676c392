//! Which series a query selects: `name{label="value", …}`, which is the smallest part of Prometheus' language that says
//! anything.

use std::collections::BTreeMap;

/// Labels and the values that they must have; the name is one of them.
#[derive(Debug, PartialEq)]
pub struct Selector(BTreeMap<String, String>);

impl Selector {
    /// Reads a query.
    ///
    /// # Errors
    /// What cannot be understood, in words.
    pub fn parse(query: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "the playground understands no more than queries like name{{label=\"value\"}}, and not this: {query}"
            )
        };
        let (name, matchers) = match query.trim().split_once('{') {
            Some((name, rest)) => (name, rest.strip_suffix('}').ok_or_else(problem)?),
            None => (query, ""),
        };
        let name = identifier(name).ok_or_else(problem)?;
        let mut labels = BTreeMap::from([("__name__".to_owned(), name)]);
        let mut rest = matchers.trim();
        while !rest.is_empty() {
            let (label, after) = rest.split_once('=').ok_or_else(problem)?;
            let (value, after) =
                after.trim_start().strip_prefix('"').and_then(|v| v.split_once('"')).ok_or_else(problem)?;
            // What is escaped in it would have to be read, and no label of a pod needs that.
            if value.contains('\\') {
                return Err(problem());
            }
            labels.insert(identifier(label).ok_or_else(problem)?, value.to_owned());
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(next) => next.trim_start(),
                None if after.is_empty() => after,
                None => return Err(problem()),
            };
        }
        Ok(Selector(labels))
    }

    /// Whether a series with these labels is meant; a label that it lacks is empty.
    pub fn selects(&self, series: &BTreeMap<&str, &str>) -> bool {
        self.0.iter().all(|(label, value)| series.get(&**label).copied().unwrap_or_default() == value)
    }
}

/// A name without the space around it.
fn identifier(text: &str) -> Option<String> {
    let text = text.trim();
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    (!text.is_empty() && text.chars().all(is_part) && !text.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels() {
        let wanted = |labels: &[(&str, &str)]| {
            let own = |(label, value): &(&str, &str)| (String::from(*label), String::from(*value));
            Ok(Selector(labels.iter().map(own).collect()))
        };
        assert_eq!(Selector::parse(" up "), wanted(&[("__name__", "up")]));
        assert_eq!(Selector::parse("up{}"), wanted(&[("__name__", "up")]));
        let both = wanted(&[("__name__", "up"), ("a", "1, 2"), ("b", "")]);
        assert_eq!(Selector::parse(r#"up{a="1, 2",b=""}"#), both);
        assert_eq!(Selector::parse(r#" up { a = "1, 2" , b = "" , } "#), both);
        for query in
            ["", "1", "rate(up[5m])", "up{", r#"up{a="b}"#, r#"up{a=~"b"}"#, r#"up{a!="b"}"#, r#"up{a="b"c="d"}"#]
        {
            assert!(Selector::parse(query).is_err(), "{query}");
        }
    }
}
