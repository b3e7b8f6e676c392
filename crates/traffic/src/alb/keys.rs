//! Names of annotations.

use rollouts_api::rollout::AlbTrafficRouting;
use std::collections::BTreeSet;

/// What the action of this name is written in.
pub fn action(prefix: &str, name: &str) -> String {
    format!("{prefix}/actions.{name}")
}

/// What its conditions are written in.
pub fn conditions(prefix: &str, name: &str) -> String {
    format!("{prefix}/conditions.{name}")
}

/// What annotations begin with, without the slash.
pub fn prefix(alb: &AlbTrafficRouting) -> &str {
    if alb.annotation_prefix.is_empty() { "alb.ingress.kubernetes.io" } else { &alb.annotation_prefix }
}

/// An action, by its annotation's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub prefix: String,
    pub name: String,
}

impl Key {
    /// What it is written in.
    pub fn action(&self) -> String {
        action(&self.prefix, &self.name)
    }

    /// What its conditions are written in.
    pub fn conditions(&self) -> String {
        conditions(&self.prefix, &self.name)
    }
}

/// The actions among annotations that belong to a Rollout: those that are header routes, which have conditions, and the
/// others, which split traffic.
pub fn actions(list: &[String]) -> (BTreeSet<Key>, BTreeSet<Key>) {
    let keys = list.iter().filter_map(|key| {
        let (prefix, name) = key.split_once("/actions.")?;
        Some(Key { prefix: prefix.into(), name: name.into() })
    });
    keys.partition(|key| list.contains(&key.conditions()))
}
