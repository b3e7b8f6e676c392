//! In this process, under paused time.

use crate::config_map::{ConfigMap, config_map};
use jiff::Timestamp;
use rollouts_api::Clock;
use rollouts_kube::cache::Change;
use rollouts_kube::lease::{Ended, Fence, LeaseOptions, Term, lead};
use rollouts_kube::resource::{CONFIG_MAPS, EVENTS, LEASES};
use rollouts_kube::rest::{Delete, PatchKind, Query};
use rollouts_kube::{
    Cache, EventType, Key, ObjectReference, OwnWrites, Recorder, Rest, from_service, patch, tokio_clock,
};
use rollouts_memkube::{Config, Server};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

struct Setup {
    server: Server,
    client: kube::Client,
    rest: Rest,
    clock: Clock,
    stop: CancellationToken,
}

fn setup() -> Setup {
    let clock = tokio_clock("2026-01-01T00:00:00Z".parse::<Timestamp>().expect("a time"));
    let server = Server::new(Config::new(clock.clone()));
    let client = from_service(server.service());
    Setup { rest: Rest::new(client.clone()), server, client, clock, stop: CancellationToken::new() }
}

impl Setup {
    async fn put(&self, name: &str, value: &str) -> ConfigMap {
        self.rest.create(&CONFIG_MAPS, "default", &config_map(name, value)).await.expect("created")
    }

    async fn set(&self, name: &str, value: &str) -> ConfigMap {
        let change = patch::diff(&config_map(name, ""), &config_map(name, value)).expect("a change");
        let (map, kind) = (&CONFIG_MAPS, PatchKind::Merge);
        self.rest.patch(map, "default", name, None, kind, &change).await.expect("patched")
    }

    /// A cache of the namespace `default`, with a log of its changes.
    fn cache(&self) -> (Cache<ConfigMap>, Arc<Mutex<Vec<String>>>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&log);
        let cache = Cache::builder(self.client.clone(), CONFIG_MAPS)
            .namespace(Some("default"))
            .on_change(move |change: &Change<ConfigMap>| {
                let text = match change {
                    Change::Added(new) => format!("+{} {}", new.metadata.name, new.data["k"]),
                    Change::Updated { old, new } => {
                        format!("{} {}>{}", new.metadata.name, old.data["k"], new.data["k"])
                    }
                    Change::Deleted(old) => format!("-{} {}", old.metadata.name, old.data["k"]),
                    other => format!("{other:?}"),
                };
                seen.lock().expect("not poisoned").push(text);
            })
            .start(&self.stop);
        (cache, log)
    }
}

fn take(log: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    std::mem::take(&mut *log.lock().expect("not poisoned"))
}

#[tokio::test(start_paused = true)]
async fn a_cache_follows_the_server() {
    let s = setup();
    s.put("a", "1").await;
    let (cache, log) = s.cache();
    cache.synced().await;
    take(&log);
    s.put("b", "1").await;
    s.set("a", "2").await;
    s.rest.delete(&CONFIG_MAPS, "default", "b", &Delete::default()).await.expect("deleted");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(take(&log), ["+b 1", "a 1>2", "-b 1"]);
    assert_eq!(cache.get("default", "a").expect("it is there").data["k"], "2");
    assert!(cache.get("default", "b").is_none());
}

#[tokio::test(start_paused = true)]
async fn pages_hours_cuts_and_compaction_lose_nothing() {
    let s = setup();
    let count = rollouts_kube::cache::limits::LIST_PAGE_OBJECTS * 2 + 1;
    for i in 0..count {
        s.put(&format!("m{i}"), "1").await;
    }
    let (cache, log) = s.cache();
    cache.synced().await;
    assert!(cache.len() >= count);
    take(&log);
    // Watches end and begin many times in an hour.
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(take(&log), [""; 0]);
    s.set("m0", "2").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(take(&log), ["m0 1>2"]);
    // Everything that a watch could continue from is forgotten while nobody watches.
    s.server.drop_watches();
    s.set("m1", "2").await;
    s.rest.delete(&CONFIG_MAPS, "default", "m2", &Delete::default()).await.expect("deleted");
    s.put("new", "1").await;
    s.server.compact(s.server.resource_version());
    sleep(Duration::from_secs(60)).await;
    let mut changes = take(&log);
    changes.sort();
    assert_eq!(changes, ["+new 1", "-m2 1", "m1 1>2"]);
    assert_eq!(cache.health().lost, None);
}

