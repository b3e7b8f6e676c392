//! Errors that say which server was not reached.

use crate::RequestError;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use std::task::{Context, Poll};
use tower::{BoxError, Layer, Service};

/// Puts [`Reach`] around a service; with the URL of the server.
pub(super) struct ReachLayer(pub(super) String);

/// Names the server in errors of calls that did not reach it.
pub(super) struct Reach<S> {
    inner: S,
    server: String,
}

impl<S> Layer<S> for ReachLayer {
    type Service = Reach<S>;

    fn layer(&self, inner: S) -> Reach<S> {
        Reach { inner, server: self.0.trim_end_matches('/').to_owned() }
    }
}

impl<S, R> Service<R> for Reach<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: Into<BoxError> + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let server = self.server.clone();
        self.inner.call(request).map_err(move |error| name(error.into(), &server)).boxed()
    }
}

/// The error with the server in it.
fn name(error: BoxError, server: &str) -> BoxError {
    let text = RequestError::lost(&*error).to_string();
    match text.strip_prefix(RequestError::UNREACHED) {
        Some(reason) => {
            let reason = reason.strip_prefix("tcp connect error: ").unwrap_or(reason);
            format!("cannot reach the API server at {server}: {reason}").into()
        }
        None => error,
    }
}
