//! Comma-separated values (RFC 4180).

/// The records of `text`, each with its fields; empty lines are none. What stands behind a closing quote belongs to the
/// field, as does a quote within a field that does not begin with one: no text is refused.
pub(super) fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    // Whether the field has begun with a quote.
    let mut begun = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            c if quoted => field.push(c),
            '"' if field.is_empty() && !begun => (quoted, begun) = (true, true),
            ',' => {
                record.push(std::mem::take(&mut field));
                begun = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                end(&mut records, &mut record, &mut field, begun);
                begun = false;
            }
            c => field.push(c),
        }
    }
    end(&mut records, &mut record, &mut field, begun);
    records
}

fn end(records: &mut Vec<Vec<String>>, record: &mut Vec<String>, field: &mut String, begun: bool) {
    if record.is_empty() && field.is_empty() && !begun {
        return;
    }
    record.push(std::mem::take(field));
    records.push(std::mem::take(record));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (text, want) in [
            ("", vec![]),
            ("a,b\r\n\r\n,c\n", vec![vec!["a", "b"], vec!["", "c"]]),
            ("\"a,\"\"b\"\"\r\nc\",d", vec![vec!["a,\"b\"\r\nc", "d"]]),
            ("\"\"\n\"\",\"\"", vec![vec![""], vec!["", ""]]),
            ("a\"b,\"c\"d\n", vec![vec!["a\"b", "cd"]]),
            ("\"open", vec![vec!["open"]]),
        ] {
            assert_eq!(records(text), want, "{text:?}");
        }
    }
}
