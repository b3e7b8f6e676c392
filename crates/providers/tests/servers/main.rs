//! Providers against the servers that they are made for, as Debian packages them; skipped where these cannot be had.
//!
//! Nothing is installed: packages are fetched once and unpacked into the user's cache.

mod graphite;
mod prometheus;

use rollouts_kube::system_clock;
use rollouts_providers::client::NetworkHttp;
use rollouts_providers::testing::{Bench, FakeSecrets};
use rollouts_providers::{Http, Providers, Tools};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Where it is set, a server that cannot be had is a failure.
const REQUIRED: &str = "ROLLOUTS_REQUIRE_METRIC_SERVERS";

/// How often a server that starts is asked, and how long after the time before.
const STARTING: (usize, Duration) = (300, Duration::from_millis(100));

/// What could be had, or a line that says why not.
fn or_skip<T>(found: Result<T, String>) -> Option<T> {
    rollouts_testing::servers::or_skip(found, "a real server of metrics", REQUIRED)
}

/// A bench with real sockets and the real time.
fn bench() -> Bench {
    bench_with(Arc::new(NetworkHttp::new()))
}

fn bench_with(http: Arc<dyn Http>) -> Bench {
    let tools = Tools::new(http, Arc::new(FakeSecrets::default()), system_clock(), "argo-rollouts");
    Bench { providers: Providers::new(tools), ..Bench::new([]) }
}

/// Phase, value and message, as one text.
async fn said(bench: &Bench, metric: Value) -> String {
    let measurement = bench.measure(metric).await.measurement;
    format!("{} {}{}", measurement.phase, measurement.value, measurement.message)
}

/// Waits until a server that starts has something to say.
async fn until(bench: &Bench, metric: Value, wanted: &str) {
    let (tries, pause) = STARTING;
    let mut last = String::new();
    for _ in 0..tries {
        last = said(bench, metric.clone()).await;
        if last == wanted {
            return;
        }
        tokio::time::sleep(pause).await;
    }
    panic!("not {wanted}, but {last}");
}
