//! What comes next.

use super::facts::{Facts, State, step_in_words};
use super::{Intent, Moment};
use crate::duration::human;
use jiff::Timestamp;
use rollouts_core::Effect;

/// Writes that the controller is about to make. What it tells about them is not one.
pub(super) fn intents(facts: &Facts<'_>) -> Vec<Intent> {
    let effects = facts.seen.plan.iter().flat_map(|plan| &plan.effects);
    let writes = effects.filter(|step| !matches!(step.effect, Effect::Event { .. }));
    writes.map(|step| Intent { what: shortened(&step.effect.to_string()), why: step.why.clone() }).collect()
}

/// Patches of routers' objects may be of any length.
fn shortened(line: &str) -> String {
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// What time brings, as the controller has noted it, and what follows then.
pub(super) fn moments(facts: &Facts<'_>) -> Vec<Moment> {
    let due = facts.seen.plan.iter().flat_map(|plan| &plan.outlook);
    let mut moments: Vec<Moment> = due.map(|due| Moment { at: Some(due.at), what: due.what.clone() }).collect();
    moments.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
    moments.dedup();
    moments.extend(then(facts).map(|what| Moment { at: None, what }));
    moments
}

/// What follows when that for which it waits has come.
fn then(facts: &Facts<'_>) -> Option<String> {
    let steps = facts.steps();
    match facts.state() {
        State::Going | State::Unattended | State::Unseen | State::Invalid(_) | State::Resting | State::Empty => None,
        State::Starting | State::Restarting => None,
        State::Aborted => Some("nothing more happens by itself".into()),
        State::PausedByUser => Some("nothing happens until somebody promotes it".into()),
        State::Inconclusive => Some("nothing happens until somebody promotes or aborts it".into()),
        State::Paused(_) | State::Updating if facts.is_blue_green() => {
            let service = facts.status("/spec/strategy/blueGreen/activeService");
            let active = facts.status("/status/blueGreen/activeSelector") == facts.status("/status/currentPodHash");
            Some(match active {
                true => format!("then {} becomes the stable one", facts.new_version()),
                false => format!("then Service {service} sends users to {}", facts.new_version()),
            })
        }
        State::Paused(_) | State::Updating => {
            let (number, _) = facts.step()?;
            Some(match steps.get(number) {
                Some(step) => format!("then step {} of {} ({})", number + 1, steps.len(), step_in_words(step)),
                None => format!("then {} becomes the stable one", facts.new_version()),
            })
        }
    }
}

/// A moment as people say it: the time, with the date unless it is of today, and how far it is.
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let text = rollouts_api::Time::new(at).to_string();
    let today = rollouts_api::Time::new(now).to_string();
    let shown = match (text.split_once('T'), today.split_once('T')) {
        (Some((day, time)), Some((today, _))) if day == today => format!("{} UTC", time.trim_end_matches('Z')),
        _ => text,
    };
    match at > now {
        true => format!("{shown} (in {})", human(at.duration_since(now))),
        false => format!("{shown} ({} ago)", human(now.duration_since(at))),
    }
}
