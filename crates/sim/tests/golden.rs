//! Replays the recorded scenarios of the original controller and asserts that a user sees the same.
//!
//! `golden/AREA/NAME.yaml` is a scenario, `NAME.json` what was seen of Argo Rollouts 1.10 on Kubernetes 1.34.
//! `golden/differences.txt` names those where this controller differs on purpose; each is explained in
//! `docs/differences.md`. `GOLDEN_OUT=DIR cargo test -p rollouts-sim --test golden` writes our recordings there.

use rollouts_sim::recording::Recording;
use rollouts_sim::scenario::{Scenario, play};
use rollouts_sim::{compare, virtual_time};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Scenarios that differ on purpose: `NAME: reason` a line.
fn differences() -> Vec<(String, String)> {
    let text = read(&golden().join("differences.txt"));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = |line: &str| line.split_once(": ").map(|(n, r)| (n.to_owned(), r.to_owned())).expect("NAME: reason");
    lines.map(split).collect()
}

fn replay(area: &str, name: &str) {
    let file = golden().join(area).join(name);
    let scenario = Scenario::parse(&read(&file.with_extension("yaml"))).expect("a scenario");
    let recorded: Recording = serde_json::from_str(&read(&file.with_extension("json"))).expect("a recording");
    let ours = virtual_time::block_on(play(&scenario)).expect("a runtime").expect("a scenario that can be played");
    if let Some(dir) = std::env::var_os("GOLDEN_OUT") {
        let text = serde_json::to_string_pretty(&ours).expect("JSON");
        std::fs::write(Path::new(&dir).join(name).with_extension("json"), text).expect("a directory to write to");
    }
    let diff = compare::diff(&recorded, &ours);
    match differences().into_iter().find(|(known, _)| known == name) {
        None => assert!(diff.is_empty(), "{name} is not as recorded:\n{diff}"),
        Some((_, reason)) => {
            assert!(!diff.is_empty(), "{name} is as recorded: it needs no excuse any more ({reason})");
        }
    }
}

macro_rules! scenarios {
    ($($area:ident { $($test:ident $name:literal;)* })*) => {
        $(mod $area {
            $(#[test]
            fn $test() {
                super::replay(stringify!($area), $name);
            })*
        })*

        #[test]
        fn every_scenario_is_replayed() {
            let listed: BTreeSet<String> = [$($(concat!(stringify!($area), "/", $name)),*),*].map(str::to_owned).into();
            let mut present = BTreeSet::new();
            for area in [$(stringify!($area)),*] {
                for entry in golden().join(area).read_dir().expect("a directory") {
                    let path = entry.expect("an entry").path();
                    let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
                    present.insert(format!("{area}/{name}"));
                }
            }
            assert_eq!(listed, present);
        }
    };
}

#[test]
fn every_difference_is_documented() {
    let documented = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md"));
    for (name, _) in differences() {
        assert!(documented.contains(&format!("`{name}`")), "docs/differences.md does not explain {name}");
    }
}

scenarios! {
    canary {
        canary_abort_retry "canary-abort-retry";
        canary_annotations "canary-annotations";
        canary_anti_affinity "canary-anti-affinity";
        canary_back_to_stable "canary-back-to-stable";
        canary_bad_first "canary-bad-first";
        canary_collision "canary-collision";
        canary_crash_canary "canary-crash-canary";
        canary_deadline "canary-deadline";
        canary_deadline_abort "canary-deadline-abort";
        canary_edit_steps "canary-edit-steps";
        canary_edit_steps_idle "canary-edit-steps-idle";
        canary_first_deploy "canary-first-deploy";
        canary_history "canary-history";
        canary_metadata "canary-metadata";
        canary_min_ready "canary-min-ready";
        canary_no_steps "canary-no-steps";
        canary_pauses "canary-pauses";
        canary_rollback_window "canary-rollback-window";
        canary_scale_at_pause "canary-scale-at-pause";
        canary_scale_step_unrouted "canary-scale-step-unrouted";
        canary_services "canary-services";
        canary_services_promote "canary-services-promote";
        canary_single "canary-single";
        canary_skip "canary-skip";
        canary_spec_paused "canary-spec-paused";
        canary_stacked "canary-stacked";
        canary_template_and_replicas "canary-template-and-replicas";
        canary_unavailable_only "canary-unavailable-only";
        canary_undo "canary-undo";
        canary_walk "canary-walk";
        canary_weights_wide "canary-weights-wide";
        canary_zero "canary-zero";
    }
    bluegreen {
        bg_abort_before "bg-abort-before";
        bg_abort_keep "bg-abort-keep";
        bg_anti_affinity "bg-anti-affinity";
        bg_auto_seconds "bg-auto-seconds";
        bg_auto_straight "bg-auto-straight";
        bg_delay_limit "bg-delay-limit";
        bg_fast_rollback "bg-fast-rollback";
        bg_manual_gate "bg-manual-gate";
        bg_metadata "bg-metadata";
        bg_preview_count "bg-preview-count";
        bg_scale_old "bg-scale-old";
        bg_scale_paused "bg-scale-paused";
        bg_slow_rollback "bg-slow-rollback";
        inv_canary "inv-canary";
        inv_immutable "inv-immutable";
        inv_numbers "inv-numbers";
        inv_recover "inv-recover";
        inv_selector "inv-selector";
        inv_services "inv-services";
        inv_steps "inv-steps";
        inv_strategy "inv-strategy";
        inv_template "inv-template";
        restart_bluegreen "restart-bluegreen";
        restart_budget "restart-budget";
        restart_pdb "restart-pdb";
    }
}
