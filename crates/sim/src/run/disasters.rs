//! What befalls a whole run now and then: outages, lists from the past, forgotten history, lost and stolen leases.

use crate::cluster::Cluster;
use crate::election::Office;
use crate::faults::{Faults, Weather};
use crate::lives::{ACTORS, CONTROLLER, SECOND_CONTROLLER, lease_client};
use std::time::Duration;
use tokio::time::sleep;

/// Longest time between two disasters.
const CALM_SECONDS_MAX: u64 = 120;
/// Longest disaster.
const DISASTER_SECONDS_MAX: u64 = 60;

/// What goes wrong with the API server.
const WEATHERS: [Weather; 6] =
    [Weather::Down, Weather::Cut, Weather::Busy, Weather::Failing, Weather::Lossy, Weather::Stale];

/// Lets disasters happen until it is dropped.
pub(super) async fn happen(cluster: &Cluster, faults: &Faults, office: Option<&Office>) {
    loop {
        sleep(seconds(faults, CALM_SECONDS_MAX)).await;
        match (faults.below(4), office) {
            (0, _) => {
                faults.note("history is forgotten, and watches break");
                forget_history(cluster).await;
                [CONTROLLER, SECOND_CONTROLLER, ACTORS].iter().for_each(|who| faults.break_watches(who));
            }
            (1, Some(office)) => {
                faults.note("the lease is stolen");
                office.steal(seconds(faults, DISASTER_SECONDS_MAX)).await;
            }
            (2, Some(_)) => {
                // Only the lease cannot be reached: the holder must give up although it could write.
                let who = lease_client(if faults.below(2) == 0 { CONTROLLER } else { SECOND_CONTROLLER });
                let weather = if faults.below(2) == 0 { Weather::Cut } else { Weather::Failing };
                last(faults, &[who], weather).await;
            }
            _ => {
                let who = [CONTROLLER, SECOND_CONTROLLER, ACTORS][index(faults, 3)];
                let weather = WEATHERS[index(faults, WEATHERS.len())];
                // Actors trust that a watch either works or breaks, and that a list shows what is.
                if who != ACTORS || ![Weather::Cut, Weather::Stale].contains(&weather) {
                    last(faults, &[who, lease_client(who)], weather).await;
                }
            }
        }
    }
}

/// Forgets what everybody who watches has read, as etcd does: it keeps some minutes.
async fn forget_history(cluster: &Cluster) {
    let version = cluster.server.resource_version();
    sleep(Duration::from_millis(1)).await;
    cluster.server.compact(version);
}

async fn last(faults: &Faults, who: &[&'static str], weather: Weather) {
    who.iter().for_each(|who| faults.weather(who, weather));
    sleep(seconds(faults, DISASTER_SECONDS_MAX)).await;
    who.iter().for_each(|who| faults.weather(who, Weather::Fair));
}

fn seconds(faults: &Faults, most: u64) -> Duration {
    Duration::from_secs(faults.below(most))
}

fn index(faults: &Faults, n: usize) -> usize {
    usize::try_from(faults.below(n as u64)).unwrap_or_default()
}
