//! Giving up on requests whose answer does not begin in time.

use futures::future::BoxFuture;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{BoxError, Layer, Service};

/// Puts [`Timeout`] around a service.
pub(super) struct TimeoutLayer(pub(super) Option<Duration>);

/// Fails calls without an answer after some time; without a time, none.
pub(super) struct Timeout<S> {
    inner: S,
    limit: Option<Duration>,
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout { inner, limit: self.0.filter(|limit| !limit.is_zero()) }
    }
}

impl<S, R> Service<R> for Timeout<S>
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
        let (call, limit) = (self.inner.call(request), self.limit);
        Box::pin(async move {
            let Some(limit) = limit else { return call.await.map_err(Into::into) };
            match tokio::time::timeout(limit, call).await {
                Ok(answer) => answer.map_err(Into::into),
                Err(_) => Err(format!("no answer within the request timeout of {limit:?}").into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower::{ServiceExt, service_fn};

    #[tokio::test(start_paused = true)]
    async fn gives_up_in_time() {
        let slow = |seconds: u64| async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok::<_, BoxError>(seconds)
        };
        let mut limited = TimeoutLayer(Some(Duration::from_secs(5))).layer(service_fn(slow));
        assert_eq!(limited.ready().await.expect("ready").call(4).await.expect("in time"), 4);
        let error = limited.ready().await.expect("ready").call(6).await.expect_err("too late");
        assert_eq!(error.to_string(), "no answer within the request timeout of 5s");
        let mut patient = TimeoutLayer(Some(Duration::ZERO)).layer(service_fn(slow));
        assert_eq!(patient.ready().await.expect("ready").call(900).await.expect("no limit"), 900);
    }
}
