//! What the kubelet asks: `/healthz` (the process runs), `/readyz` (it works, or could take over at once) and `/livez`
//! (no worker hangs).

use crate::http::{self, Answer};
use rollouts_controller::Monitor;

/// Answers probes for as long as the process runs. Without the port there are no answers, and the work goes on.
pub async fn serve(port: u16, monitor: Monitor) {
    if let Err(error) = http::serve(port, move |path| answer(path, &monitor)).await {
        tracing::error!("Healthz Server Error: {error}");
    }
}

fn answer(path: &str, monitor: &Monitor) -> Answer {
    match path {
        "/healthz" => Answer::ok("ok"),
        "/readyz" => match monitor.readiness() {
            Ok(()) => Answer::ok("ok"),
            Err(reason) => Answer::unavailable(reason),
        },
        "/livez" => match monitor.stuck() {
            None => Answer::ok("ok"),
            Some((queue, age)) => {
                Answer::unavailable(format!("a worker of {queue} has been at one object for {} s", age.as_secs()))
            }
        },
        _ => Answer::not_found(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_that_has_not_started_is_healthy_but_not_ready() {
        let monitor = Monitor::default();
        assert_eq!(answer("/healthz", &monitor), Answer::ok("ok"));
        assert_eq!(answer("/livez", &monitor), Answer::ok("ok"));
        assert_eq!(answer("/readyz", &monitor), Answer::unavailable("the controller has not started".into()));
        assert_eq!(answer("/", &monitor), Answer::not_found());
    }
}
