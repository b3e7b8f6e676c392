//! String formats that custom resource schemas may ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether `text` has the format; unknown formats hold always, as in the API server. Dashes in names do not matter.
pub(crate) fn holds(format: &str, text: &str) -> bool {
    match format.replace('-', "").as_str() {
        "datetime" => date_time(text),
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "byte" => STANDARD.decode(text).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "cidr" => cidr(text),
        "uuid" => uuid(text, None),
        "uuid3" => uuid(text, Some(b'3')),
        "uuid4" => uuid(text, Some(b'4')),
        "uuid5" => uuid(text, Some(b'5')),
        "uri" => uri(text),
        "hostname" => hostname(text),
        "email" => {
            text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !text.contains(' '))
        }
        "mac" => mac(text),
        "duration" => duration(text),
        "hexcolor" => hex_color(text),
        "k8sshortname" => label(text),
        "k8slongname" => text.len() <= 253 && text.split('.').all(|part| !part.is_empty() && name_chars(part)),
        _ => true,
    }
}

fn date_time(text: &str) -> bool {
    text.len() >= 20 && matches!(text.as_bytes()[10], b'T' | b't') && text.parse::<jiff::Timestamp>().is_ok()
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn uuid(text: &str, version: Option<u8>) -> bool {
    let hex: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let dashes = text.len() - hex.len();
    let placed = dashes == 0 || dashes <= 4 && [8, 13, 18, 23].iter().all(|i| text.as_bytes().get(*i) == Some(&b'-'));
    hex.len() == 32 && placed && hex.iter().all(u8::is_ascii_hexdigit) && version.is_none_or(|v| hex[12] == v)
}

fn uri(text: &str) -> bool {
    if text.starts_with('/') {
        return true;
    }
    text.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !text.contains(' ')
    })
}

/// As the API server has it: one label without inner dashes, or labels under a top-level domain of letters.
fn hostname(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.chars().all(char::is_alphanumeric);
    match text.rsplit_once('.') {
        None => {
            let dash = text.char_indices().nth(1).is_some_and(|(_, c)| c == '-');
            text.len() <= 64 && if dash { word(&text.replacen('-', "", 1)) } else { word(text) }
        }
        Some((labels, top)) => {
            (2..=63).contains(&top.len())
                && top.chars().all(char::is_alphabetic)
                && text.len() <= 255
                && labels.split('.').all(|part| {
                    part.len() <= 63 && !part.starts_with('-') && !part.ends_with('-') && word(&part.replace('-', ""))
                })
        }
    }
}

fn mac(text: &str) -> bool {
    let separator = if text.contains('-') { '-' } else { ':' };
    let parts: Vec<&str> = text.split(separator).collect();
    [6, 8, 20].contains(&parts.len())
        && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Go durations (`1h2m3.5s`) and the spaced forms (`22 ns`).
fn duration(text: &str) -> bool {
    let text = text.trim_start_matches(['+', '-']).replace(' ', "");
    if text == "0" {
        return true;
    }
    let mut rest = text.as_str();
    let mut any = false;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let after = &rest[digits..];
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        const UNITS: [&str; 13] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h", "d", "w", "day", "days", "week"];
        if digits == 0 || !UNITS.contains(&&after[..unit]) {
            return false;
        }
        any = true;
        rest = &after[unit..];
    }
    any
}

fn hex_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or(text);
    matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

fn label(text: &str) -> bool {
    (1..=63).contains(&text.len()) && name_chars(text)
}

fn name_chars(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn formats() {
        for (format, good, bad) in [
            ("date-time", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05"),
            ("date", "2024-01-02", "2024-1-2"),
            ("byte", "aGk=", "%%%"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123"),
            ("uri", "https://a/b", "no spaces here"),
            ("hostname", "a.example.com", "-a"),
            ("duration", "1h30m", "1 parsec"),
            ("k8s-short-name", "abc-1", "Abc"),
        ] {
            assert!(holds(format, good), "{format} {good}");
            assert!(!holds(format, bad), "{format} {bad}");
        }
        assert!(holds("int-or-anything", "x"));
    }
}
