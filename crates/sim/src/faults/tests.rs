use super::*;
use rollouts_kube::client::from_service;
use rollouts_kube::{Rest, resource};
use rollouts_memkube::{Config, Server};
use serde_json::{Value, json};

fn server() -> Server {
    Server::new(Config::new(rollouts_kube::tokio_clock("2026-01-01T00:00:00Z".parse().expect("a time"))))
}

fn rest(faults: &Faults, server: &Server, life: &CancellationToken) -> Rest {
    Rest::new(from_service(faults.wrap(server.service(), "test", life.clone(), true)))
}

fn service() -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}})
}

fn only(change: impl FnOnce(&mut Odds)) -> Odds {
    let mut odds = Odds::none();
    change(&mut odds);
    odds
}

async fn create(odds: Odds) -> (bool, bool) {
    let (server, life) = (server(), CancellationToken::new());
    let rest = rest(&Faults::new(1, odds), &server, &life);
    let answer = rest.create::<Value>(&resource::SERVICES, "default", &service()).await;
    (answer.is_ok(), server.get("", "services", "default", "a").is_some())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_write_and_a_broken_connection_does_not() {
    assert_eq!(create(Odds::none()).await, (true, true));
    assert_eq!(create(only(|o| o.lost = 1000)).await, (false, true));
    assert_eq!(create(only(|o| o.broken = 1000)).await, (false, false));
    assert_eq!(create(only(|o| o.error = 1000)).await, (false, false));
}

#[tokio::test(start_paused = true)]
async fn the_dead_neither_answer_nor_ask_again() {
    let (server, life) = (server(), CancellationToken::new());
    let faults = Faults::new(1, only(|o| o.death = 1000));
    let rest = rest(&faults, &server, &life);
    let write = tokio::spawn(async move { rest.create::<Value>(&resource::SERVICES, "default", &service()).await });
    life.cancelled().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!write.is_finished());
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_fates() {
    let fates = |seed| {
        let faults = Faults::new(seed, Odds::draw(&Rng::new(3)));
        (0..200).map(|_| faults.fate(true, true, true)).collect::<Vec<_>>()
    };
    assert_eq!(fates(7), fates(7));
    assert_ne!(fates(7), fates(8));
}
