//! Analyses on a real API server, in real time: what no recording shows, and what depends on the server, on its garbage
//! collection, admission and rights, on its limits, and on Kubernetes' own controller of Jobs.
//!
//! All are played side by side in one cluster, each in a namespace of its own, by controllers that have the rights of
//! `deploy/install.yaml`. `ANALYSES=secret,quota` in the environment chooses those whose names contain one of these
//! words.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod ends;
mod jobs;
mod objects;
mod rollouts;
mod runs;
mod source;
mod world;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use std::panic::AssertUnwindSafe;
use world::{Place, World};

/// From the start of one to that of the next, so that namespaces do not all come at once.
const START_INTERVAL_MS: u64 = 200;

macro_rules! tests {
    ($world:expr; $($module:ident::$test:ident;)*) => {
        vec![$((stringify!($test), async {
            let place = Place::begin($world, stringify!($test)).await;
            $module::$test(&place).await;
        }.boxed_local())),*]
    };
}

fn all(world: &World) -> Vec<(&'static str, LocalBoxFuture<'_, ()>)> {
    tests! { world;
        ends::a_deleted_run_takes_its_job_with_it;
        ends::a_deleted_rollout_takes_runs_and_jobs_with_it;
        ends::a_deleted_experiment_takes_all_that_it_made_with_it;
        ends::a_namespace_that_goes_takes_everything_with_it;
        ends::time_is_over_on_time;
        ends::a_user_terminates_a_run_and_its_job;
        ends::a_killed_controller_is_succeeded;
        jobs::a_job_waits_for_its_service_account;
        jobs::jobs_have_a_namespace_of_their_own;
        jobs::a_job_that_goes_as_soon_as_it_has_ended_counts;
        jobs::a_job_that_is_refused_is_an_error_in_the_servers_words;
        jobs::what_only_the_real_controller_of_jobs_does;
        runs::secrets_are_read_with_the_rights_of_the_manifest;
        runs::a_status_of_any_size_and_script_is_written;
        runs::a_run_made_by_hand;
        rollouts::templates_of_the_cluster_measure_in_any_namespace;
        rollouts::templates_that_come_late_heal;
        rollouts::a_failing_background_analysis_aborts_and_ends_its_job;
        rollouts::an_inconclusive_analysis_waits_for_the_plugin;
    }
}

#[test]
fn analyses_on_a_real_api_server() {
    let Some(binaries) = rollouts_cluster::binaries_for_tests() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::start(&binaries).await;
        let chosen = all(&world).into_iter().filter(|(name, _)| is_chosen(name));
        let played = chosen.zip(0..).map(async |((name, test), turn)| {
            tokio::time::sleep(std::time::Duration::from_millis(START_INTERVAL_MS * turn)).await;
            // What it was is told where it happened.
            AssertUnwindSafe(test).catch_unwind().await.err().map(|_| name)
        });
        let failed: Vec<&str> = join_all(played).await.into_iter().flatten().collect();
        world.stop().await;
        assert_eq!(failed, [""; 0], "these failed");
    });
}

fn is_chosen(name: &str) -> bool {
    let words = std::env::var("ANALYSES").unwrap_or_default();
    words.split(',').any(|word| name.contains(word))
}
