//! A scripted API server for tests of faults that a real one shows rarely.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use serde_json::Value;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

type ReplyBody = UnsyncBoxBody<Bytes, io::Error>;

/// One answer of the script.
pub(crate) enum Reply {
    /// A status code and a body.
    Text(u16, String),
    /// As `Text`, with a `Retry-After` header of so many seconds.
    Later(u16, u64),
    /// A body that comes in pieces.
    Stream(Vec<Piece>),
    /// No answer: the connection breaks.
    Broken,
    /// No answer, ever.
    Silence,
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Self {
        Reply::Text(200, value.to_string())
    }
}

/// A part of a streamed body.
pub(crate) enum Piece {
    Bytes(String),
    Wait(Duration),
    /// The connection breaks.
    Break,
    /// Nothing more, but no end either.
    Hang,
}

impl Piece {
    pub(crate) fn line(value: &Value) -> Self {
        Piece::Bytes(format!("{value}\n"))
    }
}

/// A request as the script saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// `METHOD path?query`.
    pub(crate) line: String,
    pub(crate) body: Value,
}

/// Answers requests with the replies of its script in order; when the script has run out, once it goes on.
#[derive(Clone, Default)]
pub(crate) struct Script {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    more: Arc<tokio::sync::Notify>,
}

impl Script {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Script::default();
        script.replies.lock().expect("not poisoned").extend(replies);
        script
    }

    pub(crate) fn then(&self, reply: Reply) {
        self.replies.lock().expect("not poisoned").push_back(reply);
        self.more.notify_one();
    }

    async fn next(&self) -> Reply {
        loop {
            let reply = self.replies.lock().expect("not poisoned").pop_front();
            match reply {
                Some(reply) => return reply,
                None => self.more.notified().await,
            }
        }
    }

    pub(crate) fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// The method and URL of each request so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|s| s.line).collect()
    }
}

impl tower::Service<Request<kube::client::Body>> for Script {
    type Response = Response<ReplyBody>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Response<ReplyBody>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let script = self.clone();
        async move {
            let line = format!("{} {}", request.method(), request.uri());
            let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            script.seen.lock().expect("not poisoned").push(Seen { line, body });
            let (code, after, body) = match script.next().await {
                Reply::Text(code, text) => (code, None, whole(text)),
                Reply::Later(code, seconds) => (code, Some(seconds), whole(String::new())),
                Reply::Stream(pieces) => (200, None, pieces_body(pieces)),
                Reply::Broken => return Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset")),
                Reply::Silence => return std::future::pending().await,
            };
            let mut response = Response::builder().status(code);
            if let Some(seconds) = after {
                response = response.header("Retry-After", seconds);
            }
            response.body(body).map_err(io::Error::other)
        }
        .boxed()
    }
}

fn whole(text: String) -> ReplyBody {
    http_body_util::Full::from(text).map_err(|never| match never {}).boxed_unsync()
}

fn pieces_body(pieces: Vec<Piece>) -> ReplyBody {
    let frames = stream::iter(pieces).filter_map(|piece| async {
        match piece {
            Piece::Bytes(text) => Some(Ok(http_body::Frame::data(Bytes::from(text)))),
            Piece::Wait(time) => {
                tokio::time::sleep(time).await;
                None
            }
            Piece::Break => Some(Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset"))),
            Piece::Hang => std::future::pending().await,
        }
    });
    BodyExt::boxed_unsync(StreamBody::new(frames))
}
