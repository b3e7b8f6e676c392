//! What holds for every Experiment, whatever happens to it.

use crate::world::{World, ended, template};
use proptest::prelude::*;
use rollouts_api::names;
use serde_json::json;

#[derive(Debug, Clone)]
struct Story {
    templates: Vec<(i32, bool, bool)>,
    analyses: Vec<(bool, i64, &'static str)>,
    duration: &'static str,
    delay: Option<i32>,
    terminate_at: Option<i64>,
    taken: (bool, bool, bool),
}

fn stories() -> impl Strategy<Value = Story> {
    let phases = prop_oneof![Just("Successful"), Just("Failed"), Just("Error"), Just("Inconclusive")];
    (
        prop::collection::vec((0..3, prop::bool::weighted(0.2), any::<bool>()), 0..3),
        prop::collection::vec((any::<bool>(), 0..60_i64, phases), 0..3),
        prop_oneof![Just(""), Just("5s"), Just("30s"), Just("0s")],
        prop_oneof![Just(None), Just(Some(0)), Just(Some(5))],
        prop::option::of(0..60_i64),
        (prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
    )
        .prop_map(|(templates, analyses, duration, delay, terminate_at, taken)| Story {
            templates,
            analyses,
            duration,
            delay,
            terminate_at,
            taken,
        })
}

/// Plays a story to its end; plans are cut short as `crashes` says.
fn play(story: &Story, crashes: &[usize]) -> World {
    let templates: Vec<_> = (story.templates.iter().enumerate())
        .map(|(i, (replicas, _, service))| {
            let mut t = template(&format!("t{i}"), *replicas);
            if *service {
                t["service"] = json!({});
            }
            t
        })
        .collect();
    let analyses: Vec<_> = (story.analyses.iter().enumerate())
        .map(|(i, (required, ..))| crate::world::analysis(&format!("a{i}"), *required))
        .collect();
    let mut w = World::new(json!({
        "templates": templates, "analyses": analyses, "duration": story.duration,
        "scaleDownDelaySeconds": story.delay, "progressDeadlineSeconds": 40,
    }));
    for (i, _) in story.templates.iter().enumerate().filter(|(_, (_, broken, _))| *broken) {
        w.broken.insert(format!("trial-t{i}"));
    }
    for (i, (_, at, phase)) in story.analyses.iter().enumerate() {
        w.verdicts.insert(format!("trial-a{i}"), (*at, phase.to_string()));
    }
    let (set, service, run) = story.taken;
    w.foreign_sets.extend(set.then(|| "trial-t0".to_string()));
    w.foreign_services.extend(service.then(|| "trial-t0".to_string()));
    w.foreign_runs.extend(run.then(|| "trial-a0".to_string()));
    w.crashes = crashes.iter().copied().collect();
    for second in 0..130 {
        w.experiment.spec.terminate |= story.terminate_at == Some(second);
        w.run(1);
    }
    w
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// [`World::run`] asserts that plans come to rest, that nothing waits for a look that nobody asked for, that nothing
    /// is made or told twice, and that an end is an end.
    #[test]
    fn every_story_has_an_end(story in stories(), crashes in prop::collection::vec(0..6_usize, 0..30)) {
        let w = play(&story, &[]);
        let phase = w.phase().0;
        let endless = story.duration.is_empty() && story.terminate_at.is_none()
            && !story.analyses.iter().any(|(required, ..)| *required);
        prop_assert!(ended(phase) || endless || w.runs.values().any(|r| !ended(&r.status.phase)), "{:#?}", w.status());
        if ended(phase) {
            prop_assert!(w.sets.values().all(|s| s.spec.replicas == Some(0)), "{:#?}", w.sets);
            prop_assert!(w.services.is_empty());
            prop_assert!(w.runs.values().all(|r| ended(&r.status.phase)), "{:#?}", w.runs);
        }
        for entry in w.status().analysis_runs.iter().filter(|e| !e.analysis_run.is_empty()) {
            let run = &w.runs[&entry.analysis_run];
            prop_assert_eq!((&entry.phase, &entry.message), (&run.status.phase, &run.status.message));
        }
        // A controller that dies between any two writes changes nothing, except that pods may have begun which another
        // template's failure would have spared: those go when their delay is over.
        let other = play(&story, &crashes);
        let timeless = |w: &World| {
            let mut status = w.status().clone();
            status.template_statuses.iter_mut().for_each(|t| t.last_transition_time = None);
            let mut sets = w.sets.clone();
            sets.values_mut().for_each(|set| drop(set.metadata.annotations.remove(names::SCALE_DOWN_DEADLINE)));
            (status, sets)
        };
        prop_assert_eq!(timeless(&w), timeless(&other));
        prop_assert_eq!((&w.services, &w.runs), (&other.services, &other.runs));
    }
}
