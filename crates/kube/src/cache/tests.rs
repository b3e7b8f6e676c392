use super::*;
use crate::resource::PODS;
use crate::testing::{Piece, Reply, Script};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Pods as these tests see them.
#[derive(Debug, Deserialize)]
struct Pod {
    metadata: ObjectMeta,
    #[serde(default)]
    size: u32,
}

impl Cached for Pod {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

fn pod(name: &str, version: u32, size: impl Into<Value>) -> Value {
    let metadata = json!({"namespace": "ns", "name": name, "uid": format!("uid-{name}"),
                          "resourceVersion": version.to_string(), "labels": {"app": name}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "size": size.into(), "spec": {"much": ["else"]}})
}

fn list(version: u32, items: &[Value]) -> Reply {
    Reply::json(&json!({"kind": "PodList", "metadata": {"resourceVersion": version.to_string()}, "items": items}))
}

fn event(kind: &str, object: &Value) -> Piece {
    Piece::line(&json!({"type": kind, "object": object}))
}

fn watch(pieces: impl IntoIterator<Item = Piece>) -> Reply {
    Reply::Stream(pieces.into_iter().collect())
}

fn status(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason})
}

type Log = Arc<Mutex<Vec<String>>>;

/// A cache on a script, with a log of `milliseconds change` lines.
struct Setup {
    cache: Cache<Pod>,
    script: Script,
    log: Log,
    _stop: tokio_util::sync::DropGuard,
}

fn start(replies: impl IntoIterator<Item = Reply>) -> Setup {
    let (script, log, stop) = (Script::new(replies), Log::default(), CancellationToken::new());
    let (start, seen) = (Instant::now(), Arc::clone(&log));
    let cache = Cache::builder(script.client(), PODS)
        .index("size", |pod: &Pod| vec![pod.size.to_string()])
        .on_change(move |change: &Change<Pod>| {
            let text = match change {
                Change::Added(new) => format!("added {} {}", change.key(), new.size),
                Change::Updated { old, new } => format!("updated {} {}->{}", change.key(), old.size, new.size),
                Change::Deleted(old) => format!("deleted {} {}", change.key(), old.size),
                Change::Malformed { old, .. } => {
                    format!("malformed {} {:?}", change.key(), old.as_ref().map(|o| o.size))
                }
                Change::MalformedDeleted(_) => format!("deleted malformed {}", change.key()),
            };
            seen.lock().expect("not poisoned").push(format!("{} {text}", start.elapsed().as_millis()));
        })
        .start(&stop);
    Setup { cache, script, log, _stop: stop.drop_guard() }
}

