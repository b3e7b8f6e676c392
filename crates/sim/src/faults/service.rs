//! The connection itself.

use super::body::{FaultyBody, FaultyWatch};
use super::refusal::refusal;
use super::weather::{Sky, Weather};
use super::{Fate, Faults, fingerprint};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long until the client's end of a connection that was cut off knows it.
const CUT_OFF_NOTICED: Duration = Duration::from_secs(120);

/// What every list has in it, and nothing else.
const LIST: &[u8] = b"\"items\":";

/// A connection to the API server on which things go wrong.
#[derive(Clone)]
pub struct FaultyService {
    faults: Faults,
    server: rollouts_memkube::Service,
    who: &'static str,
    life: CancellationToken,
    mortal: bool,
}

type Answer = Response<FaultyBody>;

impl FaultyService {
    pub(super) fn new(
        faults: Faults,
        server: rollouts_memkube::Service,
        who: &'static str,
        life: CancellationToken,
        mortal: bool,
    ) -> Self {
        FaultyService { faults, server, who, life, mortal }
    }

    async fn answer(mut self, request: Request<kube::client::Body>) -> io::Result<Answer> {
        let is_write = request.method() != Method::GET;
        let is_update = matches!(*request.method(), Method::PATCH | Method::PUT);
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let is_watch = path.contains("watch=true") || path.contains("watch=1");
        let (parts, body) = request.into_parts();
        let sent = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let name = format!("{} {} {path}", self.who, parts.method);
        let doom = if is_write && !self.life.is_cancelled() { self.faults.count_write(self.who) } else { None };
        let (latency, fate) = self.faults.fate(is_write, is_update, self.mortal);
        let weather = self.sky(|sky| sky.weather);
        let fate = match weather {
            Weather::Fair | Weather::Stale => fate,
            Weather::Down => Fate::Broken,
            Weather::Cut => return self.cut_off(&name).await,
            Weather::Busy => Fate::TooMany,
            Weather::Failing => Fate::Error(500),
            Weather::Lossy if is_write => Fate::Lost,
            Weather::Lossy => Fate::Pass,
        };
        let fate = doom.filter(|_| self.mortal).unwrap_or(fate);
        // Half of the way there, half of the way back.
        tokio::time::sleep(latency / 2).await;
        self.dead().await;
        match fate {
            Fate::Broken => return self.lose(&name, "broken"),
            Fate::Conflict | Fate::TooMany | Fate::Error(_) => {
                let code = match fate {
                    Fate::Conflict => 409,
                    Fate::TooMany => 429,
                    Fate::Error(code) => code,
                    _ => 500,
                };
                self.faults.note(&format!("{name} -> {code}, invented"));
                tokio::time::sleep(latency / 2).await;
                self.dead().await;
                return Ok(refusal(code, parts.uri.path()).map(|bytes| FaultyBody::Whole(Some(bytes))));
            }
            Fate::DieBefore => return self.die(&name, "before").await,
            Fate::Pass | Fate::Lost | Fate::DieAfter => {}
        }
        let witness = self.faults.state().witness.clone().filter(|_| is_write);
        if let Some(witness) = witness {
            witness(self.who, &name);
        }
        let request = Request::from_parts(parts, http_body_util::Full::new(sent.clone()));
        let response = match self.server.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let (parts, body) = response.into_parts();
        if is_watch && status.is_success() {
            self.faults.note(&format!("{name} -> watch"));
            let (broken, silent) = self.sky(|sky| (sky.broken.clone(), sky.silent.clone()));
            let watch = FaultyWatch::new(body, self.faults, [self.life, silent], broken, name);
            return Ok(Response::from_parts(parts, FaultyBody::Watch(Box::new(watch))));
        }
        let Ok(got) = body.collect().await.map(|collected| collected.to_bytes());
        if is_write && status.is_success() {
            self.faults.count_done(self.who, &path, &got);
        }
        // What is asked for by a selector is a read of the moment, never one of an API server's cache.
        let is_cached = !is_write && !path.contains("labelSelector");
        let is_list = is_cached && status.is_success() && got.windows(LIST.len()).any(|part| part == LIST);
        let got = if is_list { self.sky(|sky| sky.list(&path, got)) } else { got };
        self.faults.note(&line(&name, &sent, status.as_u16(), &got));
        match fate {
            Fate::Lost => return self.lose(&name, "lost"),
            Fate::DieAfter => return self.die(&name, "after").await,
            _ => {}
        }
        tokio::time::sleep(latency / 2).await;
        self.dead().await;
        Ok(Response::from_parts(parts, FaultyBody::Whole(Some(got))))
    }

    fn sky<T>(&self, look: impl FnOnce(&mut Sky) -> T) -> T {
        look(self.faults.state().skies.entry(self.who).or_default())
    }

    /// Nothing is heard of the request.
    async fn cut_off(&self, name: &str) -> io::Result<Answer> {
        self.faults.note(&format!("{name} -> cut off"));
        tokio::time::sleep(CUT_OFF_NOTICED).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, "connection timed out"))
    }

    /// The dead wait for ever.
    async fn dead(&self) {
        if self.life.is_cancelled() {
            std::future::pending().await
        }
    }

    fn lose(&self, name: &str, how: &str) -> io::Result<Answer> {
        self.faults.note(&format!("{name} -> {how}"));
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer"))
    }

    async fn die(&self, name: &str, when: &str) -> io::Result<Answer> {
        self.faults.note(&format!("{} dies {when} {name}", self.who));
        self.life.cancel();
        std::future::pending().await
    }
}

/// What is remembered of a request and its answer.
fn line(name: &str, sent: &Bytes, code: u16, got: &Bytes) -> String {
    let body = String::from_utf8_lossy(sent);
    format!("{name} {body} -> {code} {}", fingerprint(got))
}

impl Service<Request<kube::client::Body>> for FaultyService {
    type Response = Answer;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Answer>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}
