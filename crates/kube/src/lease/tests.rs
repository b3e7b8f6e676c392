use super::*;
use crate::testing::{Reply, Script};
use crate::tokio_clock;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;

fn record(holder: &str, renewed: &str, transitions: u32) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": "ns", "name": "lock", "resourceVersion": "7", "labels": {"kept": "yes"}},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed,
                 "acquireTime": "2025-12-31T00:00:00.000000Z", "leaseTransitions": transitions},
    })
}

fn not_found() -> Reply {
    Reply::Text(404, json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "no"}).to_string())
}

fn conflict() -> Reply {
    Reply::Text(409, json!({"kind": "Status", "code": 409, "reason": "Conflict", "message": "changed"}).to_string())
}

type Log = Arc<Mutex<Vec<String>>>;

/// Runs an election on a script; the work logs when its term begins and when it is told to stop.
fn elect(script: &Script, stop: &CancellationToken) -> (JoinHandle<Ended>, Log) {
    let clock = tokio_clock("2026-01-01T00:00:00Z".parse().expect("a time"));
    let (log, start) = (Log::default(), Instant::now());
    let seen = Arc::clone(&log);
    let work = move |term: Term| async move {
        let note = |what: &str| {
            seen.lock().expect("not poisoned").push(format!("{} {what}", start.elapsed().as_secs()));
        };
        let _dropped = Dropped(Arc::clone(&seen), start);
        if !term.has_begun() {
            note("stands by");
        }
        if !term.begins().await {
            return;
        }
        note("begins");
        term.stop().cancelled().await;
        note("told to stop");
        sleep(Duration::from_secs(1)).await;
        note("stopped");
    };
    let (client, stop, options) = (script.client(), stop.clone(), LeaseOptions::new("ns", "lock", "me"));
    let fence = Fence::new(clock.clone());
    let election = async move { lead(client, clock, options, &fence, stop, work).await };
    (tokio::spawn(election), log)
}

/// Logs the end of the work, however it comes.
struct Dropped(Log, Instant);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().expect("not poisoned").push(format!("{} over", self.1.elapsed().as_secs()));
    }
}

fn log(log: &Log) -> Vec<String> {
    log.lock().expect("not poisoned").clone()
}

#[tokio::test(start_paused = true)]
async fn creates_renews_and_gives_back() {
    let mine = || Reply::json(&record("me", "2026-01-01T00:00:00.000000Z", 0));
    // Create, renew at 2 s, and after the stop at 3 s renew no more but give back.
    let script = Script::new([not_found(), mine(), mine(), mine(), mine(), mine()]);
    let stop = CancellationToken::new();
    let (election, work) = elect(&script, &stop);
    sleep(Duration::from_secs(3)).await;
    stop.cancel();
    assert_eq!(election.await.expect("no panic"), Ended::Stopped);
    assert_eq!(log(&work), ["0 begins", "3 told to stop", "4 stopped", "4 over"]);
    let lock = "/apis/coordination.k8s.io/v1/namespaces/ns/leases";
    let seen = script.seen();
    let lines: Vec<&str> = seen.iter().map(|s| s.line.as_str()).collect();
    let (get, put) = (format!("GET {lock}/lock"), format!("PUT {lock}/lock"));
    assert_eq!(lines, [&get, &format!("POST {lock}"), &get, &put, &get, &put].map(String::as_str));
    let created = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"namespace": "ns", "name": "lock"},
        "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, "leaseTransitions": 0,
                 "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00.000000Z"},
    });
    assert_eq!(seen[1].body, created);
    let mut renewed = record("me", "2026-01-01T00:00:02.000000Z", 0);
    assert_eq!(seen[3].body, renewed);
    renewed["spec"]["holderIdentity"] = json!("");
    renewed["spec"]["leaseDurationSeconds"] = json!(1);
    renewed["spec"]["acquireTime"] = json!("2026-01-01T00:00:04.000000Z");
    renewed["spec"]["renewTime"] = json!("2026-01-01T00:00:04.000000Z");
    assert_eq!(seen[5].body, renewed);
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_holder_that_renews_and_takes_over_from_a_dead_one() {
    // Whatever the holder's clock says, only changes of its record count.
    let theirs = |renewed: &str| Reply::json(&record("other", renewed, 3));
    let alive = (0..5).map(|i| theirs(&format!("1999-01-01T00:00:0{i}.000000Z")));
    let dead = (0..8).map(|_| theirs("1999-01-01T00:00:04.000000Z"));
    let mine = Reply::json(&record("me", "", 4));
    let script = Script::new(alive.chain(dead).chain([mine]));
    let (_election, work) = elect(&script, &CancellationToken::new());
    sleep(Duration::from_secs(25)).await;
    assert_eq!(log(&work), ["0 stands by", "24 begins"], "16 s after the record last changed, at 8 s");
    let claim = &script.seen()[13].body["spec"];
    assert_eq!((&claim["holderIdentity"], &claim["leaseTransitions"]), (&json!("me"), &json!(4)));
}

