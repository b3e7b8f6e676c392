//! Syntax of names, ports and keys, and Kubernetes' words for what is wrong with them. Each function returns the
//! complaints; none for a good text. Labels have their own module, [`crate::label`].

pub use crate::label::{key_errors as qualified_name, value_errors as label_value};
use regex_lite::Regex;
use std::sync::LazyLock;

/// Longest DNS label.
const LABEL_MAX_CHARS: usize = 63;
/// Longest DNS subdomain, and longest key of a ConfigMap.
const SUBDOMAIN_MAX_CHARS: usize = 253;
/// Longest name of a port.
const PORT_NAME_MAX_CHARS: usize = 15;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                          start and end with an alphanumeric character";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                              '.', and must start and end with an alphanumeric character";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035_RULE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                               alphabetic character, and end with an alphanumeric character";
const WILDCARD: &str = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const WILDCARD_RULE: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which \
                             must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric \
                             character";
const CONFIG_KEY: &str = "[-._a-zA-Z0-9]+";
const CONFIG_KEY_RULE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
const HEADER: &str = "[-A-Za-z0-9]+";
const HEADER_RULE: &str = "a valid HTTP header must consist of alphanumeric characters or '-'";

fn whole(format: &str) -> Regex {
    Regex::new(&format!("^(?:{format})$")).expect("the formats above are regular expressions")
}

static LABEL_FORMAT: LazyLock<Regex> = LazyLock::new(|| whole(LABEL));
static SUBDOMAIN_FORMAT: LazyLock<Regex> = LazyLock::new(|| whole(SUBDOMAIN));
static LABEL_1035_FORMAT: LazyLock<Regex> = LazyLock::new(|| whole(LABEL_1035));
static WILDCARD_FORMAT: LazyLock<Regex> = LazyLock::new(|| whole(WILDCARD));

/// A DNS label as of RFC 1123: containers, volumes, namespaces.
pub fn dns_label(s: &str) -> Vec<String> {
    let mut errors = too_long(s, LABEL_MAX_CHARS);
    if !LABEL_FORMAT.is_match(s) {
        errors.push(if SUBDOMAIN_FORMAT.is_match(s) {
            "must not contain dots".to_string()
        } else {
            rule(LABEL_RULE, LABEL, &["my-name", "123-abc"])
        });
    }
    errors
}

/// A DNS subdomain as of RFC 1123: most objects' names.
pub fn dns_subdomain(s: &str) -> Vec<String> {
    let mut errors = too_long(s, SUBDOMAIN_MAX_CHARS);
    if !SUBDOMAIN_FORMAT.is_match(s) {
        errors.push(rule(SUBDOMAIN_RULE, SUBDOMAIN, &["example.com"]));
    }
    errors
}

/// A DNS label as of RFC 1035: Services.
pub fn dns_1035_label(s: &str) -> Vec<String> {
    let mut errors = too_long(s, LABEL_MAX_CHARS);
    if !LABEL_1035_FORMAT.is_match(s) {
        errors.push(rule(LABEL_1035_RULE, LABEL_1035, &["my-name", "abc-123"]));
    }
    errors
}

/// `*.example.com`: hosts of Ingress rules.
pub fn wildcard_subdomain(s: &str) -> Vec<String> {
    let mut errors = too_long(s, SUBDOMAIN_MAX_CHARS);
    if !WILDCARD_FORMAT.is_match(s) {
        errors.push(rule(WILDCARD_RULE, WILDCARD, &["*.example.com"]));
    }
    errors
}

/// A name that is a segment of a URL: RBAC objects.
pub fn path_segment(s: &str) -> Vec<String> {
    if matches!(s, "." | "..") {
        return vec![format!("may not be '{s}'")];
    }
    ["/", "%"].iter().filter(|c| s.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// The name of a port of a container or Service target.
pub fn port_name(s: &str) -> Vec<String> {
    let mut errors = too_long(s, PORT_NAME_MAX_CHARS);
    let mut check = |good: bool, words: &str| {
        if !good {
            errors.push(words.to_string());
        }
    };
    let charset = !s.is_empty() && s.bytes().all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit());
    check(charset, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    check(s.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    check(!s.contains("--"), "must not contain consecutive hyphens");
    check(!s.starts_with('-') && !s.ends_with('-'), "must not begin or end with a hyphen");
    errors
}

/// A port's number.
pub fn port_number(n: i64) -> Vec<String> {
    in_range(n, 1, 65535)
}

/// A number from `low` to `high`.
pub fn in_range(n: i64, low: i64, high: i64) -> Vec<String> {
    if (low..=high).contains(&n) { Vec::new() } else { vec![format!("must be between {low} and {high}, inclusive")] }
}

/// The name of an environment variable.
pub fn env_name(s: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if s.is_empty() {
        errors.push("environment variable name must be non-empty".to_string());
    }
    if !s.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'=') {
        let rule = "a valid environment variable name must consist only of printable ASCII characters other than '='";
        errors.push(rule.to_string());
    }
    errors
}

/// A key of a ConfigMap or Secret.
pub fn config_key(s: &str) -> Vec<String> {
    let mut errors = too_long(s, SUBDOMAIN_MAX_CHARS);
    if s.is_empty() || !s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')) {
        errors.push(rule(CONFIG_KEY_RULE, CONFIG_KEY, &["key.name", "KEY_NAME", "key-name"]));
    }
    if matches!(s, "." | "..") {
        errors.push(format!("must not be '{s}'"));
    } else if s.starts_with("..") {
        errors.push("must not start with '..'".to_string());
    }
    errors
}

/// The name of an HTTP header.
pub fn header_name(s: &str) -> Vec<String> {
    let good = !s.is_empty() && s.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric());
    if good { Vec::new() } else { vec![rule(HEADER_RULE, HEADER, &["X-Header-Name"])] }
}

fn too_long(s: &str, max_chars: usize) -> Vec<String> {
    if s.len() > max_chars { vec![format!("must be no more than {max_chars} characters")] } else { Vec::new() }
}

/// `RULE (e.g. 'A',  or 'B', regex used for validation is 'FORMAT')`; the odd commas are Kubernetes'.
fn rule(rule: &str, format: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|e| format!("'{e}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{format}')", examples.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_texts() {
        assert!(dns_label("web-1").is_empty() && dns_subdomain("a.b-c").is_empty() && dns_1035_label("a1").is_empty());
        assert_eq!(dns_label("a.b"), ["must not contain dots"]);
        assert!(dns_label("Web_1")[0].ends_with(
            "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        ));
        assert_eq!(dns_label(&"a".repeat(64)), ["must be no more than 63 characters"]);
        assert!(dns_1035_label("1a")[0].starts_with("a DNS-1035 label must consist"));
        assert!(wildcard_subdomain("*.a.b").is_empty() && !wildcard_subdomain("*a").is_empty());
        assert_eq!(port_name("80"), ["must contain at least one letter (a-z)"]);
        assert_eq!(port_name("a--b-").len(), 2);
        assert_eq!(port_number(0), ["must be between 1 and 65535, inclusive"]);
        assert!(env_name("A B-c").is_empty() && !env_name("a=b").is_empty());
        assert_eq!(config_key(".."), ["must not be '..'"]);
        assert_eq!(path_segment("a/b%"), ["may not contain '/'", "may not contain '%'"]);
        assert!(header_name("X-A").is_empty() && !header_name("X A").is_empty());
    }
}
