//! Rules for names, labels and annotations, with the real server's words.

const LABEL_MAX_CHARS: usize = 63;
const SUBDOMAIN_MAX_CHARS: usize = 253;

const SUBDOMAIN_FAULT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL_FAULT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS_1035_FAULT: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_FAULT: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_FAULT: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn too_long(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

fn is_dns_label(s: &str) -> bool {
    let edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let b = s.as_bytes();
    !b.is_empty() && b.iter().all(|&c| edge(c) || c == b'-') && edge(b[0]) && edge(b[b.len() - 1])
}

fn is_loose_word(s: &str) -> bool {
    let b = s.as_bytes();
    !b.is_empty()
        && b.iter().all(|&c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        && b[0].is_ascii_alphanumeric()
        && b[b.len() - 1].is_ascii_alphanumeric()
}

/// Faults of an RFC 1123 subdomain: the rule for most names.
pub fn subdomain_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > SUBDOMAIN_MAX_CHARS {
        faults.push(too_long(SUBDOMAIN_MAX_CHARS));
    }
    if !name.split('.').all(is_dns_label) {
        faults.push(SUBDOMAIN_FAULT.to_owned());
    }
    faults
}

/// Faults of an RFC 1123 label: the rule for namespaces.
pub fn label_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > LABEL_MAX_CHARS {
        faults.push(too_long(LABEL_MAX_CHARS));
    }
    if !is_dns_label(name) {
        let dotted = subdomain_faults(name).is_empty();
        faults.push(if dotted { "must not contain dots".to_owned() } else { DNS_LABEL_FAULT.to_owned() });
    }
    faults
}

/// Faults of a DNS-1035 label: the rule for services.
pub fn dns1035_faults(name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > LABEL_MAX_CHARS {
        faults.push(too_long(LABEL_MAX_CHARS));
    }
    if !is_dns_label(name) || !name.as_bytes()[0].is_ascii_lowercase() {
        faults.push(DNS_1035_FAULT.to_owned());
    }
    faults
}

/// Faults of a name that is one segment of a path: the rule for RBAC objects.
pub fn path_segment_faults(name: &str) -> Vec<String> {
    match name {
        "." | ".." => vec![format!("may not be '{name}'")],
        _ => ['/', '%'].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")).collect(),
    }
}

/// Faults of a qualified name such as `example.com/part`: the rule for label and annotation keys.
pub fn qualified_name_faults(key: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((_, rest)) if rest.contains('/') => {
            return vec![format!(
                "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                QUALIFIED_FAULT.strip_prefix("name part ").unwrap_or(QUALIFIED_FAULT)
            )];
        }
        Some((prefix, rest)) => (Some(prefix), rest),
    };
    match prefix {
        Some("") => faults.push("prefix part must be non-empty".to_owned()),
        Some(p) => faults.extend(subdomain_faults(p).into_iter().map(|f| format!("prefix part {f}"))),
        None => {}
    }
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX_CHARS {
        faults.push(format!("name part {}", too_long(LABEL_MAX_CHARS)));
    }
    if !is_loose_word(name) {
        faults.push(QUALIFIED_FAULT.to_owned());
    }
    faults
}

/// The fault of a label value, if any.
pub fn label_value_fault(value: &str) -> Option<String> {
    if value.len() > LABEL_MAX_CHARS {
        return Some(too_long(LABEL_MAX_CHARS));
    }
    (!value.is_empty() && !is_loose_word(value)).then(|| LABEL_VALUE_FAULT.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(subdomain_faults("a.b-c.d").is_empty());
        assert!(!subdomain_faults("A").is_empty());
        assert!(!label_faults("a.b").is_empty());
        assert!(!dns1035_faults("1a").is_empty());
        assert!(!dns1035_faults("").is_empty());
        assert!(qualified_name_faults("a.io/b_C").is_empty());
        assert!(!qualified_name_faults("a/b/c").is_empty());
        assert!(label_value_fault("").is_none());
        assert!(label_value_fault("a b").is_some());
        assert_eq!(path_segment_faults("a/b"), ["may not contain '/'"]);
    }
}
