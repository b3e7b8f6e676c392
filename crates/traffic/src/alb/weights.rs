//! The action that splits the traffic.

use super::action::Action;
use super::keys::{self, Key};
use super::record::Record;
use super::{Job, routes};
use crate::{Draft, Event, ObjectRef, ingress};
use serde_json::Value;

impl Job<'_> {
    /// One Ingress, if it is there.
    pub(super) fn at(&self, name: &str) -> ObjectRef {
        ingress::named(&self.cx.rollout.metadata.namespace, name)
    }

    /// What one Ingress says, with an error when it is not there.
    pub(super) fn read<'d>(&self, name: &str, draft: &'d Draft<'_>) -> Result<&'d Value, String> {
        draft.get(&self.at(name)).ok_or_else(|| ingress::not_found(name))
    }

    pub(super) fn set_weights(&self, name: &str, draft: &mut Draft<'_>) -> Result<(), String> {
        let old = self.read(name, draft)?;
        if !ingress::uses(old, self.root()) {
            return Err(format!("ingress does not have service `{}` in rules", self.root()));
        }
        let record = Record::of(name, old)?;
        let mut new = old.clone();
        let root = Key { prefix: self.prefix().into(), name: self.root().into() };
        ingress::annotate(&mut new, &root.action(), Some(Action::split(self.alb, self.route)?.text()));
        let (routes, split) = keys::actions(record.get(self.rollout()));
        // What the action was called before, when the Service in the rules or the prefix changed.
        for former in split.iter().filter(|key| **key != root) {
            self.reset(former, &mut new);
        }
        record.set(self.rollout(), routes::listed(&[root].into(), &routes), &mut new);
        let message = format!("Updating Ingress `{name}` to desiredWeight '{}'", self.route.weight);
        let events = vec![Event::normal("PatchingALBIngress", message)];
        draft.update(&self.at(name), new, format!("the canary is to have weight {}", self.route.weight), events);
        Ok(())
    }

    /// All that an action splits goes to the stable version.
    pub(super) fn reset(&self, key: &Key, ingress: &mut Value) {
        let stable = &self.route.stable.service;
        let found = ingress::annotation(ingress, &key.action()).and_then(Action::read);
        let reset = found.map(|action| action.reset(&key.name, stable));
        let Some(action) = reset.or_else(|| Action::all_to(self.alb, stable).ok()) else { return };
        if ingress::annotation(ingress, &key.action()).is_some() {
            ingress::annotate(ingress, &key.action(), Some(action.text()));
        }
    }
}