#[tokio::test(start_paused = true)]
async fn our_own_writes_show() {
    let s = setup();
    let (cache, _) = s.cache();
    cache.synced().await;
    let (writes, owner) = (OwnWrites::default(), Key::new("default", "owner"));
    let made = s.put("a", "1").await.metadata;
    let key = Key::of(&made);
    writes.wrote(&owner, &key, &made.resource_version);
    assert_eq!(writes.behind(&owner, &cache), Some(key.clone()), "no task has run yet");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(writes.behind(&owner, &cache), None);

    let delete = Delete { uid: Some(made.uid.clone()), ..Delete::default() };
    s.rest.delete(&CONFIG_MAPS, "default", "a", &delete).await.expect("deleted");
    writes.deleted(&owner, &key, &made.uid);
    assert_eq!(writes.behind(&owner, &cache), Some(key));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(writes.behind(&owner, &cache), None);
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_names() {
    let s = setup();
    let made = s.put("a", "1").await.metadata;
    let again = s.rest.create::<ConfigMap>(&CONFIG_MAPS, "default", &config_map("a", "1")).await;
    assert!(again.expect_err("it exists").is_already_exists());
    let missing = s.rest.get::<ConfigMap>(&CONFIG_MAPS, "default", "b").await.expect_err("it does not exist");
    assert!(missing.is_not_found());
    assert_eq!(missing.to_string(), r#"configmaps "b" not found"#);
    assert!(s.rest.get_opt::<ConfigMap>(&CONFIG_MAPS, "default", "b").await.expect("no failure").is_none());
    s.set("a", "2").await;
    let mut stale = config_map("a", "3");
    stale["metadata"]["resourceVersion"] = json!(made.resource_version);
    let conflict = s.rest.replace::<ConfigMap>(&CONFIG_MAPS, "default", "a", None, &stale).await;
    assert!(conflict.expect_err("it has changed").is_conflict());
}

#[tokio::test(start_paused = true)]
async fn events_are_stored_and_counted() {
    let s = setup();
    let recorder = Recorder::start(s.client.clone(), "rollouts-controller", s.clock.clone(), &s.stop);
    let meta = s.put("a", "1").await.metadata;
    let object = ObjectReference::new(&CONFIG_MAPS, &meta);
    for i in 0..3 {
        recorder.event(&object, EventType::Normal, "Same", "again");
        recorder.event(&object, EventType::Warning, "Other", format!("message {i}"));
    }
    recorder.flush().await;
    let query = Query::default().fields("involvedObject.name=a");
    let events = s.rest.list::<Value>(&EVENTS, Some("default"), &query).await.expect("a list").items;
    let mut texts: Vec<String> = events
        .iter()
        .map(|e| format!("{} {} {} x{}", e["type"], e["reason"], e["message"], e["count"]).replace('"', ""))
        .collect();
    texts.sort();
    let expected = [
        "Normal Same again x3",
        "Warning Other message 0 x1",
        "Warning Other message 1 x1",
        "Warning Other message 2 x1",
    ];
    assert_eq!(texts, expected);
}

#[tokio::test(start_paused = true)]
async fn the_lease_passes_from_one_to_the_next() {
    let s = setup();
    let start = Instant::now();
    let log = Arc::new(Mutex::new(Vec::new()));
    let candidate = |name: &str, stop: &CancellationToken| {
        let (log, name) = (Arc::clone(&log), name.to_owned());
        let options = LeaseOptions::new("default", "lock", name.as_str());
        let work = move |term: Term| async move {
            if !term.begins().await {
                return;
            }
            log.lock().expect("not poisoned").push(format!("{} {name}", start.elapsed().as_secs()));
            term.stop().cancelled().await;
        };
        let (client, clock, stop) = (s.client.clone(), s.clock.clone(), stop.clone());
        let fence = Fence::new(clock.clone());
        tokio::spawn(async move { lead(client, clock, options, &fence, stop, work).await })
    };
    let (first_stop, second_stop) = (CancellationToken::new(), CancellationToken::new());
    let first = candidate("first", &first_stop);
    sleep(Duration::from_secs(1)).await;
    let second = candidate("second", &second_stop);
    sleep(Duration::from_secs(99)).await;
    first_stop.cancel();
    assert_eq!(first.await.expect("no panic"), Ended::Stopped);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(take(&log), ["0 first", "101 second"], "given back, so that nobody waits for 15 s");
    // A candidate that vanishes without a word: its lease has to run out.
    second.abort();
    let vanished = start.elapsed().as_secs();
    let third = candidate("third", &CancellationToken::new());
    sleep(Duration::from_secs(30)).await;
    assert_eq!(take(&log), [format!("{} third", vanished + 16)]);
    let lease: Value = s.rest.get(&LEASES, "default", "lock").await.expect("the lease");
    assert_eq!((&lease["spec"]["holderIdentity"], &lease["spec"]["leaseTransitions"]), (&json!("third"), &json!(2)));
    third.abort();
}
