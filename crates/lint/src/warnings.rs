//! What is legal, and mostly a mistake: each with its reason and its remedy in docs/lint.md.

mod canary;
mod metrics;
mod neighbours;
mod pods;
mod strategy;

pub(crate) use metrics::{of_background, of_metrics};

use crate::finding::About;
use crate::object::Object;
use crate::rollout::Subject;
use crate::rules;
use crate::world::World;
use rollouts_api::validation;

/// Of objects of any kind.
pub(crate) fn of_any(object: &Object, world: &World<'_>, found: &mut About<'_>) {
    if object.id.name.is_empty() || object.node.get("metadata").and_then(|m| m.get("name")).is_none() {
        return;
    }
    let earlier = world.all(&object.id.kind).iter().take_while(|other| !std::ptr::eq(**other, object));
    let same = earlier.copied().find(|other| {
        other.group() == object.group()
            && (&other.id.namespace, &other.id.name) == (&object.id.namespace, &object.id.name)
    });
    if let Some(other) = same {
        let message =
            format!("this object is in {}, line {}, already: the last one applied counts", other.file, other.at.line);
        found.add(&rules::DUPLICATE_OBJECT, "metadata.name", message);
    }
}

/// Of Rollouts.
pub(crate) fn of_rollout(subject: &Subject<'_>, found: &mut About<'_>) {
    pods::check(subject, found);
    strategy::check(subject, found);
    if let Some(canary) = &subject.rollout().spec.strategy.canary {
        canary::check(subject, canary, found);
    }
    neighbours::check(subject, found);
    for (path, name) in validation::unknown_arguments(subject.rollout(), &subject.snapshot.analysis_templates) {
        let message = format!("none of the templates has an argument '{name}', so it has no effect");
        found.add(&rules::UNUSED_ARGUMENT, path.as_str(), message);
    }
}
