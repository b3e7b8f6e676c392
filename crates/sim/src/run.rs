//! A seeded run: a Rollout, users and faults for some virtual minutes; then everything heals, a good version is
//! promoted, and the run must end healthy, tidy and quiet.

mod analyses;
mod disasters;
mod ears;
mod ending;
mod experiments;
mod legacy;
mod requests;
mod user;

use crate::cluster::Cluster;
use crate::election::Office;
use crate::faults::{Faults, Kill, Odds};
use crate::invariants::{Monitor, SHORT_WINDOW, Subject, WINDOW};
use crate::lives::{ACTORS, CONTROLLER, Lives, Rebirth, SECOND_CONTROLLER};
use crate::metrics_source::Mood;
use crate::virtual_time;
use crate::workload::{Case, NAMESPACE, SECRET_MARK, routers};
use ears::Ears;
use rollouts_memkube::Rng;
use std::time::Duration;
use user::User;

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What did not hold; empty when all is well.
    pub violations: Vec<String>,
    /// The same for two runs only if they were the same, request by request.
    pub digest: u64,
    /// How often the controller or the actors died.
    pub deaths: u64,
}

/// Every fifth run has no faults at all: the rules are strictest there.
const CALM_ONE_IN: u64 = 5;

/// Runs the case of `seed` on this thread. Two runs of one seed are the same if the thread is fresh and its
/// randomness (the seeds of hash maps) is seeded.
///
/// # Errors
/// When the runtime cannot be built.
pub fn run(seed: u64) -> std::io::Result<Outcome> {
    virtual_time::block_on(async move {
        let case = Case::draw(seed);
        let rng = Rng::new(seed.wrapping_add(FAULT_SEED));
        let odds = if rng.below(CALM_ONE_IN) == 0 { Odds::none() } else { Odds::draw(&rng) };
        let faults = Faults::new(rng.next_u64(), odds);
        let (violations, deaths) = match play(seed, &case, &faults, odds).await {
            Ok(result) => result,
            Err(problem) => (vec![problem], 0),
        };
        Outcome { violations, digest: faults.digest(), deaths }
    })
}

/// Runs a case without faults, except that the first controller dies once, where `kill` says.
///
/// # Errors
/// When the runtime cannot be built.
pub fn run_case(seed: u64, case: &Case, kill: Option<Kill>) -> std::io::Result<Outcome> {
    let case = case.clone();
    virtual_time::block_on(async move {
        let faults = Faults::new(seed, Odds::none());
        kill.into_iter().for_each(|kill| faults.doom(CONTROLLER, kill));
        let (violations, deaths) = match play(seed, &case, &faults, Odds::none()).await {
            Ok(result) => result,
            Err(problem) => (vec![problem], 0),
        };
        Outcome { violations, digest: faults.digest(), deaths }
    })
}

/// From a death until the next life.
const REBIRTH: Rebirth = Rebirth::Within(Duration::from_secs(30));

/// How long a controller may take to notice that its lease was stolen.
const RENEWAL: Duration = Duration::from_secs(2);

/// The same when it may not be able to look: it gives up by itself then, and its last write may be slow.
const RENEWAL_UNDER_FAULTS: Duration = Duration::from_secs(12);

/// Sets the dice of the faults apart from those of the workload.
const FAULT_SEED: u64 = 0x5eed_fa17;

/// Who runs the controllers of a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Government {
    /// One controller.
    One,
    /// Two that know nothing of each other.
    Anarchy,
    /// Two, one of which is elected.
    Elected,
}

async fn play(seed: u64, case: &Case, faults: &Faults, odds: Odds) -> Result<(Vec<String>, u64), String> {
    let government = match faults.below(6) {
        0..=3 => Government::One,
        4 => Government::Anarchy,
        _ => Government::Elected,
    };
    let has_disasters = !odds.is_none() && faults.below(2) == 0;
    faults.note(&format!("seed {seed}: {government:?}, disasters: {has_disasters}, {odds:?}"));
    faults.note(&format!("rollout {}", case.rollout["spec"]));
    let mut cluster = Cluster::new(seed).map_err(|e| format!("the cluster does not start: {e:?}"))?;
    cluster.endpoints_delay = case.traffic.as_ref().map(|traffic| traffic.endpoints_delay).unwrap_or_default();
    let window = if odds.is_none() { SHORT_WINDOW } else { WINDOW };
    let is_elected = government == Government::Elected;
    let grace = if odds.is_none() { RENEWAL } else { RENEWAL_UNDER_FAULTS };
    let office = is_elected.then(|| Office::open(&cluster, faults, grace));
    let live = |who, begin| Lives::start(cluster.server.clone(), faults, who, REBIRTH, begin);
    let actors = live(ACTORS, cluster.actors());
    let first = live(CONTROLLER, cluster.controller(is_elected.then_some(CONTROLLER)));
    let second = (government != Government::One)
        .then(|| live(SECOND_CONTROLLER, cluster.controller(is_elected.then_some(SECOND_CONTROLLER))));
    let subject = Subject::of(&case.rollout, NAMESPACE, case.is_harmless());
    let subject = if government == Government::Anarchy { subject.contested() } else { subject };
    let subject = if case.analyses.is_some() { subject.analysed() } else { subject };
    let subject = if case.tries { subject.trying() } else { subject };
    let subject = match &case.traffic {
        Some(traffic) => subject.routed(routers::kinds(&traffic.routers), traffic.is_left_alone),
        None => subject,
    };
    let ears = case.analyses.is_some().then(|| Ears::listen(SECRET_MARK));
    let monitor = Monitor::start(&cluster.client, subject, faults, window)
        .await
        .map_err(|e| format!("the monitor does not start: {e}"))?;
    let user = User { cluster: &cluster, faults, monitor: &monitor };
    user.begin(case)?;
    let acts = async {
        for (wait, action) in &case.actions {
            tokio::time::sleep(*wait).await;
            user.act(action).await;
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
    };
    let disasters = async {
        if has_disasters {
            disasters::happen(&cluster, faults, office.as_ref()).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = acts => {}
        () = disasters => {}
    }
    faults.note("everything heals");
    faults.heal();
    cluster.metrics.set_mood(Some(Mood::Good));
    let mut violations = user.check_followed(case).await;
    violations.extend(user.end(case).await);
    violations.splice(0..0, monitor.violations());
    violations.extend(office.iter().flat_map(Office::violations));
    violations.extend(ears.iter().flat_map(Ears::heard).map(|line| format!("secret: the log shows it: {line}")));
    let deaths = [Some(&first), Some(&actors), second.as_ref()].into_iter().flatten().map(Lives::deaths).sum();
    monitor.stop();
    cluster.stop();
    Ok((violations, deaths))
}
