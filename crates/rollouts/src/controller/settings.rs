//! What the flags say, checked.

mod routers;

use super::flags::WITHOUT_EFFECT;
use anyhow::{Result, bail, ensure};
use rollouts_cli::cobra::Matches;
use rollouts_controller::Controllers;
use rollouts_kube::{ConnectOptions, Throttle};
use std::time::Duration;

/// What the flags say.
#[derive(Debug)]
pub struct Settings {
    /// How to reach the API server.
    pub connection: ConnectOptions,
    /// What to look after.
    pub controllers: Controllers,
    /// Whether a metric beyond both of its limits is Inconclusive.
    pub inconclusive_over_failed: bool,
    /// Whether to work in one namespace alone.
    pub namespaced: bool,
    /// Which objects to handle.
    pub instance_id: Option<String>,
    /// How many Rollouts are reconciled at once.
    pub rollout_workers: usize,
    /// How many Experiments are reconciled at once.
    pub experiment_workers: usize,
    /// How many AnalysisRuns are reconciled at once.
    pub analysis_workers: usize,
    /// How many Services are cleaned up at once.
    pub service_workers: usize,
    /// To how many pods of a Rollout metadata is written at once.
    pub pod_writes: usize,
    /// How often that is tried with each pod.
    pub pod_write_tries: usize,
    /// Time between two looks at everything.
    pub resync: Option<Duration>,
    /// Port for metrics.
    pub metrics_port: u16,
    /// Port for probes.
    pub healthz_port: u16,
    /// The times of the election, if there is to be one.
    pub election: Option<ElectionTimes>,
    /// What they say about traffic routers.
    pub routers: rollouts_traffic::Settings,
    /// Flags that were given and do nothing in this version.
    pub without_effect: Vec<String>,
}

/// Requests at once that `--burst 0` means.
const DEFAULT_BURST: u32 = 10;

/// The rate that `--qps 0` means.
const DEFAULT_RATE: Throttle = Throttle { qps: 5.0, burst: DEFAULT_BURST };

/// The times of an election.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElectionTimes {
    /// Others take over after so long without a renewal.
    pub duration: Duration,
    /// The holder stops after so long without a renewal.
    pub renew_deadline: Duration,
    /// Between attempts.
    pub retry_period: Duration,
}

impl Settings {
    /// Reads the flags; `version` goes into the name that the API server sees.
    pub fn read(matches: &Matches, version: &str) -> Result<Self> {
        let count = |flag: &str| {
            let n = usize::try_from(matches.int(flag)).ok().filter(|n| (1..=1000).contains(n));
            n.ok_or_else(|| anyhow::anyhow!("--{flag}: must be from 1 to 1000"))
        };
        let metrics_port = if matches.changed("metricsPort") { "metricsPort" } else { "metricsport" };
        let resync = u64::try_from(matches.int("rollout-resync"));
        let resync = resync.map_err(|_| anyhow::anyhow!("--rollout-resync: must not be negative"))?;
        let given = WITHOUT_EFFECT.iter().filter(|flag| matches.changed(flag));
        Ok(Settings {
            connection: connection(matches, version)?,
            controllers: controllers(matches.text("controllers"))?,
            inconclusive_over_failed: matches.bool("analysis-inconclusive-over-failed"),
            namespaced: matches.bool("namespaced"),
            instance_id: matches.text_opt("instance-id").map(str::to_owned),
            rollout_workers: count("rollout-threads")?,
            experiment_workers: count("experiment-threads")?,
            analysis_workers: count("analysis-threads")?,
            service_workers: count("service-threads")?,
            pod_writes: count("ephemeral-metadata-threads")?,
            pod_write_tries: count("ephemeral-metadata-update-pod-retries")?,
            resync: (resync > 0).then(|| Duration::from_secs(resync)),
            metrics_port: port(matches, metrics_port)?,
            healthz_port: port(matches, "healthzPort")?,
            election: if matches.bool("leader-elect") { Some(election(matches)?) } else { None },
            routers: routers::read(matches)?,
            without_effect: given.map(|flag| format!("--{flag}")).collect(),
        })
    }
}

/// Of a list of names, of which there is one: without any, everything is looked after.
fn controllers(list: &str) -> Result<Controllers> {
    let mut controllers = Controllers::All;
    for name in list.split(',').filter(|name| !name.is_empty()) {
        ensure!(name == "analysis", "unsupported controller: {name}");
        controllers = Controllers::Analysis;
    }
    Ok(controllers)
}

fn port(matches: &Matches, flag: &str) -> Result<u16> {
    let port = matches.int(flag);
    u16::try_from(port).map_err(|_| anyhow::anyhow!("--{flag}: {port} is not a port"))
}

/// The times, which must leave room for several attempts before anything is lost.
fn election(matches: &Matches) -> Result<ElectionTimes> {
    let time = |flag: &str| matches.duration(flag).unsigned();
    let times = ElectionTimes {
        duration: time("leader-election-lease-duration"),
        renew_deadline: time("leader-election-renew-deadline"),
        retry_period: time("leader-election-retry-period"),
    };
    ensure!(times.retry_period > Duration::ZERO, "retryPeriod must be greater than zero");
    ensure!(times.duration >= Duration::from_secs(1), "leaseDuration must be at least 1s");
    ensure!(times.duration > times.renew_deadline, "leaseDuration must be greater than renewDeadline");
    // The Go controller waits up to 1.2 times as long between attempts.
    let longest = times.retry_period.mul_f64(1.2);
    ensure!(times.renew_deadline > longest, "renewDeadline must be greater than retryPeriod*JitterFactor");
    Ok(times)
}

fn connection(matches: &Matches, version: &str) -> Result<ConnectOptions> {
    let text = |flag| matches.text_opt(flag).map(str::to_owned);
    let qps = matches.text("qps");
    let parsed = qps.parse::<f32>().ok().filter(|qps| qps.is_finite());
    let Some(qps) = parsed else {
        bail!("invalid argument {qps:?} for \"--qps\" flag: strconv.ParseFloat: parsing {qps:?}: invalid syntax")
    };
    // The API server names field managers after the first word: the same as for the Go controller.
    let user_agent = format!("rollouts-controller/{version}");
    let common = rollouts_cli::connect_options(matches, user_agent).map_err(anyhow::Error::msg)?;
    Ok(ConnectOptions {
        username: text("username"),
        password: text("password"),
        proxy_url: text("proxy-url"),
        throttle: throttle(qps, matches.int("burst"))?,
        ..common
    })
}

/// The rate as Kubernetes' client library for Go reads it: 0 is its own default, a negative one is none.
fn throttle(qps: f32, burst: i64) -> Result<Option<Throttle>> {
    if qps < 0.0 {
        return Ok(None);
    }
    let burst = u32::try_from(burst).map_err(|_| anyhow::anyhow!("--burst: {burst} is not a number of requests"))?;
    Ok(Some(match (qps > 0.0, burst) {
        (true, 0) => {
            bail!("burst is required to be greater than 0 when RateLimiter is not set and QPS is set to greater than 0")
        }
        (true, burst) => Throttle { qps: qps.into(), burst },
        (false, 0) => Throttle { burst: DEFAULT_BURST, ..DEFAULT_RATE },
        (false, burst) => Throttle { burst, ..DEFAULT_RATE },
    }))
}

#[cfg(test)]
mod tests;
