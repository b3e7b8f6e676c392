//! The seam between providers and the network.

use futures::future::BoxFuture;
use std::fmt;
use std::time::Duration;

/// The longest body that is read, in bytes. A metric's answer is a few numbers: what is longer is not one.
pub const BODY_MAX: usize = 10 << 20;

/// How many redirects Go's client follows.
pub const REDIRECTS_MAX: u8 = 10;

/// What sends requests.
///
/// An implementation keeps to [`Request::timeout`] if it can do so cheaply; [`Context::send`](crate::Context::send)
/// does in any case. It must not read more than [`BODY_MAX`] bytes of an answer.
pub trait Http: Send + Sync + fmt::Debug {
    /// The answer, whatever its status; an error when there is none.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>>;
}

/// One request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Method, as it is sent: `GET`.
    pub method: String,
    /// Absolute URL with its query.
    pub url: String,
    /// Headers, in the order in which they are sent. No two have the same name, whatever the case.
    pub headers: Vec<(String, String)>,
    /// Body; `None` sends none.
    pub body: Option<Vec<u8>>,
    /// From the first packet to the last byte of the answer.
    pub timeout: Duration,
    /// Any certificate of the server will do.
    pub insecure: bool,
    /// How many redirects are followed: 301, 302 and 303 turn a POST into a GET without a body, 307 and 308 repeat the
    /// request; a redirect to another host loses `Authorization` and cookies.
    pub redirects: u8,
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers with names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, decompressed, at most [`BODY_MAX`] bytes.
    pub body: Vec<u8>,
}

/// Why there is no answer. Reads like Go's `url.Error`: `Get "http://host/path": context deadline exceeded`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} \"{url}\": {problem}", operation(.method))]
pub struct HttpError {
    /// Method of the request.
    pub method: String,
    /// URL of the request, without the password that may be in it.
    pub url: String,
    /// What went wrong.
    pub problem: Problem,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The answer did not come, or not wholly, in time.
    #[error("context deadline exceeded")]
    Timeout,
    /// The answer is longer than [`BODY_MAX`].
    #[error("the response body is longer than {} MiB", BODY_MAX >> 20)]
    TooLong,
    /// Anything else: connections, certificates, URLs.
    #[error("{0}")]
    Other(String),
}

impl Request {
    /// A request without headers and body whose redirects are followed as Go's client does by default.
    pub fn new(method: &str, url: impl Into<String>, timeout: Duration) -> Self {
        Request {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout,
            insecure: false,
            redirects: REDIRECTS_MAX,
        }
    }

    /// With that header in place of any of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set_header(name, value);
        self
    }

    /// Sets a header in place of any of the same name.
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.headers.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            Some(header) => header.1 = value,
            None => self.headers.push((name.to_owned(), value)),
        }
    }

    /// With that body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The error of this request because of `problem`.
    pub fn failed(&self, problem: Problem) -> HttpError {
        HttpError { method: self.method.clone(), url: crate::url::without_password(&self.url), problem }
    }
}

impl fmt::Debug for Request {
    /// The request as it goes over the wire, so that tests can compare it with one text; no header that is not in the
    /// list is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value}")?;
        }
        match &self.body {
            Some(body) => write!(f, "\n{}", String::from_utf8_lossy(body)),
            None => Ok(()),
        }
    }
}

impl Response {
    /// The first header of that name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 becomes U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl HttpError {
    /// Whether the time was over.
    pub fn is_timeout(&self) -> bool {
        self.problem == Problem::Timeout
    }
}

/// `Get` for `GET`, as Go spells the operation.
fn operation(method: &str) -> String {
    let mut chars = method.chars();
    match chars.next() {
        Some(first) => first.to_string() + &chars.as_str().to_ascii_lowercase(),
        None => "Get".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_like_those_of_go() {
        let request = Request::new("GET", "http://me:secret@h/x?q=1", Duration::from_secs(1));
        assert_eq!(
            request.failed(Problem::Timeout).to_string(),
            "Get \"http://me:***@h/x?q=1\": context deadline exceeded"
        );
        let request = Request::new("POST", "http://h", Duration::from_secs(1));
        assert_eq!(
            request.failed(Problem::TooLong).to_string(),
            "Post \"http://h\": the response body is longer than 10 MiB"
        );
    }

    #[test]
    fn the_last_of_a_header_wins() {
        let request =
            Request::new("GET", "http://h", Duration::from_secs(1)).header("X-Team", "blue").header("x-team", "red");
        assert_eq!(format!("{request:?}"), "GET http://h\nX-Team: red\n");
    }
}