#[tokio::test(start_paused = true)]
async fn takes_a_free_lease_but_not_against_a_faster_one() {
    let free = || Reply::json(&record("", "2026-01-01T00:00:00.000000Z", 3));
    let script = Script::new([free(), conflict(), free(), Reply::json(&record("me", "", 4))]);
    let (_election, work) = elect(&script, &CancellationToken::new());
    sleep(Duration::from_secs(3)).await;
    assert_eq!(log(&work), ["0 stands by", "2 begins"]);
}

#[tokio::test(start_paused = true)]
async fn losing_it_ends_the_work_at_once() {
    let script = Script::new([not_found(), Reply::json(&record("me", "a", 0)), Reply::json(&record("other", "b", 1))]);
    let (election, work) = elect(&script, &CancellationToken::new());
    assert_eq!(election.await.expect("no panic"), Ended::Lost);
    assert_eq!(log(&work), ["0 begins", "2 over"]);
    assert_eq!(script.seen().len(), 3, "a lease that is not ours is not given back");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_out_of_reach_is_as_good_as_lost() {
    let acquired = [not_found(), Reply::json(&record("me", "a", 0))];
    let script = Script::new(acquired.into_iter().chain((0..9).map(|_| Reply::Broken)));
    let (election, work) = elect(&script, &CancellationToken::new());
    assert_eq!(election.await.expect("no panic"), Ended::Lost);
    assert_eq!(log(&work), ["0 begins", "10 over"]);

    let script = Script::new([not_found(), Reply::json(&record("me", "a", 0)), Reply::Silence]);
    let (election, work) = elect(&script, &CancellationToken::new());
    assert_eq!(election.await.expect("no panic"), Ended::Lost);
    assert_eq!(log(&work), ["0 begins", "10 over"]);
}

#[tokio::test(start_paused = true)]
async fn a_short_outage_is_survived() {
    let mine = || Reply::json(&record("me", "a", 0));
    let trouble = [Reply::Broken, Reply::Text(500, String::new()), conflict_after_get()].into_iter();
    let script = Script::new([not_found(), mine()].into_iter().chain(trouble).chain([conflict(), mine(), mine()]));
    let (_election, work) = elect(&script, &CancellationToken::new());
    sleep(Duration::from_secs(9)).await;
    assert_eq!(log(&work), ["0 begins"]);
    assert_eq!(script.seen().len(), 8);

    fn conflict_after_get() -> Reply {
        Reply::json(&record("me", "a", 0))
    }
}

#[tokio::test(start_paused = true)]
async fn can_be_stopped_while_waiting() {
    let script = Script::new((0..9).map(|_| Reply::json(&record("other", "a", 0))));
    let stop = CancellationToken::new();
    let (election, work) = elect(&script, &stop);
    sleep(Duration::from_secs(5)).await;
    stop.cancel();
    assert_eq!(election.await.expect("no panic"), Ended::Stopped);
    assert_eq!(log(&work), ["0 stands by", "5 over"]);
    assert_eq!(script.seen().len(), 3);
}

/// Whether it was got is unknown when the stop comes: asked again, it turns out that it was.
#[tokio::test(start_paused = true)]
async fn one_that_was_got_without_an_answer_is_given_back() {
    let free = || Reply::json(&record("", "a", 3));
    let mine = || Reply::json(&record("me", "b", 4));
    let theirs = || Reply::json(&record("other", "a", 3));
    // At the first attempt, and at a later one.
    let first = vec![free(), Reply::Silence, mine(), mine()];
    let later = vec![theirs(), free(), Reply::Silence, mine(), mine()];
    for script in [first, later] {
        let script = Script::new(script);
        let stop = CancellationToken::new();
        let (election, _work) = elect(&script, &stop);
        sleep(Duration::from_secs(3)).await;
        stop.cancel();
        assert_eq!(election.await.expect("no panic"), Ended::Stopped);
        let seen = script.seen();
        let last = seen.last().expect("requests");
        assert!(last.line.starts_with("PUT "), "{}", last.line);
        assert_eq!(last.body["spec"]["holderIdentity"], "");
    }
}
