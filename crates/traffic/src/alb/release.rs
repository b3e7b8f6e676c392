//! An Ingress as it was before the Rollout, but for the action that its rules need.

use super::record::Record;
use super::{Job, keys, routes};
use crate::{Draft, Event};

impl Job<'_> {
    /// What the record says is the Rollout's goes; actions that split traffic stay, with all of it for the stable version.
    pub(super) fn release(&self, name: &str, draft: &mut Draft<'_>) {
        let Some(old) = draft.get(&self.at(name)) else { return };
        let Ok(record) = Record::of(name, old) else { return };
        let (headers, split) = keys::actions(record.get(self.rollout()));
        let mut new = old.clone();
        headers.iter().for_each(|key| routes::remove(key, &mut new));
        split.iter().for_each(|key| self.reset(key, &mut new));
        record.set(self.rollout(), Vec::new(), &mut new);
        let message = format!("Updating Ingress `{name}` to desiredWeight '0'");
        let events = vec![Event::normal("PatchingALBIngress", message)];
        draft.update(&self.at(name), new, "the Rollout no longer routes traffic with it", events);
    }
}
