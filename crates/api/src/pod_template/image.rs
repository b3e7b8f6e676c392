//! What an image reference says about how to pull it.

/// `Always` for the tag `latest` and for no tag and no digest at all, `IfNotPresent` for the rest and for texts that
/// are no image reference.
pub fn pull_policy(reference: &str) -> &'static str {
    if tag(reference) == Some("latest") { "Always" } else { "IfNotPresent" }
}

/// The tag of a well-formed reference; `latest` if it has neither tag nor digest, empty if it has a digest alone.
fn tag(reference: &str) -> Option<&str> {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let path = match name.split_once('/') {
        Some((domain, path)) if is_domain_like(domain) && is_domain(domain) => path,
        _ => name,
    };
    let (path, tag) = match path.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (path, None),
    };
    let bare_id = name == path && name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let well_formed = !bare_id
        && path.split('/').all(is_path_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(|d| d.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64));
    well_formed.then_some(match (tag, digest) {
        (Some(tag), _) => tag,
        (None, None) => "latest",
        (None, Some(_)) => "",
    })
}

/// Whether the part before the first slash names a registry rather than a user of the default one.
fn is_domain_like(s: &str) -> bool {
    s == "localhost" || s.contains(['.', ':']) || s.bytes().any(|b| b.is_ascii_uppercase())
}

fn is_domain(s: &str) -> bool {
    let (host, port) = s.rsplit_once(':').filter(|(_, port)| !port.contains(']')).unwrap_or((s, "0"));
    let label = |l: &str| {
        !l.is_empty()
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let ipv6 = host.starts_with('[') && host.ends_with(']');
    (ipv6 || host.split('.').all(label)) && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
}

/// Lower-case letters and digits, joined by `.`, `_`, `__` or any number of `-`.
fn is_path_component(s: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let separators = s.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|s| !s.is_empty());
    edge(s.bytes().next())
        && edge(s.bytes().next_back())
        && separators.into_iter().all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn is_tag(s: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&s.len())
        && s.bytes().next().is_some_and(word)
        && s.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_decides() {
        let digest = format!("a@sha256:{}", "0".repeat(64));
        let latest = format!("a:latest@sha256:{}", "0".repeat(64));
        for image in ["nginx", "nginx:latest", "ghcr.io/a/b", "localhost:5000/a", "a__b/c-d", "REG/a", &latest] {
            assert_eq!(pull_policy(image), "Always", "{image}");
        }
        for image in ["nginx:1", "a.io:80/b:c", "", "Nginx", "a b", "a:", "a/", "a//b", "a___b", "a.io/", &digest] {
            assert_eq!(pull_policy(image), "IfNotPresent", "{image}");
        }
    }
}
