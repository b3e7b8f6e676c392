//! Lists and watches.

use crate::support::{Api, CMS, PODS, config, config_map, pod};
use rollouts_memkube::Server;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

fn names(list: &serde_json::Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|i| i["metadata"]["name"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_watch_follows_a_list() {
    let api = Api::new();
    api.post(PODS, pod("a")).await.ok();
    let list = api.get(PODS).await.ok();
    assert_eq!((names(&list), &list["kind"]), (vec!["a"], &json!("PodList")));
    let rv = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut watch = api.watch(&format!("{PODS}?watch=1&resourceVersion={rv}")).await;
    assert!(watch.is_quiet().await);
    api.post(PODS, pod("b")).await.ok();
    api.merge(&format!("{PODS}/a"), json!({"metadata": {"labels": {"x": "y"}}})).await.ok();
    api.delete(&format!("{PODS}/b"), json!({})).await.ok();
    assert_eq!(watch.brief().await, "ADDED b");
    assert_eq!(watch.brief().await, "MODIFIED a");
    assert_eq!(watch.brief().await, "MODIFIED b", "a pod is marked before it goes");
    let last = watch.next().await.unwrap();
    assert_eq!(last["type"], "DELETED");
    assert_eq!(last["object"]["metadata"]["resourceVersion"], api.server.resource_version().to_string());
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_version_begins_with_what_is_there() {
    let api = Api::new();
    api.post(PODS, pod("a")).await.ok();
    for version in ["", "&resourceVersion=0"] {
        let mut watch = api.watch(&format!("/api/v1/pods?watch=true{version}")).await;
        assert_eq!(watch.brief().await, "ADDED a");
    }
}

#[tokio::test(start_paused = true)]
async fn initial_events_end_with_a_bookmark() {
    let api = Api::new();
    api.post(PODS, pod("a")).await.ok();
    let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = api.watch(&format!("{PODS}?{query}")).await;
    assert_eq!(watch.brief().await, "ADDED a");
    let end = watch.next().await.unwrap();
    assert_eq!((&end["type"], &end["object"]["kind"]), (&json!("BOOKMARK"), &json!("Pod")));
    assert_eq!(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(api.get(&format!("{PODS}?watch=true&sendInitialEvents=true")).await.code, 422);
}

#[tokio::test(start_paused = true)]
async fn selectors_turn_changes_into_comings_and_goings() {
    let api = Api::new();
    let mut watch = api.watch(&format!("{PODS}?watch=true&labelSelector=in=yes")).await;
    api.post(PODS, pod("a")).await.ok();
    let path = format!("{PODS}/a");
    api.merge(&path, json!({"metadata": {"labels": {"in": "yes"}}})).await.ok();
    api.merge(&path, json!({"metadata": {"labels": {"b": "c"}}})).await.ok();
    api.merge(&path, json!({"metadata": {"labels": {"in": "no"}}})).await.ok();
    api.delete(&path, json!({})).await.ok();
    assert_eq!(watch.brief().await, "ADDED a");
    assert_eq!(watch.brief().await, "MODIFIED a");
    assert_eq!(watch.brief().await, "DELETED a");
    assert!(watch.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn bookmarks_and_the_end_come_in_time() {
    let api = Api::new();
    let start = Instant::now();
    let mut watch = api.watch(&format!("{PODS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=150")).await;
    for minute in 1..=2 {
        assert_eq!(watch.next().await.unwrap()["type"], "BOOKMARK");
        assert_eq!(start.elapsed().as_secs(), minute * 60);
    }
    assert!(watch.next().await.is_none());
    assert_eq!(start.elapsed(), Duration::from_secs(150));
}

#[tokio::test(start_paused = true)]
async fn forgotten_versions_are_gone() {
    let api = Api::new();
    let old = api.get(CMS).await.ok()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let page = api.get(&format!("{CMS}?limit=1")).await.ok();
    let next = page["metadata"]["continue"].as_str().map(str::to_owned);
    api.post(CMS, config_map("a")).await.ok();
    api.server.compact(api.server.resource_version());
    let mut watch = api.watch(&format!("{CMS}?watch=true&resourceVersion={old}")).await;
    let error = watch.next().await.unwrap();
    assert_eq!((&error["type"], &error["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(error["object"]["reason"], "Expired");
    assert!(watch.next().await.is_none());
    assert!(next.is_none(), "one config map fits one page");
    let exact = api.get(&format!("{CMS}?resourceVersion={old}&resourceVersionMatch=Exact")).await;
    assert_eq!((exact.code, &exact.body["reason"]), (410, &json!("Expired")));
    let future = api.get(&format!("{CMS}?resourceVersion=99999")).await;
    assert_eq!((future.code, &future.body["reason"]), (504, &json!("Timeout")));
}

#[tokio::test(start_paused = true)]
async fn a_slow_watch_falls_behind() {
    let mut settings = config();
    settings.watch_history_events = 3;
    let api = Api { server: Server::new(settings) };
    let mut watch = api.watch(&format!("{CMS}?watch=true&resourceVersion={}", api.server.resource_version())).await;
    for i in 0..5 {
        api.post(CMS, config_map(&format!("c{i}"))).await.ok();
    }
    assert_eq!(watch.next().await.unwrap()["object"]["code"], 410);
}

#[tokio::test(start_paused = true)]
async fn a_late_watch_sees_what_an_early_one_saw() {
    let api = Api::new();
    let from = api.server.resource_version();
    let plain = format!("{CMS}?watch=true&resourceVersion={from}");
    let narrow = format!("{plain}&labelSelector=in=yes");
    let (mut early, mut chosen) = (api.watch(&plain).await, api.watch(&narrow).await);
    let (mut all, mut some) = (Vec::new(), Vec::new());
    api.post(CMS, config_map("a")).await.ok();
    for i in 0..400 {
        let labels = json!({"in": if i % 3 == 0 { "yes" } else { "no" }, "i": i.to_string()});
        api.merge(&format!("{CMS}/a"), json!({"metadata": {"labels": labels}})).await.ok();
        all.push(early.next().await.unwrap());
        // Comes and goes; the third version is not there to be told of.
        if i % 3 != 2 {
            some.push(chosen.next().await.unwrap());
        }
    }
    all.push(early.next().await.unwrap());
    let (mut late, mut late_chosen) = (api.watch(&plain).await, api.watch(&narrow).await);
    for event in all {
        assert_eq!(late.next().await.unwrap(), event);
    }
    for event in some {
        assert_eq!(late_chosen.next().await.unwrap(), event);
    }
    assert!(late.is_quiet().await && late_chosen.is_quiet().await);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_or_too_old_is_forgotten() {
    for (bytes, pause) in [(100_000, Duration::ZERO), (usize::MAX, Duration::from_secs(600))] {
        let mut settings = config();
        settings.watch_history_bytes = bytes;
        let api = Api { server: Server::new(settings) };
        let from = format!("{CMS}?watch=true&resourceVersion={}", api.server.resource_version());
        let mut behind = api.watch(&from).await;
        let large = json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"text": "x".repeat(5_000)}});
        api.post(CMS, large).await.ok();
        for i in 0..200 {
            api.merge(&format!("{CMS}/a"), json!({"data": {"i": i.to_string()}})).await.ok();
        }
        tokio::time::sleep(pause).await;
        let near = format!("{CMS}?watch=true&resourceVersion={}", api.server.resource_version() - 90);
        api.post(PODS, pod("a")).await.ok();
        assert_eq!(behind.next().await.unwrap()["object"]["code"], 410);
        assert_eq!(api.watch(&from).await.next().await.unwrap()["object"]["code"], 410);
        assert_eq!(api.watch(&near).await.brief().await, "MODIFIED a", "the newest stay");
    }
}

#[tokio::test(start_paused = true)]
async fn watches_can_be_cut() {
    let api = Api::new();
    let mut watch = api.watch(&format!("{PODS}?watch=true")).await;
    api.server.drop_watches();
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn pages_show_one_version() {
    let api = Api::new();
    for name in ["a", "b", "c", "d"] {
        api.post(PODS, pod(name)).await.ok();
    }
    let first = api.get(&format!("{PODS}?limit=2")).await.ok();
    assert_eq!((names(&first), &first["metadata"]["remainingItemCount"]), (vec!["a", "b"], &json!(2)));
    api.delete(&format!("{PODS}/c"), json!({})).await.ok();
    api.post(PODS, pod("e")).await.ok();
    let next = first["metadata"]["continue"].as_str().unwrap();
    let second = api.get(&format!("{PODS}?limit=2&continue={next}")).await.ok();
    assert_eq!(names(&second), ["c", "d"]);
    assert!(second["metadata"].get("continue").is_none());
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    api.server.compact(api.server.resource_version());
    let late = api.get(&format!("{PODS}?limit=2&continue={next}")).await;
    assert_eq!((late.code, &late.body["reason"]), (410, &json!("Expired")));
}

#[tokio::test(start_paused = true)]
async fn selectors() {
    let api = Api::new();
    for (name, node) in [("a", "n1"), ("b", "n2")] {
        let mut object = pod(name);
        object["spec"]["nodeName"] = json!(node);
        api.post(PODS, object).await.ok();
    }
    for (query, want) in [
        ("labelSelector=app in (a,c)", vec!["a"]),
        ("labelSelector=app!=a", vec!["b"]),
        ("labelSelector=!app", vec![]),
        ("fieldSelector=metadata.name=b", vec!["b"]),
        ("fieldSelector=spec.nodeName=n1,status.phase=Pending", vec!["a"]),
        ("fieldSelector=spec.nodeName!=n1", vec!["b"]),
    ] {
        assert_eq!(names(&api.get(&format!("{PODS}?{query}")).await.ok()), want, "{query}");
    }
    api.get(&format!("{PODS}?fieldSelector=spec.x=1")).await.fails(
        400,
        "BadRequest",
        "field label not supported: spec.x",
    );
    assert_eq!(api.get(&format!("{PODS}?labelSelector=a in (b")).await.code, 400);
}

#[tokio::test(start_paused = true)]
async fn tables_and_metadata() {
    let api = Api::new();
    api.post(PODS, pod("a")).await.ok();
    let table = api.table(PODS).await;
    assert_eq!(table["columnDefinitions"][0]["name"], "Name");
    assert_eq!(table["rows"][0]["cells"][0], "a");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let bare = api.table(&format!("{PODS}?includeObject=None")).await;
    assert!(bare["rows"][0]["object"].is_null());
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let mut watch = api.watch_as(&format!("{PODS}?watch=true"), accept).await;
    let first = watch.next().await.unwrap();
    assert!(!first["object"]["columnDefinitions"].as_array().unwrap().is_empty());
    api.post(PODS, pod("b")).await.ok();
    let second = watch.next().await.unwrap();
    assert_eq!(second["object"]["rows"][0]["cells"][0], "b");
    assert!(second["object"]["columnDefinitions"].is_null());
    let accept = [("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")];
    let partial = api.send("GET", PODS, &accept, "").await.ok();
    assert_eq!(partial["kind"], "PartialObjectMetadataList");
    assert!(partial["items"][0].get("spec").is_none());
}

#[tokio::test(start_paused = true)]
async fn events_have_two_groups_and_one_store() {
    let api = Api::new();
    let core = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "reason": "R", "message": "m",
        "type": "Normal", "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}});
    api.post("/api/v1/namespaces/default/events", core).await.ok();
    let newer = api.get("/apis/events.k8s.io/v1/namespaces/default/events/e").await.ok();
    assert_eq!((&newer["regarding"]["name"], &newer["note"]), (&json!("p"), &json!("m")));
    let found = api.get("/api/v1/events?fieldSelector=involvedObject.name=p,reason=R,type=Normal").await.ok();
    assert_eq!(names(&found), ["e"]);
}
