//! Scenarios: manifests, and what a user then does. Played and recorded: in this process under virtual time, or on any
//! cluster in real time.

pub(crate) mod kubectl;
mod play;
pub mod plugin;
mod wait;

pub use play::{PlayError, play, play_in, play_on};

use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// A scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, and that of the namespace it plays in.
    pub name: String,
    /// What it shows.
    pub purpose: String,
    /// YAML documents, applied in order before the first step.
    pub manifests: String,
    /// What happens then.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Where the files lie that its commands name.
    #[serde(skip)]
    pub directory: PathBuf,
}

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Wait until an object is in a state.
    Wait(Wait),
    /// Wait until nothing has changed for so many seconds, at most 120.
    Settle(f64),
    /// Wait for so many seconds.
    Sleep(f64),
    /// `set image` of the plugin on the first Rollout, given `CONTAINER=IMAGE`.
    Image(String),
    /// A command of the plugin.
    Plugin(String),
    /// A command of kubectl; see [`kubectl`] for those that are known.
    Kubectl(String),
    /// Patch an object.
    Patch(Patch),
    /// Create, or merge over, the objects of YAML documents.
    Apply(String),
    /// Delete `plural/name`.
    Delete(String),
    /// Force the Ready condition of pods.
    Pods(Pods),
}

/// What to wait for: of a Rollout, all that is given of phase, message and step; or one field of any object.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Wait {
    /// Name of the Rollout; the scenario's first one if absent.
    pub rollout: Option<String>,
    /// `status.phase`.
    pub phase: Option<String>,
    /// `status.message`.
    pub message: Option<String>,
    /// `status.currentStepIndex`.
    pub step: Option<i64>,
    /// `plural/name` of another object.
    pub object: Option<String>,
    /// A field of that object, with dots.
    pub path: Option<String>,
    /// The value that field must have.
    pub equals: Option<Value>,
    /// Seconds until the scenario has failed; 90 if absent.
    pub timeout: Option<f64>,
}

/// A patch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// `plural/name`.
    pub object: String,
    /// `merge` (also when absent), `json` or `strategic`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Such as `status`.
    pub subresource: Option<String>,
    /// The patch itself.
    pub body: Value,
}

/// Which pods, and whether they shall be ready.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pods {
    /// Label selector.
    pub selector: String,
    /// The value of their Ready condition.
    pub ready: bool,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// When it is not YAML of this shape.
    pub fn parse(yaml: &str) -> Result<Scenario, serde_saphyr::Error> {
        serde_saphyr::from_str(yaml)
    }
}

/// The documents of a YAML text.
fn documents(yaml: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml)?;
    Ok(documents.into_iter().filter(|d| !d.is_null()).collect())
}

/// The first Rollout among the manifests; `Null` if there is none.
pub(crate) fn first_rollout(scenario: &Scenario) -> Result<Value, PlayError> {
    let mut manifests = documents(&scenario.manifests)?.into_iter();
    Ok(manifests.find(|d| d["kind"] == "Rollout").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_kind_of_step() {
        let scenario = Scenario::parse(
            "name: n\npurpose: p\nmanifests: |\n  kind: A\n  ---\n  kind: B\nsteps:\n- wait: {phase: Paused, step: 1}\n\
             - settle: 2\n- sleep: 0.5\n- image: a=b\n- plugin: abort x\n- kubectl: scale ro x --replicas 2\n\
             - patch: {object: rollouts/x, type: json, body: [{op: remove, path: /a}]}\n- apply: |\n    kind: C\n\
             - delete: rollouts/x\n- pods: {selector: a=b, ready: false}\n",
        )
        .expect("a scenario");
        assert_eq!(scenario.steps.len(), 10);
        assert_eq!(documents(&scenario.manifests).expect("YAML").len(), 2);
        let Step::Wait(wait) = &scenario.steps[0] else { panic!("{:?}", scenario.steps[0]) };
        assert_eq!((wait.phase.as_deref(), wait.step), (Some("Paused"), Some(1)));
    }
}
