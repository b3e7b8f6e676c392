//! Two controllers of which one is elected, while the lease is lost and stolen in the middle of many updates: nobody
//! writes without holding the lease, and every update comes to its end.

use crate::support;
use crate::world::{Government, World};
use rollouts_sim::cluster::Cluster;
use rollouts_sim::faults::Weather;
use rollouts_sim::lives::{CONTROLLER, SECOND_CONTROLLER, lease_client};
use rollouts_sim::virtual_time;
use std::time::Duration;
use tokio::time::sleep;

/// The first to come holds the lease.
fn holder(cluster: &Cluster) -> &'static str {
    let lives = [CONTROLLER, SECOND_CONTROLLER];
    let lease = &cluster.server.list("coordination.k8s.io", "leases", "default")[0];
    let identity = lease["spec"]["holderIdentity"].as_str().expect("a holder");
    lives.into_iter().find(|who| identity.starts_with(&format!("{who} "))).expect("one of us")
}

fn in_the_middle<F: Future<Output = World>>(happens: impl FnOnce(World) -> F + Send + 'static) {
    support::seeded(0, move || {
        virtual_time::block_on(async move {
            let world = World::start(Government::Elected).await;
            world.update_all().await;
            sleep(Duration::from_millis(1500)).await;
            let world = happens(world).await;
            world.healthy(2, Duration::from_secs(300)).await;
            let office = world.office.as_ref().expect("an election");
            assert_eq!(office.violations(), Vec::<String>::new());
            assert!(office.writes() > 0, "nobody wrote");
        })
        .expect("a runtime");
    });
}

#[test]
fn a_thief_takes_the_lease_and_goes_away() {
    in_the_middle(async |world| {
        world.office.as_ref().expect("an election").steal(Duration::from_secs(30)).await;
        world
    });
}

#[test]
fn the_holder_is_cut_off() {
    in_the_middle(async |world| {
        let first = holder(&world.cluster);
        for who in [first, lease_client(first)] {
            world.faults.weather(who, Weather::Cut);
        }
        sleep(Duration::from_secs(60)).await;
        assert_ne!(holder(&world.cluster), first, "the other takes over");
        for who in [first, lease_client(first)] {
            world.faults.weather(who, Weather::Fair);
        }
        world
    });
}

#[test]
fn only_the_lease_cannot_be_renewed() {
    in_the_middle(async |world| {
        let first = holder(&world.cluster);
        world.faults.weather(lease_client(first), Weather::Failing);
        sleep(Duration::from_secs(60)).await;
        assert_ne!(holder(&world.cluster), first, "the other takes over");
        world.faults.weather(lease_client(first), Weather::Fair);
        world
    });
}

#[test]
fn the_lease_goes_back_and_forth() {
    in_the_middle(async |world| {
        for _ in 0..4 {
            let holder = holder(&world.cluster);
            world.faults.weather(lease_client(holder), Weather::Down);
            sleep(Duration::from_secs(30)).await;
            world.faults.weather(lease_client(holder), Weather::Fair);
        }
        world
    });
}
