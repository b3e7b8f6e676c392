//! Analyses of an update: the runs that it makes, and what their verdicts do.

mod background;
mod blue_green;
mod history;
mod objects;
mod steps;
mod templates;

use crate::world::World;
use serde_json::{Value, json};

/// Hash of image `2`, with the revision that an update to it is.
const TWO: &str = "web-7445d4664c-2";

/// A canary at image `1`, with the template `look`.
fn canary(strategy: Value) -> World {
    let mut w = World::new(4, json!({ "canary": strategy })).with_template("look");
    w.run(10);
    w.events.clear();
    w.phases.clear();
    w
}

fn analysis() -> Value {
    json!({ "templates": [{ "templateName": "look" }] })
}

/// What the status says of a run of the canary: name without the Rollout's, status and message.
fn entry(w: &World, kind: &str) -> Option<(String, String)> {
    let status = w.status();
    let entry = match kind {
        "step" => &status.canary.current_step_analysis_run_status,
        "background" => &status.canary.current_background_analysis_run_status,
        "pre" => &status.blue_green.pre_promotion_analysis_run_status,
        _ => &status.blue_green.post_promotion_analysis_run_status,
    };
    entry.as_ref().map(|e| (e.name.clone(), e.status.clone()))
}

fn some(name: &str, status: &str) -> Option<(String, String)> {
    Some((name.to_string(), status.to_string()))
}

fn paused_for(w: &World) -> Vec<&str> {
    w.status().pause_conditions.iter().map(|c| c.reason.as_str()).collect()
}
