//! Plays a scenario and records it.

use super::kubectl::{Failure, Kubectl};
use super::{Pods, Scenario, Step, Wait, documents, plugin};
use crate::cluster::Cluster;
use crate::recording::observer::MARKER;
use crate::recording::{Observer, Recording};
use rollouts_api::Clock;
use rollouts_kube::{RequestError, resource};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How often a `wait` looks.
const LOOK: Duration = Duration::from_millis(100);
/// How long a `wait` waits when the scenario does not say.
const WAIT_SECONDS: f64 = 90.0;
/// How long a `settle` waits at most.
const SETTLE_SECONDS_MAX: u64 = 120;
/// How long a user's command takes until it reaches the API server. For as long nothing must have changed before: users
/// act upon what they see, and on a busy machine what belongs together comes later.
const COMMAND_TIME: Duration = Duration::from_millis(100);
/// How long a user waits for such a moment at most.
const COMMAND_SECONDS_MAX: u64 = 2;
/// How long the events of the end may take.
const FLUSH_SECONDS_MAX: u64 = 60;

/// Why a scenario could not be played at all. That the Rollout went another way is not an error but
/// [`Recording::failed`].
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The file is wrong.
    #[error("the scenario's manifests: {0}")]
    Yaml(#[from] serde_saphyr::Error),
    /// The cluster does not take its definitions.
    #[error("the cluster does not start: {0:?}")]
    Cluster(rollouts_memkube::ApiError),
    /// The observer failed.
    #[error("the observer: {0}")]
    Observer(#[from] RequestError),
    /// A look at an object failed.
    #[error("a look at the cluster: {0}")]
    Look(String),
}

impl From<Failure> for PlayError {
    fn from(failure: Failure) -> Self {
        PlayError::Look(failure.text())
    }
}

/// Plays `scenario` with our controller in a fresh cluster of its own. Must run under paused time
/// ([`crate::virtual_time::block_on`]).
///
/// # Errors
/// When it cannot be played; see [`PlayError`].
pub async fn play(scenario: &Scenario) -> Result<Recording, PlayError> {
    let mut cluster = Cluster::new(0).map_err(PlayError::Cluster)?;
    cluster.start_actors(cluster.client.clone());
    cluster.start_controller(cluster.client.clone());
    let recording = play_in(&cluster, scenario).await?;
    cluster.stop();
    Ok(recording)
}

/// Plays `scenario` in a cluster where whatever should act upon it runs already, and leaves everything as it is in the
/// end.
///
/// # Errors
/// When it cannot be played; see [`PlayError`].
pub async fn play_in(cluster: &Cluster, scenario: &Scenario) -> Result<Recording, PlayError> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": scenario.name}});
    cluster.server.create(namespace).map_err(PlayError::Cluster)?;
    play_on(&cluster.client, &cluster.clock, scenario).await
}

/// Plays `scenario` in the namespace of its name, which must exist and be empty, on a cluster where a
/// controller runs, in whatever time passes there. Any number of scenarios may be played at once.
///
/// # Errors
/// When it cannot be played; see [`PlayError`].
pub async fn play_on(client: &kube::Client, clock: &Clock, scenario: &Scenario) -> Result<Recording, PlayError> {
    let manifests = documents(&scenario.manifests)?;
    let rollout = manifests.iter().find(|d| d["kind"] == "Rollout");
    let player = Player {
        hands: Kubectl { client, namespace: &scenario.name, directory: &scenario.directory },
        clock,
        observer: Observer::start(client, &scenario.name).await?,
        rollout: rollout.and_then(|d| d["metadata"]["name"].as_str()).unwrap_or_default().to_owned(),
        commands: Vec::new(),
    };
    tokio::time::sleep(COMMAND_TIME).await;
    player.play(scenario, &manifests).await
}

struct Player<'a> {
    hands: Kubectl<'a>,
    clock: &'a Clock,
    observer: Observer,
    rollout: String,
    commands: Vec<Vec<Value>>,
}

