//! A scenario played while something goes wrong, and how it ended: whatever happens to the controllers, the end must
//! be the same as without.

mod end;

pub use end::{End, end};

use crate::cluster::Cluster;
use crate::compare::mask;
use crate::faults::{Faults, Kill, Odds};
use crate::invariants::{Monitor, SHORT_WINDOW, Subject};
use crate::lives::{ACTORS, CONTROLLER, Lives, Rebirth, SECOND_CONTROLLER};
use crate::metrics_source::Mood;
use crate::recording::Recording;
use crate::scenario::{PlayError, Scenario, first_rollout, play_on};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a dead controller is missed: as short as can be, so that the users of a scenario, who wait for its status
/// and for silence, do the same as in an undisturbed run.
const REBIRTH: Rebirth = Rebirth::After(Duration::from_millis(50));

/// How long until the last delays and deadlines are over.
const END_AFTER: Duration = Duration::from_secs(20 * 60);

/// What goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trial {
    /// The controller dies once.
    pub kill: Option<Kill>,
    /// The actors die once.
    pub kill_actors: Option<Kill>,
    /// Two controllers are at work, neither knowing of the other.
    pub twins: bool,
    /// What everything that is measured answers, instead of what the scenario asks for.
    pub mood: Option<Mood>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What an observer saw until the scenario was over.
    pub recording: Recording,
    /// The objects as they were long after that.
    pub end: End,
    /// Writes that controllers tried, events included.
    pub writes: u64,
    /// Writes of controllers that changed something, without events.
    pub done: u64,
    /// Writes that the actors tried.
    pub actor_writes: u64,
    /// How many controllers and actors died.
    pub deaths: u64,
    /// The highest revision that the Rollout had.
    pub revisions: u64,
    /// What did not hold.
    pub violations: Vec<String>,
}

/// Plays `scenario` under `trial`; more than `revisions` are a violation. Must run under paused time.
///
/// # Errors
/// When it cannot be played.
pub async fn play(scenario: &Scenario, trial: Trial, revisions: u64) -> Result<Outcome, PlayError> {
    let mut cluster = Cluster::new(0).map_err(PlayError::Cluster)?;
    cluster.metrics = cluster.metrics.following(cluster.server.clone());
    let faults = Faults::new(0, Odds::none());
    let dooms = [(CONTROLLER, trial.kill), (ACTORS, trial.kill_actors)];
    dooms.into_iter().filter_map(|(who, kill)| Some((who, kill?))).for_each(|(who, kill)| faults.doom(who, kill));
    cluster.metrics.set_mood(trial.mood);
    let live = |who, begin| Lives::start(cluster.server.clone(), &faults, who, REBIRTH, begin);
    let actors = live(ACTORS, cluster.actors());
    let first = live(CONTROLLER, cluster.controller(None));
    let _second = trial.twins.then(|| live(SECOND_CONTROLLER, cluster.controller(None)));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scenario.name}});
    cluster.server.create(namespace).map_err(PlayError::Cluster)?;
    let rollout = first_rollout(scenario)?;
    let subject = Subject::of(&rollout, &scenario.name, false).analysed();
    let monitor = Monitor::start(&cluster.client, subject, &faults, SHORT_WINDOW).await?;
    monitor.expect_updates(revisions.saturating_sub(1));
    let recording = play_on(&cluster.client, &cluster.clock, scenario).await?;
    tokio::time::sleep(END_AFTER).await;
    let outcome = Outcome {
        recording,
        end: end(&cluster.server, &scenario.name),
        writes: faults.writes(CONTROLLER) + faults.writes(SECOND_CONTROLLER),
        done: faults.done(CONTROLLER) + faults.done(SECOND_CONTROLLER),
        actor_writes: faults.writes(ACTORS),
        deaths: first.deaths() + actors.deaths(),
        revisions: monitor.revision(),
        violations: monitor.violations(),
    };
    monitor.stop();
    cluster.stop();
    Ok(outcome)
}

impl Outcome {
    /// What is wrong with a run in which two controllers were at work, beyond [`Outcome::problems`]: more writes that
    /// changed something, or an object that went another way.
    pub fn flapping(&self, undisturbed: &Outcome) -> Vec<String> {
        let mut problems = self.problems(undisturbed);
        if self.done > undisturbed.done {
            problems.push(format!("{} writes changed something instead of {}", self.done, undisturbed.done));
        }
        // Names of Jobs, and what is said of them, have uids in them.
        let (tracks, wanted) =
            (mask::recording(&self.recording).tracks, mask::recording(&undisturbed.recording).tracks);
        problems.extend(wanted.iter().filter(|(name, track)| tracks.get(*name) != Some(*track)).map(
            |(name, track)| {
                let (found, wanted) = (tracks.get(name).map_or(0, Vec::len), track.len());
                format!("{name} went another way: {found} states instead of {wanted}")
            },
        ));
        problems
    }

    /// What is wrong with this run, compared with the undisturbed one: rules that did not hold, and other objects in
    /// the end.
    pub fn problems(&self, undisturbed: &Outcome) -> Vec<String> {
        let mut problems = self.violations.clone();
        let names: BTreeSet<&String> = undisturbed.end.keys().chain(self.end.keys()).collect();
        for name in names {
            let (wanted, found) = (undisturbed.end.get(name), self.end.get(name));
            if wanted != found {
                let text = |state: Option<&Value>| state.map_or("nothing".to_owned(), Value::to_string);
                problems.push(format!("{name} is {}, not {}", text(found), text(wanted)));
            }
        }
        if self.recording.failed != undisturbed.recording.failed {
            problems.push(format!("the scenario failed: {:?}", self.recording.failed));
        }
        problems
    }
}
