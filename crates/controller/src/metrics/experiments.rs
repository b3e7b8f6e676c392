//! Numbers about the present state of Experiments, from the cache at each scrape.

use super::phases::{by_phase, labels};
use super::text::{Kind, Text};
use rollouts_api::Experiment;
use std::sync::Arc;

pub(super) fn write(text: &mut Text, experiments: &[Arc<Experiment>]) {
    text.family("experiment_info", Kind::Gauge, "What there is to know about an Experiment.");
    for experiment in experiments {
        let [namespace, name] = labels(&experiment.metadata);
        text.sample("experiment_info", &[namespace, name, ("phase", &experiment.status.phase)], 1.0);
    }
    text.family("experiment_phase", Kind::Gauge, "Deprecated, use experiment_info.");
    for experiment in experiments {
        by_phase(text, "experiment_phase", &labels(&experiment.metadata), &experiment.status.phase);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn experiments_as_the_go_controller_tells_them() {
        let experiment = |phase: &str| {
            let object = json!({
                "metadata": { "name": "e", "namespace": "shop" },
                "spec": { "templates": [] },
                "status": { "phase": phase },
            });
            Arc::new(serde_json::from_value::<Experiment>(object).expect("an Experiment"))
        };
        let lines = |phase: &str| -> Vec<String> {
            let mut text = Text::default();
            write(&mut text, &[experiment(phase)]);
            text.finish().lines().filter(|line| line.ends_with(" 1")).map(str::to_owned).collect()
        };
        let of = r#"namespace="shop",name="e""#;
        let both = |info: &str, phase: &str| {
            let info = format!(r#"experiment_info{{{of},phase="{info}"}} 1"#);
            [info, format!(r#"experiment_phase{{{of},phase="{phase}"}} 1"#)]
        };
        assert_eq!(lines("Failed"), both("Failed", "Failed"));
        assert_eq!(lines(""), both("", "Pending"));
    }
}
