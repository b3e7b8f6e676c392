//! The other way round: what ours writes, the original can read. An API server takes every write without a word about
//! unknown fields or wrong types, and texts have the formats that Go parses.

use http::{Method, Request, Response};
use regex_lite::Regex;
use rollouts_api::names;
use rollouts_kube::client::from_service;
use rollouts_memkube::Body;
use rollouts_sim::cluster::Cluster;
use rollouts_sim::golden::{self, Golden};
use rollouts_sim::scenario::play_in;
use rollouts_sim::virtual_time;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// Of the recorded scenarios, every so many; all together take minutes.
const EVERY: usize = 4;

/// How many writes there were, and what the API server complained of.
#[derive(Clone, Default)]
struct Complaints(Arc<Mutex<(usize, Vec<String>)>>);

impl Complaints {
    /// A connection whose writes are watched.
    fn client(&self, cluster: &Cluster) -> kube::Client {
        let (server, heard) = (cluster.server.service(), self.clone());
        from_service(tower::service_fn(move |request: Request<kube::client::Body>| {
            let (server, heard) = (server.clone(), heard.clone());
            let write = (request.method() != Method::GET).then(|| format!("{} {}", request.method(), request.uri()));
            async move {
                let answer = server.oneshot(request).await;
                if let (Some(write), Ok(answer)) = (write, &answer) {
                    heard.note(&write, answer);
                }
                answer
            }
        }))
    }

    fn note(&self, write: &str, answer: &Response<Body>) {
        let warnings = answer.headers().get_all(http::header::WARNING).iter();
        let mut all: Vec<String> =
            warnings.map(|w| format!("{write}: {}", String::from_utf8_lossy(w.as_bytes()))).collect();
        if [400, 415, 422].contains(&answer.status().as_u16()) {
            all.push(format!("{write}: {}", answer.status()));
        }
        let mut heard = self.0.lock().expect("no panic");
        heard.0 += 1;
        heard.1.extend(all);
    }
}

/// Fields of a status that are numbers, and those whose value is a number in a text.
const NUMBERS: [&str; 7] = [
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "HPAReplicas",
    "currentStepIndex",
    "collisionCount",
];

fn check(status: &Value, set_annotations: &[Value]) {
    let time = Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$").expect("a pattern");
    let is_time = |v: &Value| v.as_str().is_some_and(|s| time.is_match(s));
    for condition in status["conditions"].as_array().into_iter().flatten() {
        assert!(is_time(&condition["lastUpdateTime"]) && is_time(&condition["lastTransitionTime"]), "{condition}");
    }
    for pause in status["pauseConditions"].as_array().into_iter().flatten() {
        assert!(is_time(&pause["startTime"]), "{pause}");
    }
    for at in ["/abortedAt", "/restartedAt", "/duration/rolloutStartedAt", "/duration/finishedAt"] {
        assert!(status.pointer(at).is_none_or(is_time), "{at}: {status}");
    }
    for field in NUMBERS {
        assert!(status[field].is_null() || status[field].as_i64().is_some_and(|n| n >= 0), "{field}: {status}");
    }
    let generation = &status["observedGeneration"];
    assert!(generation.as_str().is_some_and(|g| g.parse::<i64>().is_ok()), "{status}");
    for annotations in set_annotations {
        assert!(annotations[names::SCALE_DOWN_DEADLINE].is_null() || is_time(&annotations[names::SCALE_DOWN_DEADLINE]));
        for number in [names::REVISION, names::DESIRED_REPLICAS] {
            let text = annotations[number].as_str();
            assert!(text.is_none_or(|n| n.parse::<i64>().is_ok()), "{annotations}");
        }
    }
}

#[test]
fn everything_written_is_known_to_the_schema_and_in_gos_formats() {
    let all =
        golden::AREAS.iter().flat_map(|area| golden::names(area).expect("a directory").into_iter().map(|n| (*area, n)));
    for (area, name) in all.step_by(EVERY) {
        let scenario = Golden::read(area, &name).expect("a recorded scenario").scenario;
        let complaints = Complaints::default();
        let run = async {
            let mut cluster = Cluster::new(0).expect("a cluster");
            cluster.start_actors(cluster.client.clone());
            cluster.start_controller(complaints.client(&cluster));
            play_in(&cluster, &scenario).await.expect("a scenario that can be played");
            let sets = cluster.server.list("apps", "replicasets", &name);
            let annotations: Vec<Value> = sets.iter().map(|s| s["metadata"]["annotations"].clone()).collect();
            for rollout in cluster.server.list(names::GROUP, "rollouts", &name) {
                check(&rollout["status"], &annotations);
            }
            cluster.stop();
        };
        virtual_time::block_on(run).expect("a runtime");
        let (writes, complaints) = &*complaints.0.lock().expect("no panic");
        assert!(*writes > 0 && complaints.is_empty(), "{name}: {writes} writes, {complaints:#?}");
    }
}
