//! A small HTTP server for probes, metrics and the playground: short answers, and texts that never end, the same to any
//! method.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; more wait.
const CONNECTIONS_MAX: usize = 64;

/// A request whose head has not arrived by then is given up.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// After a connection could not be accepted (no free file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Plain text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// JSON.
const JSON: &str = "application/json";

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub code: StatusCode,
    /// Media type.
    pub content_type: &'static str,
    /// Text.
    pub body: String,
}

impl Answer {
    /// 200 with a text.
    pub fn ok(body: impl Into<String>) -> Self {
        Answer { code: StatusCode::OK, content_type: TEXT, body: body.into() }
    }

    /// A JSON document.
    pub fn json(code: StatusCode, body: &serde_json::Value) -> Self {
        Answer { code, content_type: JSON, body: body.to_string() }
    }

    /// 503 with the reason.
    pub fn unavailable(reason: String) -> Self {
        Answer { code: StatusCode::SERVICE_UNAVAILABLE, content_type: TEXT, body: reason }
    }

    /// 404 in Go's words.
    pub fn not_found() -> Self {
        Answer::missing("404 page not found\n".into())
    }

    /// 404 in these words.
    pub fn missing(what: String) -> Self {
        Answer { code: StatusCode::NOT_FOUND, content_type: TEXT, body: what }
    }
}

/// What goes out: all at once, or part by part for as long as somebody listens.
pub enum Reply {
    /// All at once.
    Once(Answer),
    /// Plain text, part by part.
    Live(BoxStream<'static, String>),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Reply::Once(answer)
    }
}

impl Reply {
    fn into_response(self) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
        let (code, content_type, body) = match self {
            Reply::Once(Answer { code, content_type, body }) => (code, content_type, Full::from(body).boxed_unsync()),
            Reply::Live(parts) => {
                let frames = parts.map(|part| Ok(Frame::data(Bytes::from(part))));
                (StatusCode::OK, TEXT, StreamBody::new(frames).boxed_unsync())
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = code;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

/// Answers by path alone on all addresses of the host, of both families where there are both.
///
/// # Errors
/// When the port cannot be had.
pub async fn serve(port: u16, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> io::Result<()> {
    // Where IPv6 is off, there is still the other.
    let listener = match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?,
    };
    accept(listener, by_path(answer)).await;
    Ok(())
}

fn by_path(
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> impl Fn(Request<Incoming>) -> std::future::Ready<Answer> + Send + Sync + 'static {
    move |request| std::future::ready(answer(request.uri().path()))
}

/// Answers whoever connects, for as long as it is polled; connections that were accepted end by themselves.
pub async fn accept<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Send + Sync + 'static,
    A: Future<Output: Into<Reply>> + Send + 'static,
{
    let (answer, room) = (Arc::new(answer), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let answer = Arc::clone(&answer);
        let service = service_fn(move |request: Request<Incoming>| {
            let answering = answer(request);
            async move { Ok::<_, Infallible>(answering.await.into().into_response()) }
        });
        tokio::spawn(async move {
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            // Who breaks a connection off does not want to hear about it.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn answers_as_the_go_controller() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(accept(
            listener,
            by_path(|path| match path {
                "/healthz" => Answer::ok("ok"),
                _ => Answer::not_found(),
            }),
        ));
        let ask = async |line: &str| {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            let request = format!("{line} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut text = String::new();
            stream.read_to_string(&mut text).await.expect("an answer");
            text.to_lowercase()
        };
        for line in ["GET /healthz", "POST /healthz", "GET /healthz?verbose"] {
            let answer = ask(line).await;
            assert!(answer.starts_with("http/1.1 200 ok\r\n"), "{answer}");
            assert!(answer.contains("content-type: text/plain; charset=utf-8\r\n"), "{answer}");
            assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
        }
        let answer = ask("GET /").await;
        assert!(
            answer.starts_with("http/1.1 404 not found\r\n") && answer.ends_with("404 page not found\n"),
            "{answer}"
        );
    }
}
