//! `/metrics` for Prometheus.

use crate::http::{self, Answer};
use rollouts_controller::Monitor;
use rollouts_controller::metrics::{Kind, Text};
use rollouts_kube::system_clock;
use std::fs;

/// The text format, as its version 0.0.4 is announced.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Clock ticks a second in `/proc`: the same on every Linux that Kubernetes runs on.
const TICKS: f64 = 100.0;

/// Bytes of a page in `/proc/self/statm`, likewise.
const PAGE_BYTES: f64 = 4096.0;

/// Answers scrapes for as long as the process runs. Without the port there are no answers, and the work goes on.
pub async fn serve(port: u16, monitor: Monitor, version: String) {
    let started = system_clock().now().as_second();
    let answer = move |path: &str| match path {
        "/metrics" => Answer { content_type: CONTENT_TYPE, ..Answer::ok(text(&monitor, &version, started)) },
        _ => Answer::not_found(),
    };
    if let Err(error) = http::serve(port, answer).await {
        tracing::error!("Metric Server Error: {error}");
    }
}

fn text(monitor: &Monitor, version: &str, started: i64) -> String {
    let mut text = Text::default();
    text.family("argo_rollouts_controller_info", Kind::Gauge, "Which version runs.");
    text.sample("argo_rollouts_controller_info", &[("version", version)], 1.0);
    text.family("build_info", Kind::Gauge, "What it was built from.");
    let commit = option_env!("ROLLOUTS_GIT_COMMIT").unwrap_or_default();
    let labels = [("version", version), ("goversion", "n/a"), ("goarch", goarch()), ("commit", commit)];
    text.sample("build_info", &labels, 1.0);
    monitor.write_metrics(&mut text);
    process(&mut text, started);
    text.finish()
}

/// The processor by Go's names.
fn goarch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The process as Linux sees it; elsewhere there is less to tell.
fn process(text: &mut Text, started: i64) {
    text.family("process_start_time_seconds", Kind::Gauge, "When the process started, in seconds since 1970.");
    text.sample("process_start_time_seconds", &[], started as f64);
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(seconds) = cpu_seconds(&stat) {
        text.family("process_cpu_seconds_total", Kind::Counter, "CPU time spent, in seconds.");
        text.sample("process_cpu_seconds_total", &[], seconds);
    }
    let pages = |file: &str| -> Vec<f64> {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    if let [all, resident, ..] = pages("/proc/self/statm")[..] {
        text.family("process_virtual_memory_bytes", Kind::Gauge, "Virtual memory.");
        text.sample("process_virtual_memory_bytes", &[], all * PAGE_BYTES);
        text.family("process_resident_memory_bytes", Kind::Gauge, "Memory in use.");
        text.sample("process_resident_memory_bytes", &[], resident * PAGE_BYTES);
        // There is no Go heap; dashboards for the Go controller ask for it, and mean memory in use.
        text.family("go_memstats_heap_alloc_bytes", Kind::Gauge, "The same as process_resident_memory_bytes.");
        text.sample("go_memstats_heap_alloc_bytes", &[], resident * PAGE_BYTES);
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        text.family("process_open_fds", Kind::Gauge, "Open files and sockets.");
        text.sample("process_open_fds", &[], files.count() as f64);
    }
}

/// User and system time from `/proc/self/stat`: the 14th and 15th field, of which the second may contain anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_of_a_controller_that_has_not_started() {
        let text = text(&Monitor::default(), "v1", 7);
        assert!(text.contains("\nargo_rollouts_controller_info{version=\"v1\"} 1\n"), "{text}");
        assert!(text.contains("\nprocess_start_time_seconds 7\n"), "{text}");
        assert!(!text.contains("rollout_info"), "{text}");
    }

    #[test]
    fn cpu_time_whatever_the_name_of_the_program() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 100 1000 10";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds(""), None);
    }
}
