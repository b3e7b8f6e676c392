//! Revisions of a Rollout, and what differs between two.

use super::Paint;
use jiff::Timestamp;
use rollouts_api::yaml;
use rollouts_view::diff::Change;
use rollouts_view::duration::human;
use rollouts_view::history::Past;
use rollouts_view::{Colour, table};
use serde_json::{Value, json};

/// What differs, one field a line.
pub(crate) fn changes(name: &str, old: &str, new: &str, changes: &[Change], paint: Paint) -> String {
    if changes.is_empty() {
        return format!("{name}: nothing differs between {old} and {new}.\n");
    }
    let mut text = format!("{} {old}\n{} {new}\n\n", paint.colour(Colour::Red, "-"), paint.colour(Colour::Green, "+"));
    let rows: Vec<Vec<String>> = changes.iter().map(|change| row(change, paint)).collect();
    text.push_str(&table::layout(&rows));
    text
}

fn row(change: &Change, paint: Paint) -> Vec<String> {
    let old = change.old.as_ref().map(Change::shown);
    let new = change.new.as_ref().map(Change::shown);
    let (sign, what) = match (old, new) {
        (Some(old), Some(new)) => (
            paint.colour(Colour::Yellow, "~"),
            format!("{} → {}", paint.colour(Colour::Red, &old), paint.colour(Colour::Green, &new)),
        ),
        (Some(old), None) => (paint.colour(Colour::Red, "-"), paint.colour(Colour::Red, &old)),
        (None, new) => (paint.colour(Colour::Green, "+"), paint.colour(Colour::Green, &new.unwrap_or_default())),
    };
    vec![format!("{sign} {}", change.path), what]
}

/// All revisions as a table.
pub(crate) fn history(name: &str, past: &[Past], now: Timestamp, paint: Paint) -> String {
    if past.is_empty() {
        return format!("{name} has no revisions yet.\n");
    }
    let has_cause = past.iter().any(|past| !past.cause.is_empty());
    let mut title: Vec<String> = ["REVISION", "OUTCOME", "IMAGES", "AGE", "CHANGED BY"].map(str::to_owned).into();
    if has_cause {
        title.push("CAUSE".into());
    }
    let mut rows = vec![title];
    for past in past {
        let outcome = paint.status(past.outcome.icon, past.outcome.word);
        let mut row = vec![past.revision.to_string(), outcome, past.images.join(", "), human(past.age), who(past, now)];
        if has_cause {
            row.push(past.cause.clone());
        }
        rows.push(row);
    }
    let mut text = table::layout(&rows);
    let details = past.iter().filter(|past| !past.outcome.detail.is_empty());
    let details: Vec<String> =
        details.map(|past| format!("  revision {}: {}\n", past.revision, past.outcome.detail)).collect();
    if !details.is_empty() {
        text.push('\n');
        text.push_str(&details.concat());
    }
    text
}

fn who(past: &Past, now: Timestamp) -> String {
    match &past.changed_by {
        None => "-".into(),
        Some((who, None)) => who.clone(),
        Some((who, Some(at))) => format!("{who}, {} ago", human(now.duration_since(*at))),
    }
}

/// One revision with its pod template.
pub(crate) fn revision(past: &Past, template: &Value, now: Timestamp, paint: Paint) -> String {
    let mut rows = vec![
        vec!["Revision:".to_owned(), past.revision.to_string()],
        vec!["ReplicaSet:".to_owned(), past.replica_set.clone()],
        vec!["Outcome:".to_owned(), paint.status(past.outcome.icon, past.outcome.word)],
    ];
    let mut add = |label: &str, value: &str| {
        if !value.is_empty() {
            rows.push(vec![label.to_owned(), value.to_owned()]);
        }
    };
    add("", &past.outcome.detail);
    add("Age:", &human(past.age));
    add("Changed by:", if past.changed_by.is_some() { who(past, now) } else { String::new() }.as_str());
    add("Cause:", &past.cause);
    let earlier: Vec<String> = past.earlier.iter().map(ToString::to_string).collect();
    add("Was before:", &earlier.join(", "));
    format!("{}\n{}", table::layout(&rows), yaml::to_string(&json!({"template": template})))
}
