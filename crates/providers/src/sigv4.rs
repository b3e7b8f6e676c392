//! Signatures of AWS, version 4, in the `Authorization` header.
//!
//! Own code on `ring`, which TLS brings along: a signer is a hundred lines, AWS's own crates are a hundred and more.

mod credentials;
mod endpoint;
mod provide;
mod sts;

pub use credentials::{Credentials, Identity};
pub use endpoint::endpoint;
pub use provide::{Cache, credentials, region};

use crate::http::Request;
use crate::url::{Url, query_unescape};
use jiff::Timestamp;
use ring::{digest, hmac};
use std::fmt::Write as _;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Headers that are not signed: they are made here, or changed on the way.
const UNSIGNED: [&str; 4] = ["authorization", "user-agent", "x-amzn-trace-id", "host"];

/// What a signature is good for, besides a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Name of the service in signatures: `aps`, `sts`, `monitoring`.
    pub service: &'a str,
    /// `eu-central-1`.
    pub region: &'a str,
}

/// Signs `request`, which must be sent as it is then: its query is spelled and sorted as AWS reads it, and it has
/// headers more. A signature that is there already is replaced. It holds for a few minutes around `now`.
pub fn sign(request: &mut Request, credentials: &Credentials, scope: Scope<'_>, now: Timestamp) {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Authorization"));
    request.set_header("X-Amz-Date", time.as_str());
    if let Some(token) = &credentials.session_token {
        request.set_header("X-Amz-Security-Token", token.as_str());
    }
    let (canonical, signed) = canonical(request);
    let Scope { service, region } = scope;
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
    let mut key = format!("AWS4{}", credentials.secret_access_key).into_bytes();
    for part in [day, region, service, "aws4_request"] {
        key = mac(&key, part).as_ref().to_vec();
    }
    let signature = hex(mac(&key, &to_sign).as_ref());
    let id = &credentials.access_key_id;
    let value = format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}");
    request.set_header("Authorization", value);
}

/// The request in the form that is signed, and the names of its signed headers. Spells its query so.
fn canonical(request: &mut Request) -> (String, String) {
    let (mut path, mut query, mut host) = ("/".to_owned(), String::new(), String::new());
    if let Some(url) = Url::parse(&request.url) {
        path = canonical_path(url.path);
        query = canonical_query(url.query.unwrap_or_default());
        host = canonical_host(&url);
        let mark = if query.is_empty() { "" } else { "?" };
        request.url = format!("{}://{}{}{mark}{query}", url.scheme, url.authority, url.path);
    }
    let kept = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let mut headers: Vec<(String, String)> = kept
        .filter(|(name, _)| !UNSIGNED.contains(&name.as_str()))
        .map(|(name, value)| (name, value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    headers.push(("host".to_owned(), host));
    headers.sort();
    let signed = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body = sha256_hex(request.body.as_deref().unwrap_or_default());
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{signed}\n{body}", request.method);
    (canonical, signed)
}

/// The host as the client names it in the `Host` header: without the port that its scheme has anyway.
fn canonical_host(url: &Url<'_>) -> String {
    let host = url.host().to_ascii_lowercase();
    let port = if url.scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).map(str::to_owned).unwrap_or(host)
}

/// The path without `.`, `..` and empty parts, escaped once more than it is.
fn canonical_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let inside = parts.iter().map(|part| escape(part.as_bytes())).collect::<Vec<_>>().join("/");
    let is_directory = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if is_directory && !inside.is_empty() { "/" } else { "" };
    format!("/{inside}{end}")
}

fn canonical_query(query: &str) -> String {
    let spelled = |text: &str| escape(query_unescape(text).as_bytes());
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (spelled(key), spelled(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

/// All but RFC 3986's unreserved characters as `%XX`.
fn escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(*byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
