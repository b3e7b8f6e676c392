//! Replays the recorded scenarios of the original controller and asserts that a user sees the same.
//!
//! See [`rollouts_sim::golden`]. `crates/cluster/tests/scenarios.rs` plays the same on a real API server.
//! `GOLDEN_OUT=DIR cargo test -p rollouts-sim --test golden` writes our recordings there.

use rollouts_sim::golden::{self, Golden};
use rollouts_sim::scenario::play;
use rollouts_sim::virtual_time;
use std::collections::BTreeSet;
use std::path::Path;

fn replay(area: &str, name: &str) {
    let golden = Golden::read(area, name).expect("a recorded scenario");
    let ours =
        virtual_time::block_on(play(&golden.scenario)).expect("a runtime").expect("a scenario that can be played");
    if let Some(dir) = std::env::var_os("GOLDEN_OUT") {
        let text = serde_json::to_string_pretty(&ours).expect("JSON");
        std::fs::write(Path::new(&dir).join(name).with_extension("json"), text).expect("a directory to write to");
    }
    golden.check(&ours).unwrap_or_else(|problem| panic!("{problem}"));
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
            let names = |area| golden::names(area).expect("a directory");
            let present = golden::AREAS.iter().chain(&[golden::PLUGIN]).flat_map(|area| names(area).into_iter().map(move |n| format!("{area}/{n}")));
            assert_eq!(listed, present.collect::<BTreeSet<_>>());
        }
    };
}

#[test]
fn every_difference_is_documented() {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let text = |file: &str| std::fs::read_to_string(documents.join(file)).expect("a document");
    let (controller, plugin) = (text("differences.md"), text("differences/cli.md"));
    let of_plugin = golden::names(golden::PLUGIN).expect("a directory");
    for golden::Difference { name, .. } in golden::differences().expect("a list") {
        let (file, documented) = match of_plugin.contains(&name) {
            true => ("differences/cli.md", &plugin),
            false => ("differences.md", &controller),
        };
        assert!(documented.contains(&format!("`{name}`")), "docs/{file} does not explain {name}");
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
        inv_workload "inv-workload";
        restart_bluegreen "restart-bluegreen";
        restart_budget "restart-budget";
        restart_pdb "restart-pdb";
        wr_never "wr-never";
        wr_onsuccess "wr-onsuccess";
        wr_progressively "wr-progressively";
        wr_restart_undo "wr-restart-undo";
    }
    analysis {
        an_args "an-args";
        an_background_failure "an-background-failure";
        an_background "an-background";
        an_bluegreen_pre_failure "an-bluegreen-pre-failure";
        an_bluegreen_pre_post "an-bluegreen-pre-post";
        an_consecutive_success "an-consecutive-success";
        an_count_limits "an-count-limits";
        an_dry_run "an-dry-run";
        an_errors "an-errors";
        an_exp_bad_image "an-exp-bad-image";
        an_exp_duration "an-exp-duration";
        an_exp_failed_analysis "an-exp-failed-analysis";
        an_exp_refused "an-exp-refused";
        an_exp_step_failure "an-exp-step-failure";
        an_exp_step "an-exp-step";
        an_exp_terminate "an-exp-terminate";
        an_expr_object "an-expr-object";
        an_expr_typed "an-expr-typed";
        an_history "an-history";
        an_inconclusive "an-inconclusive";
        an_initial_delay "an-initial-delay";
        an_invalid "an-invalid";
        an_job "an-job";
        an_prometheus "an-prometheus";
        an_retention "an-retention";
        an_rollout_args "an-rollout-args";
        an_step_failure_retry "an-step-failure-retry";
        an_step_inconclusive "an-step-inconclusive";
        an_step_skipped "an-step-skipped";
        an_step_success "an-step-success";
        an_templates_nested "an-templates-nested";
        an_terminate "an-terminate";
        an_truth_table "an-truth-table";
        an_ttl "an-ttl";
        an_web_jsonpath "an-web-jsonpath";
        an_web_request "an-web-request";
    }
    traffic {
        tr_alb "tr-alb";
        tr_alb_header_full "tr-alb-header-full";
        tr_alb_multi_root "tr-alb-multi-root";
        tr_alb_pingpong "tr-alb-pingpong";
        tr_apisix "tr-apisix";
        tr_apisix_missing "tr-apisix-missing";
        tr_canary_scale "tr-canary-scale";
        tr_drift "tr-drift";
        tr_dss_abort "tr-dss-abort";
        tr_dss_forward "tr-dss-forward";
        tr_dss_rollback "tr-dss-rollback";
        tr_exp_smi "tr-exp-smi";
        tr_invalid_refs "tr-invalid-refs";
        tr_invalid_static "tr-invalid-static";
        tr_istio_abort "tr-istio-abort";
        tr_istio_abort_delay "tr-istio-abort-delay";
        tr_istio_header "tr-istio-header";
        tr_istio_header_canary_scale "tr-istio-header-canary-scale";
        tr_istio_host "tr-istio-host";
        tr_istio_mirror "tr-istio-mirror";
        tr_istio_multi_vs "tr-istio-multi-vs";
        tr_istio_pingpong "tr-istio-pingpong";
        tr_istio_promote_full "tr-istio-promote-full";
        tr_istio_rollback "tr-istio-rollback";
        tr_istio_stacked "tr-istio-stacked";
        tr_istio_subset "tr-istio-subset";
        tr_istio_tls_tcp "tr-istio-tls-tcp";
        tr_min_pods "tr-min-pods";
        tr_missing_vs "tr-missing-vs";
        tr_nginx "tr-nginx";
        tr_nginx_annotations "tr-nginx-annotations";
        tr_nginx_foreign "tr-nginx-foreign";
        tr_nginx_missing "tr-nginx-missing";
        tr_nginx_multi "tr-nginx-multi";
        tr_remove_routing "tr-remove-routing";
        tr_scale_mid_canary "tr-scale-mid-canary";
        tr_several "tr-several";
        tr_smi "tr-smi";
        tr_smi_foreign "tr-smi-foreign";
        tr_traefik "tr-traefik";
    }
    cli {
        cli_abort_retry "cli-abort-retry";
        cli_analysis_tree "cli-analysis-tree";
        cli_bad_states "cli-bad-states";
        cli_bluegreen_tree "cli-bluegreen-tree";
        cli_canary_experiment "cli-canary-experiment";
        cli_canary_tree "cli-canary-tree";
        cli_create "cli-create";
        cli_empty_namespace "cli-empty-namespace";
        cli_experiment "cli-experiment";
        cli_help "cli-help";
        cli_misuse "cli-misuse";
        cli_notifications "cli-notifications";
        cli_pause_restart "cli-pause-restart";
        cli_promote_canary "cli-promote-canary";
        cli_set_image "cli-set-image";
        cli_status "cli-status";
        cli_undo "cli-undo";
    }
}
