//! A limit on the rate of requests, as Kubernetes clients have it: token buckets.
//!
//! Go programs have one bucket per clientset: the one of Kubernetes' own kinds and the generated one of their own. So
//! here the kinds of Argo have a bucket and all other kinds have one, with the same limits.

use super::Throttle;
use futures::future::BoxFuture;
use http::Request;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tower::{BoxError, Layer, Service};

/// Puts [`Throttled`] around a service.
pub(super) struct ThrottleLayer(pub(super) Option<Throttle>);

/// Delays calls that come too fast, in the order they came.
pub(super) struct Throttled<S> {
    inner: S,
    buckets: Option<Buckets>,
}

struct Buckets {
    argo: Bucket,
    kubernetes: Bucket,
}

impl Buckets {
    fn new(throttle: Throttle) -> Option<Self> {
        Some(Buckets { argo: Bucket::new(throttle)?, kubernetes: Bucket::new(throttle)? })
    }

    fn of(&mut self, path: &str) -> &mut Bucket {
        if path.starts_with("/apis/argoproj.io/") { &mut self.argo } else { &mut self.kubernetes }
    }
}

/// The bucket, told by the time at which it will be full again.
struct Bucket {
    /// Time to gain one token.
    interval: Duration,
    /// Time to fill the bucket but for one token.
    allowance: Duration,
    full_at: Instant,
}

impl Bucket {
    fn new(throttle: Throttle) -> Option<Self> {
        // Without a rate there is no limit.
        let interval = Duration::try_from_secs_f64(1.0 / throttle.qps).ok().filter(|_| throttle.qps > 0.0)?;
        let allowance = interval.saturating_mul(throttle.burst.saturating_sub(1));
        Some(Bucket { interval, allowance, full_at: Instant::now() })
    }

    /// Takes a token and says when it may be used.
    fn take(&mut self, now: Instant) -> Instant {
        let full_at = self.full_at.max(now);
        self.full_at = full_at + self.interval;
        full_at.checked_sub(self.allowance).map_or(now, |at| at.max(now))
    }
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = Throttled<S>;

    fn layer(&self, inner: S) -> Throttled<S> {
        Throttled { inner, buckets: self.0.and_then(Buckets::new) }
    }
}

impl<S, B> Service<Request<B>> for Throttled<S>
where
    S: Service<Request<B>>,
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let now = Instant::now();
        let turn = self.buckets.as_mut().map_or(now, |buckets| buckets.of(request.uri().path()).take(now));
        // Nothing is sent before the future is polled.
        let call = self.inner.call(request);
        Box::pin(async move {
            if turn > now {
                sleep_until(turn).await;
            }
            call.await.map_err(Into::into)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Throttle { qps: 4.0, burst: 3 }).expect("a limit");
        let turns: Vec<u128> = (0..6).map(|_| (bucket.take(start) - start).as_millis()).collect();
        assert_eq!(turns, [0, 0, 0, 250, 500, 750]);
        let later = start + Duration::from_secs(60);
        let turns: Vec<u128> = (0..4).map(|_| (bucket.take(later) - later).as_millis()).collect();
        assert_eq!(turns, [0, 0, 0, 250]);
        assert!(Bucket::new(Throttle { qps: 0.0, burst: 3 }).is_none());
        assert!(Bucket::new(Throttle { qps: -1.0, burst: 3 }).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn kinds_of_argo_and_of_kubernetes_do_not_wait_for_each_other() {
        let start = Instant::now();
        let mut buckets = Buckets::new(Throttle { qps: 1.0, burst: 1 }).expect("a limit");
        let paths = [
            "/apis/argoproj.io/v1alpha1/rollouts",
            "/api/v1/namespaces/default/events",
            "/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/a/status",
            "/apis/apps/v1/replicasets",
        ];
        let turns = paths.map(|path| (buckets.of(path).take(start) - start).as_secs());
        assert_eq!(turns, [0, 0, 1, 1]);
    }
}
