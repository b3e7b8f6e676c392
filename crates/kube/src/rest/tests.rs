use super::*;
use crate::resource::{PODS, ROLLOUTS};
use crate::testing::{Reply, Script, Seen};
use std::time::Duration;
use tokio::time::Instant;

fn seen(line: &str, body: Value) -> Seen {
    Seen { line: line.into(), body }
}

#[tokio::test(start_paused = true)]
async fn says_what_it_means() {
    let ok = || Reply::json(&json!({"a": 1}));
    let script = Script::new((0..7).map(|_| ok()));
    let rest = Rest::new(script.client());
    let object = json!({"kind": "Pod"});
    let _: Value = rest.get(&PODS, "ns", "a").await.expect("get");
    let _: Value = rest.create(&PODS, "ns", &object).await.expect("create");
    let _: Value = rest.replace(&PODS, "ns", "a", Some("status"), &object).await.expect("replace");
    let _: Value = rest.patch(&PODS, "ns", "a", Some("scale"), PatchKind::Merge, &object).await.expect("patch");
    let _: Value = rest.apply(&PODS, "ns", "a", "me", true, &object).await.expect("apply");
    let options = Delete {
        propagation: Some(Propagation::Foreground),
        uid: Some("u".into()),
        resource_version: Some("1".into()),
        grace_period_seconds: Some(0),
    };
    rest.delete(&PODS, "ns", "a", &options).await.expect("delete");
    let page: Page<Value> = rest.list(&ROLLOUTS, None, &Query::default().labels("a=b")).await.expect("list");
    assert!(page.items.is_empty());
    let deletion = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground",
                          "preconditions": {"uid": "u", "resourceVersion": "1"}, "gracePeriodSeconds": 0});
    let pods = "/api/v1/namespaces/ns/pods";
    let expected = [
        seen(&format!("GET {pods}/a"), Value::Null),
        seen(&format!("POST {pods}"), object.clone()),
        seen(&format!("PUT {pods}/a/status"), object.clone()),
        seen(&format!("PATCH {pods}/a/scale"), object.clone()),
        seen(&format!("PATCH {pods}/a?fieldManager=me&force=true"), object),
        seen(&format!("DELETE {pods}/a"), deletion),
        seen("GET /apis/argoproj.io/v1alpha1/rollouts?labelSelector=a%3Db", Value::Null),
    ];
    assert_eq!(script.seen(), expected);
}

#[tokio::test(start_paused = true)]
async fn tells_failures_apart() {
    let status = |code: u16, reason: &str| {
        Reply::Text(code, json!({"kind": "Status", "code": code, "reason": reason, "message": "words"}).to_string())
    };
    let replies = [
        status(404, "NotFound"),
        status(409, "Conflict"),
        status(409, "AlreadyExists"),
        status(410, "Expired"),
        Reply::Text(502, "<html>bad gateway</html>".into()),
        Reply::Broken,
        Reply::Text(200, "{".into()),
        Reply::Silence,
    ];
    let script = Script::new(replies);
    let rest = Rest::new(script.client());
    let mut errors = Vec::new();
    for _ in 0..8 {
        errors.push(rest.get::<Value>(&PODS, "ns", "a").await.expect_err("a failure"));
    }
    assert!(errors[0].is_not_found() && !errors[0].is_transient());
    assert!(errors[1].is_conflict() && !errors[1].is_already_exists());
    assert!(errors[2].is_already_exists() && !errors[2].is_conflict());
    assert!(errors[3].is_gone());
    assert!(errors[4].is_transient() && errors[5].is_transient() && !errors[6].is_transient());
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "words");
    assert_eq!(texts[4], "502 Bad Gateway: <html>bad gateway</html>");
    assert!(texts[5].contains("connection reset"), "{}", texts[5]);
    assert!(texts[6].starts_with("cannot decode the answer to GET /api/v1/namespaces/ns/pods/a: EOF"), "{}", texts[6]);
    assert_eq!(texts[7], "no answer within 75 s");
}

#[tokio::test(start_paused = true)]
async fn comes_back_when_told_to() {
    let script = Script::new([Reply::Later(429, 2), Reply::Later(503, 3), Reply::json(&json!(1))]);
    let start = Instant::now();
    assert_eq!(Rest::new(script.client()).get::<Value>(&PODS, "ns", "a").await.expect("in the end"), json!(1));
    assert_eq!(start.elapsed(), Duration::from_secs(5));

    let script = Script::new((0..20).map(|_| Reply::Later(429, 1)));
    let error = Rest::new(script.client()).get::<Value>(&PODS, "ns", "a").await.expect_err("not for ever");
    assert_eq!((error.retry_after(), script.seen().len()), (Some(Duration::from_secs(1)), 11));
}
