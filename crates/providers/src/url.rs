//! URLs as Go's `net/url` takes them apart and spells them.

/// The parts of an absolute URL, each as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    /// `http`.
    pub scheme: &'a str,
    /// `user:password@host:port`.
    pub authority: &'a str,
    /// Begins with `/`, or empty.
    pub path: &'a str,
    /// Without its `?`; `None` when there is none.
    pub query: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// The parts of `text` if it has a scheme and a host; a fragment is left out. `None` also for what Go refuses
    /// because of control characters, spaces in the host or a port that is no number.
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
            return None;
        }
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (scheme, rest) = text.split_once("://")?;
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let url = match tail.split_once('?') {
            Some((path, query)) => Url { scheme, authority, path, query: Some(query) },
            None => Url { scheme, authority, path: tail, query: None },
        };
        (scheme_ok && url.has_valid_host()).then_some(url)
    }

    fn has_valid_host(&self) -> bool {
        let host = self.host();
        let bare = if host.starts_with('[') { host.rsplit_once(']').map_or("", |(_, port)| port) } else { host };
        let port_ok = match bare.rsplit_once(':') {
            Some((_, port)) => port.bytes().all(|b| b.is_ascii_digit()),
            None => true,
        };
        !host.is_empty() && port_ok && !host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}'])
    }

    /// Host and port, without user and password.
    pub fn host(&self) -> &'a str {
        self.authority.rsplit_once('@').map_or(self.authority, |(_, host)| host)
    }

    /// `scheme://authority`, then `path` and the URL's query with `query` behind it. Empty queries are none.
    pub fn with(&self, path: &str, query: &str) -> String {
        let queries = [self.query.unwrap_or(""), query];
        let query: Vec<&str> = queries.into_iter().filter(|q| !q.is_empty()).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}://{}{path}{mark}{}", self.scheme, self.authority, query.join("&"))
    }
}

/// `url.QueryEscape`: everything but letters, digits and `-_.~` becomes `%XX`, a space `+`.
pub fn query_escape(text: &str) -> String {
    escape(text, |b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)).replace("%20", "+")
}

/// `url.PathEscape`: like [`query_escape`], but a space becomes `%20` and `$&+:=@` stay.
pub fn path_escape(text: &str) -> String {
    escape(text, |b| b.is_ascii_alphanumeric() || b"-_.~$&+:=@".contains(&b))
}

/// Text of a query or form: `a=1&b=2+3`, in the given order. `url.Values` are sorted by key.
pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.into_iter().map(|(key, value)| format!("{}={}", query_escape(key), query_escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn escape(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if stays(b) {
            out.push(char::from(b));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            out.push('%');
            out.push(char::from(HEX[usize::from(b >> 4)]));
            out.push(char::from(HEX[usize::from(b & 15)]));
        }
    }
    out
}

/// The bytes that `text` stands for; `+` is a space. A `%` without two digits stays.
pub fn query_unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        let code = digits.filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        match (bytes[at], code.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `url` with `***` in place of the password in it, as errors show it.
pub fn without_password(url: &str) -> String {
    let hidden = Url::parse(url).and_then(|parts| {
        let (user, _) = parts.authority.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(url.replacen(&format!("{user}@"), &format!("{name}:***@"), 1))
    });
    hidden.unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let url = Url::parse("https://u:p@h:1/a/b?x=1#f").expect("a URL");
        assert_eq!(url, Url { scheme: "https", authority: "u:p@h:1", path: "/a/b", query: Some("x=1") });
        assert_eq!(url.host(), "h:1");
        assert_eq!(url.with("/c", "y=2"), "https://u:p@h:1/c?x=1&y=2");
        assert_eq!(Url::parse("http://h").expect("a URL").with("/c", ""), "http://h/c");
        assert!(Url::parse("http://[::1]:9090/x").is_some());
        for bad in [
            "",
            "h:9090",
            "/x",
            "http://",
            "http:///x",
            "ht tp://h",
            "1://h",
            "http://h:x/",
            "http://h\n",
            "http://a b",
        ] {
            assert_eq!(Url::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn escapes() {
        assert_eq!(query_escape("a b&c=ü~é/+"), "a+b%26c%3D%C3%BC~%C3%A9%2F%2B");
        assert_eq!(path_escape("a b/c"), "a%20b%2Fc");
        assert_eq!(form([("q", "up{a=\"b\"}"), ("t", "1")]), "q=up%7Ba%3D%22b%22%7D&t=1");
        assert_eq!(query_unescape("a+b%26%zz%c3%bc%"), "a b&%zzü%");
        assert_eq!(query_unescape("%+1"), "% 1");
    }
}
