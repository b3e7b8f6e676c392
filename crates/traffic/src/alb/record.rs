//! Which annotations of an Ingress belong to which Rollout: `rollouts.argoproj.io/managed-alb-annotations`, a JSON map
//! that Rollouts share.

use crate::ingress;
use serde_json::Value;
use std::collections::BTreeMap;

const RECORD: &str = "rollouts.argoproj.io/managed-alb-annotations";
/// What earlier versions of the Go controller wrote; nobody reads it any more.
const LEGACY: &str = "rollouts.argoproj.io/managed-alb-actions";

/// Annotations by Rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record(BTreeMap<String, Vec<String>>);

impl Record {
    /// Reads the annotation.
    ///
    /// # Errors
    /// When it is not a JSON map of lists.
    pub fn of(name: &str, ingress: &Value) -> Result<Record, String> {
        let text = ingress::annotation(ingress, RECORD).unwrap_or("{}");
        let lists: BTreeMap<String, Option<Vec<String>>> = serde_json::from_str(text)
            .map_err(|error| format!("ingress `{name}`: annotation {RECORD} is not a JSON map of lists: {error}"))?;
        Ok(Record(lists.into_iter().map(|(rollout, list)| (rollout, list.unwrap_or_default())).collect()))
    }

    /// The annotations of a Rollout.
    pub fn get(&self, rollout: &str) -> &[String] {
        self.0.get(rollout).map_or(&[], Vec::as_slice)
    }

    /// Writes down what a Rollout has; nothing is an entry of its own only in what the Go controller writes.
    pub fn set(mut self, rollout: &str, list: Vec<String>, ingress: &mut Value) {
        match list.is_empty() {
            true => drop(self.0.remove(rollout)),
            false => drop(self.0.insert(rollout.into(), list)),
        }
        let text = (!self.0.is_empty()).then(|| serde_json::to_string(&self.0).expect("strings are JSON"));
        ingress::annotate(ingress, RECORD, text);
        ingress::annotate(ingress, LEGACY, None);
    }
}
