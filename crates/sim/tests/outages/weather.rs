//! The API server goes away, or misbehaves, in the middle of many updates: the controller recovers by itself, brings
//! every update to its end, and says so once in the log.

use crate::support;
use crate::world::{Government, World};
use rollouts_sim::faults::Weather;
use rollouts_sim::lives::{ACTORS, CONTROLLER};
use rollouts_sim::virtual_time;
use std::time::Duration;
use tokio::time::sleep;

/// Kinds that a controller watches whose Rollouts refer to no workload.
const WATCHED_KINDS: usize = 9;

/// Updates all, lets something happen in the middle, and gives what was logged about it.
fn in_the_middle<F: Future<Output = ()>>(happens: impl FnOnce(World) -> F + Send + 'static) {
    support::seeded(0, move || {
        virtual_time::block_on(async move {
            let world = World::start(Government::One).await;
            world.update_all().await;
            sleep(Duration::from_millis(1500)).await;
            happens(world).await;
        })
        .expect("a runtime")
    });
}

/// One line when it begins and one when it ends.
fn assert_told_once(failures: &[String]) {
    let is_told = matches!(failures, [lost, back] if lost.contains("lost touch") && back.contains("back in touch"));
    assert!(is_told, "{failures:#?}");
}

/// Everybody has this weather for a while.
fn comes_and_goes(weather: Weather, lasts: Duration) {
    in_the_middle(async move |world| {
        world.everybody(weather, lasts).await;
        world.healthy(2, Duration::from_secs(180)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn a_minute_without_the_api_server() {
    comes_and_goes(Weather::Down, Duration::from_secs(60));
}

#[test]
fn half_a_minute_of_too_many_requests() {
    comes_and_goes(Weather::Busy, Duration::from_secs(30));
}

#[test]
fn half_a_minute_of_internal_errors() {
    comes_and_goes(Weather::Failing, Duration::from_secs(30));
}

#[test]
fn half_a_minute_of_lost_answers() {
    comes_and_goes(Weather::Lossy, Duration::from_secs(30));
}

#[test]
fn a_minute_of_silence() {
    in_the_middle(async |world| {
        world.faults.weather(CONTROLLER, Weather::Cut);
        sleep(Duration::from_secs(60)).await;
        world.faults.weather(CONTROLLER, Weather::Fair);
        // Watches that were cut off without a word are given up when our own writes do not show, or when overdue.
        world.healthy(2, Duration::from_secs(600)).await;
        assert_told_once(&world.failures());
    });
}

#[test]
fn watches_that_expired() {
    in_the_middle(async |world| {
        for _ in 0..10 {
            [ACTORS, CONTROLLER].iter().for_each(|who| world.faults.weather(who, Weather::Down));
            sleep(Duration::from_secs(1)).await;
            world.cluster.server.compact(world.cluster.server.resource_version());
            [ACTORS, CONTROLLER].iter().for_each(|who| world.faults.weather(who, Weather::Fair));
            sleep(Duration::from_secs(4)).await;
        }
        world.healthy(2, Duration::from_secs(180)).await;
        let failures = world.failures();
        assert!(failures.len() <= 20, "{failures:#?}");
    });
}

#[test]
fn watches_that_fall_silent() {
    in_the_middle(async |world| {
        world.faults.silence_watches(CONTROLLER);
        world.healthy(2, Duration::from_secs(400)).await;
        // Nothing failed: those that miss what we wrote ourselves, or their bookmarks, are doubted. Each says so once.
        let mut lines = world.lines.take();
        lines.retain(|line| line.contains("a new watch is opened") || !line.starts_with("INFO"));
        assert!((1..=WATCHED_KINDS).contains(&lines.len()), "{lines:#?}");
    });
}

#[test]
fn lists_from_the_past() {
    in_the_middle(async |world| {
        world.faults.weather(CONTROLLER, Weather::Stale);
        world.cluster.server.compact(world.cluster.server.resource_version());
        world.faults.break_watches(CONTROLLER);
        sleep(Duration::from_secs(60)).await;
        world.faults.weather(CONTROLLER, Weather::Fair);
        world.healthy(2, Duration::from_secs(180)).await;
        let failures = world.failures();
        assert!(failures.len() <= 2, "{failures:#?}");
    });
}