impl Player<'_> {
    async fn play(mut self, scenario: &Scenario, manifests: &[Value]) -> Result<Recording, PlayError> {
        if let Err(failure) = self.hands.apply(manifests).await {
            self.commands.push(vec!["apply".into(), 1.into(), failure.text().into()]);
        }
        let mut failed = None;
        for step in &scenario.steps {
            self.observer.quiet_from_now();
            failed = self.step(step).await?;
            if failed.is_some() {
                break;
            }
        }
        self.flush().await?;
        let status = self.hands.get(&format!("rollouts/{}", self.rollout)).await?["status"].take();
        let counters = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "HPAReplicas"];
        let (tracks, events) = self.observer.finish();
        Ok(Recording {
            scenario: scenario.name.clone(),
            failed,
            commands: self.commands,
            events,
            tracks,
            final_counts: counters.into_iter().map(|name| (name.to_owned(), status[name].clone())).collect(),
        })
    }

    /// Gives what never came true.
    async fn step(&mut self, step: &Step) -> Result<Option<String>, PlayError> {
        match step {
            Step::Wait(wait) => return self.wait(wait).await,
            Step::Settle(seconds) => {
                self.quiet(Duration::from_secs_f64(*seconds), Duration::from_secs(SETTLE_SECONDS_MAX)).await;
            }
            Step::Sleep(seconds) => tokio::time::sleep(Duration::from_secs_f64(*seconds)).await,
            _ => {
                tokio::time::sleep(COMMAND_TIME).await;
                self.quiet(COMMAND_TIME, Duration::from_secs(COMMAND_SECONDS_MAX)).await;
                self.act(step).await?;
            }
        }
        Ok(None)
    }

    /// What a user does.
    async fn act(&mut self, step: &Step) -> Result<(), PlayError> {
        match step {
            Step::Wait(_) | Step::Settle(_) | Step::Sleep(_) => {}
            Step::Image(image) => {
                let args = ["set", "image", &self.rollout, image].map(str::to_owned);
                self.plugin(args.to_vec()).await;
            }
            Step::Plugin(line) => self.plugin(plugin::words(line)).await,
            Step::Kubectl(line) => {
                let result = self.hands.run(&plugin::words(line)).await;
                self.commands.push(vec![format!("kubectl {line}").into(), i32::from(result.is_err()).into()]);
            }
            Step::Patch(patch) => {
                let kind = patch.kind.as_deref().unwrap_or("merge");
                let result = self.hands.patch(&patch.object, patch.subresource.as_deref(), kind, &patch.body).await;
                self.note(format!("patch {}", patch.object), result.map(|_| ()));
            }
            Step::Apply(yaml) => {
                let result = self.hands.apply(&documents(yaml)?).await;
                self.note("apply".into(), result);
            }
            Step::Delete(object) => self.hands.delete(object).await?,
            Step::Pods(pods) => self.set_ready(pods).await?,
        }
        Ok(())
    }

    fn note(&mut self, command: String, result: Result<(), Failure>) {
        self.commands.push(match result {
            Ok(()) => vec![command.into(), 0.into()],
            Err(failure) => vec![command.into(), 1.into(), failure.text().into()],
        });
    }

    async fn plugin(&mut self, args: Vec<String>) {
        let Kubectl { client, namespace, directory } = self.hands;
        let output = plugin::run_on_terminal(&args, client, namespace, self.clock, directory).await;
        self.commands.push(vec![args.join(" ").into(), output.code.into(), output.stdout.into(), output.stderr.into()]);
    }

    async fn wait(&self, wait: &Wait) -> Result<Option<String>, PlayError> {
        let end = Instant::now() + Duration::from_secs_f64(wait.timeout.unwrap_or(WAIT_SECONDS));
        let rollout = || format!("rollouts/{}", wait.rollout.as_deref().unwrap_or(&self.rollout));
        let name = wait.object.clone().unwrap_or_else(rollout);
        loop {
            let object = self.hands.get(&name).await?;
            let Some(mismatch) = wait.mismatch(&object) else { return Ok(None) };
            if Instant::now() >= end {
                return Ok(Some(format!("{name} never came to {wait:?}: {mismatch}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until nothing has changed for some time, but not longer than `most`.
    async fn quiet(&self, time: Duration, most: Duration) {
        let end = Instant::now() + most;
        loop {
            let next = (self.observer.last_news() + time).min(end);
            if Instant::now() >= next {
                return;
            }
            tokio::time::sleep_until(next).await;
        }
    }

    async fn set_ready(&self, pods: &Pods) -> Result<(), PlayError> {
        let status = if pods.ready { "True" } else { "False" };
        let now = rollouts_api::Time::new(self.clock.now()).to_string();
        let condition = |kind: &str| json!({"type": kind, "status": status, "lastTransitionTime": now});
        let body = json!({"status": {"conditions": [condition("Ready"), condition("ContainersReady")]}});
        for pod in self.hands.list(&resource::PODS, &pods.selector).await? {
            let name = format!("pods/{}", pod["metadata"]["name"].as_str().unwrap_or_default());
            self.hands.patch(&name, Some("status"), "strategic", &body).await?;
        }
        Ok(())
    }

    /// Events are written aside, in order: waits for the first event of a marker, which comes after all earlier ones.
    async fn flush(&self) -> Result<(), PlayError> {
        let marker = json!({"apiVersion": rollouts_api::names::API_VERSION, "kind": "Rollout",
            "metadata": {"name": MARKER}, "spec": {}});
        self.hands.apply(&[marker]).await?;
        let end = Instant::now() + Duration::from_secs(FLUSH_SECONDS_MAX);
        while !self.observer.is_flushed() && Instant::now() < end {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    }
}
