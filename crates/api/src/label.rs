//! Syntax of label keys and values, and Kubernetes' words for what is wrong with them.

const MAX_NAME_CHARS: usize = 63;
const MAX_SUBDOMAIN_CHARS: usize = 253;

const NAME_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character";
const VALUE_FORMAT: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                          '.', and must start and end with an alphanumeric character";
const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
                              or '.', and must start and end with an alphanumeric character";

/// What is wrong with `[prefix/]name` as a label key; nothing for a good one.
pub fn key_errors(key: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let name = match key.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        ["", name] => {
            errors.push("prefix part must be non-empty".to_string());
            name
        }
        [prefix, name] => {
            errors.extend(subdomain_errors(prefix).into_iter().map(|e| format!("prefix part {e}")));
            name
        }
        _ => {
            let rule = rule_text(NAME_RULE, NAME_FORMAT, &["MyName", "my.name", "123-abc"]);
            return vec![format!(
                "a qualified name {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_string());
    } else if name.len() > MAX_NAME_CHARS {
        errors.push(format!("name part must be no more than {MAX_NAME_CHARS} characters"));
    }
    if !is_name(name) {
        let rule = rule_text(NAME_RULE, NAME_FORMAT, &["MyName", "my.name", "123-abc"]);
        errors.push(format!("name part {rule}"));
    }
    errors
}

/// What is wrong with `value` as a label value; nothing for a good one.
pub fn value_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > MAX_NAME_CHARS {
        errors.push(format!("must be no more than {MAX_NAME_CHARS} characters"));
    }
    if !value.is_empty() && !is_name(value) {
        errors.push(rule_text(VALUE_RULE, VALUE_FORMAT, &["MyValue", "my_value", "12345"]));
    }
    errors
}

fn subdomain_errors(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if text.len() > MAX_SUBDOMAIN_CHARS {
        errors.push(format!("must be no more than {MAX_SUBDOMAIN_CHARS} characters"));
    }
    if !text.split('.').all(is_dns_label) {
        errors.push(rule_text(SUBDOMAIN_RULE, SUBDOMAIN_FORMAT, &["example.com"]));
    }
    errors
}

/// `RULE (e.g. 'A',  or 'B', regex used for validation is 'FORMAT')`: the odd commas are Kubernetes'.
fn rule_text(rule: &str, format: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{format}')", examples.join(" or "))
}

fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    ends_with_alphanumerics(text, |b| b.is_ascii_alphanumeric()) && text.bytes().all(inner)
}

fn is_dns_label(text: &str) -> bool {
    let end = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    ends_with_alphanumerics(text, end) && text.bytes().all(|b| end(b) || b == b'-')
}

fn ends_with_alphanumerics(text: &str, end: impl Fn(u8) -> bool) -> bool {
    matches!(text.as_bytes(), [first, .., last] if end(*first) && end(*last))
        || matches!(text.as_bytes(), [only] if end(*only))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for good in ["app", "a.b_c-D", "example.com/app", "A", &"x".repeat(63)] {
            assert_eq!(key_errors(good), Vec::<String>::new(), "{good}");
        }
        let rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                    character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
        assert_eq!(key_errors("a b"), [format!("name part {rule}")]);
        assert_eq!(key_errors(""), ["name part must be non-empty".to_string(), format!("name part {rule}")]);
        assert_eq!(key_errors("/a"), ["prefix part must be non-empty"]);
        assert_eq!(key_errors(&"x".repeat(64)), ["name part must be no more than 63 characters"]);
        assert!(key_errors("Ex.com/a")[0].starts_with("prefix part a lowercase RFC 1123 subdomain must consist"));
        assert!(key_errors("a/b/c")[0].starts_with("a qualified name must consist"));
    }

    #[test]
    fn values() {
        assert!(value_errors("").is_empty() && value_errors("A-1.b").is_empty());
        assert_eq!(
            value_errors("a b"),
            ["a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
              start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
              validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]
        );
        assert_eq!(value_errors("-").len(), 1);
    }
}