impl Setup {
    fn log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().expect("not poisoned"))
    }

    fn names(&self) -> Vec<String> {
        self.cache.list(None).iter().map(|p| p.metadata.name.clone()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn lists_pages_then_watches() {
    let first = json!({"metadata": {"resourceVersion": "5", "continue": "more="}, "items": [pod("a", 1, 1)]});
    let events = [
        event("ADDED", &pod("c", 6, 3)),
        Piece::Wait(Duration::from_secs(5)),
        event("MODIFIED", &pod("a", 7, 10)),
        event("DELETED", &pod("b", 8, 2)),
        event("BOOKMARK", &json!({"metadata": {"resourceVersion": "20"}})),
        Piece::Wait(Duration::from_secs(100)),
    ];
    let s = start([Reply::json(&first), list(5, &[pod("b", 2, 2)]), watch(events)]);
    s.cache.synced().await;
    assert_eq!(s.names()[..2], ["a", "b"]);
    sleep(Duration::from_secs(150)).await;
    let log = ["0 added ns/a 1", "0 added ns/b 2", "0 added ns/c 3", "5000 updated ns/a 1->10", "5000 deleted ns/b 2"];
    assert_eq!(s.log(), log);
    let watch = "&timeoutSeconds=240";
    let lines = [
        "GET /api/v1/pods?limit=200".to_owned(),
        "GET /api/v1/pods?limit=200&continue=more%3D".to_owned(),
        format!("GET /api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5{watch}"),
        format!("GET /api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=20{watch}"),
    ];
    assert_eq!(s.script.lines(), lines);
    assert_eq!(s.cache.health(), Health { synced: true, ..Default::default() });
}

#[tokio::test(start_paused = true)]
async fn a_malformed_object_stops_nothing() {
    let bad = pod("bad", 2, "big");
    let events = [
        event("MODIFIED", &pod("a", 6, "huge")),
        event("MODIFIED", &pod("bad", 7, 4)),
        event("MODIFIED", &pod("a", 8, 5)),
        event("MODIFIED", &pod("bad", 9, "big")),
        event("DELETED", &pod("bad", 10, "big")),
        Piece::Hang,
    ];
    let s = start([list(5, &[pod("a", 1, 1), bad, pod("c", 3, 3)])]);
    s.cache.synced().await;
    assert_eq!(s.names(), ["a", "c"]);
    let malformed = s.cache.get_malformed("ns", "bad").expect("it exists");
    assert_eq!(malformed.meta.labels["app"], "bad");
    assert!(malformed.error.starts_with("invalid type: string \"big\", expected u32"), "{}", malformed.error);
    s.script.then(watch(events));
    sleep(Duration::from_secs(1)).await;
    let log = [
        "0 added ns/a 1",
        "0 malformed ns/bad None",
        "0 added ns/c 3",
        "0 malformed ns/a Some(1)",
        "0 added ns/bad 4",
        "0 added ns/a 5",
        "0 malformed ns/bad Some(4)",
        "0 deleted malformed ns/bad",
    ];
    assert_eq!(s.log(), log);
    assert_eq!(s.cache.malformed(None), []);
    assert_eq!(s.cache.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn even_its_metadata_may_be_malformed() {
    let mut broken = pod("broken", 2, 1);
    broken["metadata"]["labels"] = json!("none");
    let s = start([list(5, &[broken, json!("not an object"), pod("a", 1, 1)])]);
    s.cache.synced().await;
    assert_eq!(s.names(), ["a"]);
    let meta = &s.cache.get_malformed("ns", "broken").expect("it exists").meta;
    assert_eq!((meta.uid.as_str(), meta.resource_version.as_str()), ("uid-broken", "2"));
}

#[tokio::test(start_paused = true)]
async fn indexes_follow_changes() {
    let s = start([list(5, &[pod("a", 1, 1), pod("b", 2, 1)])]);
    s.cache.synced().await;
    let names = |size| s.cache.by_index("size", size).iter().map(|p| p.metadata.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("1"), ["a", "b"]);
    s.script.then(watch([event("MODIFIED", &pod("a", 6, 2)), event("DELETED", &pod("b", 7, 1)), Piece::Hang]));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(names("1"), [""; 0]);
    assert_eq!(names("2"), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_relist_reports_what_differs() {
    let gone = [event("ERROR", &status(410, "Expired"))];
    let mut recreated = pod("d", 11, 4);
    recreated["metadata"]["uid"] = json!("other");
    let second = [pod("b", 2, 2), pod("c", 10, 30), recreated, pod("e", 12, 5)];
    let first = [pod("a", 1, 1), pod("b", 2, 2), pod("c", 3, 3), pod("d", 4, 4)];
    let s = start([list(5, &first), watch(gone), list(12, &second)]);
    s.cache.synced().await;
    s.log();
    sleep(Duration::from_secs(2)).await;
    let log =
        ["800 updated ns/c 3->30", "800 deleted ns/d 4", "800 added ns/d 4", "800 added ns/e 5", "800 deleted ns/a 1"];
    assert_eq!(s.log(), log);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_reset_is_listed_again() {
    let s = start([
        list(90, &[pod("a", 80, 1)]),
        Reply::Text(504, status(504, "Timeout").to_string()),
        list(3, &[pod("a", 2, 7)]),
        watch([event("ERROR", &status(500, "InternalError"))]),
        list(4, &[pod("a", 4, 8)]),
    ]);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(s.log(), ["0 added ns/a 1", "800 updated ns/a 1->7", "2400 updated ns/a 7->8"]);
}

#[tokio::test(start_paused = true)]
async fn repeated_and_late_events_are_old_news() {
    let events = [
        event("MODIFIED", &pod("a", 8, 8)),
        event("MODIFIED", &pod("a", 7, 7)),
        event("MODIFIED", &pod("a", 8, 8)),
        event("DELETED", &pod("a", 6, 6)),
        Piece::Wait(Duration::from_secs(2)),
    ];
    let s = start([list(5, &[pod("a", 1, 1)]), watch(events)]);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(s.log(), ["0 added ns/a 1", "0 updated ns/a 1->8"]);
    assert!(s.script.lines()[2].contains("&resourceVersion=8&"), "{:?}", s.script.lines());
}

#[tokio::test(start_paused = true)]
async fn waits_longer_while_the_server_is_in_trouble() {
    let s = start([
        Reply::Text(500, String::new()),
        Reply::Later(429, 7),
        Reply::Broken,
        Reply::Text(200, "no JSON".into()),
        list(5, &[pod("a", 1, 1)]),
        Reply::Text(503, status(503, "ServiceUnavailable").to_string()),
        watch([Piece::Break]),
        watch([]),
        watch([event("MODIFIED", &pod("a", 6, 2)), Piece::Break]),
        watch([event("MODIFIED", &pod("a", 7, 3)), Piece::Hang]),
    ]);
    sleep(Duration::from_secs(3)).await;
    let health = s.cache.health();
    assert!(!health.synced);
    assert_eq!(health.lost.as_deref(), Some("429 Too Many Requests"));
    s.cache.synced().await;
    sleep(Duration::from_secs(120)).await;
    // 0.8, then the server's 7, then 3.2 and 6.4; 12.8, 25.6 and 30 for the three failed watches, and 0.8 after the
    // one that brought something.
    let log = ["17400 added ns/a 1", "85800 updated ns/a 1->2", "86600 updated ns/a 2->3"];
    assert_eq!(s.log(), log);
    assert_eq!(s.cache.health().lost, None);
}

#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_noticed() {
    let s = start([list(5, &[]), watch([Piece::Hang]), watch([event("ADDED", &pod("a", 6, 1)), Piece::Hang])]);
    s.cache.synced().await;
    sleep(Duration::from_secs(400)).await;
    assert_eq!(s.log(), ["270800 added ns/a 1"], "240 s, 30 s overdue, 0.8 s of waiting");
}

/// Half of the connection is gone: nobody closes it, and nothing comes.
#[tokio::test(start_paused = true)]
async fn a_watch_that_brings_no_more_bookmarks_is_replaced() {
    let bookmark = |version: &str| event("BOOKMARK", &json!({"metadata": {"resourceVersion": version}}));
    let minute = || Piece::Wait(Duration::from_secs(60));
    let s = start([
        list(5, &[]),
        watch([minute(), bookmark("20"), Piece::Hang]),
        watch([minute(), bookmark("30"), minute(), bookmark("40"), event("ADDED", &pod("a", 41, 1)), Piece::Hang]),
    ]);
    s.cache.synced().await;
    sleep(Duration::from_secs(400)).await;
    assert_eq!(s.log(), ["330800 added ns/a 1"], "60 s, 150 s of silence, 0.8 s of waiting, 120 s");
    assert!(s.script.lines()[2].contains("&resourceVersion=20&"), "{:?}", s.script.lines());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_harms_nobody() {
    let script = Script::new([list(5, &[pod("a", 1, 1), pod("b", 2, 2)])]);
    let (stop, seen) = (CancellationToken::new(), Log::default());
    let log = Arc::clone(&seen);
    let cache = Cache::<Pod>::builder(script.client(), PODS)
        .on_change(|change| assert_ne!(&*change.key().name, "a", "boom"))
        .on_change(move |change| log.lock().expect("not poisoned").push(change.key().to_string()))
        .start(&stop);
    cache.synced().await;
    assert_eq!(*seen.lock().expect("not poisoned"), ["ns/a", "ns/b"]);
}

/// A pod that some of our code cannot stand.
#[derive(Debug, Deserialize)]
#[serde(from = "Pod")]
struct Touchy(Pod);

impl From<Pod> for Touchy {
    fn from(pod: Pod) -> Self {
        assert_ne!(pod.metadata.name, "b", "boom");
        Touchy(pod)
    }
}

impl Cached for Touchy {
    fn meta(&self) -> &ObjectMeta {
        &self.0.metadata
    }
}

#[tokio::test(start_paused = true)]
async fn a_decoder_or_an_index_that_panics_harms_one_object_only() {
    let script = Script::new([list(5, &[pod("a", 1, 1), pod("b", 2, 2), pod("c", 3, 3), pod("d", 4, 4)])]);
    let stop = CancellationToken::new();
    let index = |pod: &Touchy| {
        assert_ne!(pod.0.metadata.name, "c", "boom");
        vec!["all".to_owned()]
    };
    let cache = Cache::<Touchy>::builder(script.client(), PODS).index("index", index).start(&stop);
    cache.synced().await;
    let names: Vec<&str> = ["a", "b", "c", "d"].into_iter().filter(|n| cache.get("ns", n).is_some()).collect();
    assert_eq!(names, ["a", "d"]);
    assert_eq!(cache.by_index("index", "all").len(), 2);
    let malformed = cache.get_malformed("ns", "b").expect("it exists");
    assert!(malformed.error.starts_with("the decoder panicked: "), "{}", malformed.error);
}

#[tokio::test(start_paused = true)]
async fn asks_for_what_it_was_told() {
    let script = Script::new([]);
    let stop = CancellationToken::new();
    let _cache = Cache::<Pod>::builder(script.client(), PODS)
        .namespace(Some("ns"))
        .labels("rollouts-pod-template-hash")
        .fields("metadata.name=a")
        .start(&stop);
    sleep(Duration::from_secs(1)).await;
    let url = "/api/v1/namespaces/ns/pods?labelSelector=rollouts-pod-template-hash&fieldSelector=metadata.name%3Da";
    assert_eq!(script.lines(), [format!("GET {url}&limit=200")]);
    stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_list_without_an_answer_is_tried_again() {
    let s = start([Reply::Silence, list(5, &[pod("a", 1, 1)])]);
    s.cache.synced().await;
    assert_eq!(s.log(), ["120800 added ns/a 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_trimmed_is_completed_while_it_is_the_same_version() {
    let events = [event("MODIFIED", &pod("a", 6, 2)), event("DELETED", &pod("b", 7, 1)), Piece::Hang];
    let script = Script::new([list(5, &[pod("a", 1, 1), pod("b", 2, 1)])]);
    let (stop, log) = (CancellationToken::new(), Log::default());
    let seen = Arc::clone(&log);
    let cache = Cache::<Pod>::builder(script.client(), PODS)
        .index("size", |pod: &Pod| vec![pod.size.to_string()])
        .trim(|pod| pod.size = 0)
        .on_change(move |change| seen.lock().expect("not poisoned").push(change.key().to_string()))
        .start(&stop);
    cache.synced().await;
    let whole = |name: &str, version: u32| -> Pod { serde_json::from_value(pod(name, version, 9)).expect("a pod") };
    let sized = |size: &str| cache.by_index("size", size).len();
    assert_eq!((sized("0"), sized("1")), (2, 0));
    cache.complete(whole("a", 1));
    assert_eq!((sized("0"), sized("9")), (1, 1));
    cache.complete(whole("b", 3));
    cache.complete(whole("c", 3));
    assert_eq!((sized("0"), sized("9"), cache.len()), (1, 1, 2), "another version, and an unknown object");
    script.then(watch(events));
    sleep(Duration::from_secs(1)).await;
    assert_eq!((sized("0"), sized("9")), (1, 0), "a new version is trimmed again");
    cache.complete(whole("b", 2));
    assert_eq!(cache.len(), 1, "what is gone stays gone");
    assert_eq!(*log.lock().expect("not poisoned"), ["ns/a", "ns/b", "ns/a", "ns/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_need_not_be_installed_is_looked_for_once_a_minute() {
    let lines = rollouts_testing::Lines::listen();
    let (log, stop, start) = (Log::default(), CancellationToken::new(), Instant::now());
    let missing = || Reply::Text(404, "404 page not found".into());
    let gone = || Reply::Text(404, status(404, "NotFound").to_string());
    let script = Script::new([missing(), missing(), list(5, &[pod("a", 1, 1)]), watch([]), gone(), gone()]);
    let seen = Arc::clone(&log);
    let cache = Cache::builder(script.client(), PODS)
        .may_be_unserved()
        .on_change(move |change: &Change<Pod>| {
            let kind = if matches!(change, Change::Deleted(_)) { "deleted" } else { "added" };
            seen.lock().expect("not poisoned").push(format!("{} {kind} {}", start.elapsed().as_secs(), change.key()));
        })
        .start(&stop);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(cache.health(), Health { unserved: true, ..Default::default() });
    cache.until(|health| health.synced).await;
    assert_eq!((start.elapsed().as_secs(), cache.health().unserved), (120, false));
    // The definition is deleted, with all objects.
    cache.until(|health| health.unserved).await;
    assert!(cache.is_empty() && !cache.health().synced);
    assert_eq!(*log.lock().expect("not poisoned"), ["120 added ns/a", "122 deleted ns/a"]);
    let lines = lines.take();
    assert!(lines.iter().all(|line| !line.contains("404") && !line.contains("NotFound")), "{lines:?}");
    stop.cancel();
}
