//! The playground's own source of metrics: as much of Prometheus as an analysis asks for, with one number, which it makes
//! up from the pods there are. A version whose image has a tag like `bad-red` fails one request in five.

mod selector;

use crate::http::{self, Answer};
use ::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use rollouts_api::{Clock, ObjectMeta, names};
use rollouts_core::PodStatus;
use rollouts_kube::rest::Query;
use rollouts_kube::{Rest, resource};
use selector::Selector;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// The number: which share of its requests a version answers with an error, over its pods that are ready.
const NAME: &str = "http_errors_ratio";
/// How the tags of images begin that make mistakes.
const BAD: &str = "bad-";
/// The share of requests that a pod of such an image fails.
const BAD_RATIO: f64 = 0.2;
/// Bytes of a query in the body of a request.
const BODY_MAX: usize = 64 * 1024;

/// A source that listens, but answers nobody yet.
pub struct Source {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Source {
    /// On any free port of this machine alone.
    pub async fn bind() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Source { address: listener.local_addr()?, listener })
    }

    /// Answers for as long as it is polled.
    pub async fn serve(self, rest: Rest, clock: Clock) {
        let answering = move |request| answer(request, rest.clone(), clock.clone());
        http::accept(self.listener, answering).await;
    }
}

async fn answer(request: Request<Incoming>, rest: Rest, clock: Clock) -> Answer {
    if request.uri().path() != "/api/v1/query" {
        return Answer::not_found();
    }
    let form = match *request.method() {
        Method::POST => match Limited::new(request.into_body(), BODY_MAX).collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) => return refusal(StatusCode::BAD_REQUEST, &format!("cannot read the query: {error}")),
        },
        _ => request.uri().query().unwrap_or_default().as_bytes().to_vec(),
    };
    let query = form_urlencoded::parse(&form).find(|(name, _)| name == "query").map(|(_, text)| text.into_owned());
    let selector = match Selector::parse(&query.unwrap_or_default()) {
        Ok(selector) => selector,
        Err(problem) => return refusal(StatusCode::BAD_REQUEST, &problem),
    };
    match rest.list::<Pod>(&resource::PODS, None, &Query::default().labels(names::POD_TEMPLATE_HASH)).await {
        Ok(page) => Answer::json(StatusCode::OK, &vector(&selector, &page.items, clock.now().as_second())),
        Err(error) => refusal(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// An error as Prometheus tells it.
fn refusal(code: StatusCode, error: &str) -> Answer {
    Answer::json(code, &json!({ "status": "error", "errorType": "bad_data", "error": error }))
}

/// What is read of a pod.
#[derive(Debug, Deserialize)]
struct Pod {
    metadata: ObjectMeta,
    spec: PodSpec,
    #[serde(default)]
    status: PodStatus,
}

#[derive(Debug, Deserialize)]
struct PodSpec {
    containers: Vec<Container>,
}

#[derive(Debug, Deserialize)]
struct Container {
    #[serde(default)]
    image: String,
}

impl Pod {
    fn is_ready(&self) -> bool {
        self.status.conditions.iter().any(|c| c.r#type == "Ready" && c.status == "True")
    }

    fn is_bad(&self) -> bool {
        let is_bad = |image: &str| image.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(BAD));
        self.spec.containers.iter().any(|container| is_bad(&container.image))
    }

    /// The labels of its series. Prometheus' names have underscores for what may not stand in them.
    fn series(&self) -> BTreeMap<&'static str, &str> {
        let label = |name: &str| self.metadata.label(name).unwrap_or_default();
        BTreeMap::from([
            ("__name__", NAME),
            ("namespace", &*self.metadata.namespace),
            ("app", label("app")),
            ("rollouts_pod_template_hash", label(names::POD_TEMPLATE_HASH)),
        ])
    }
}

/// The series that are selected, each with its value at this Unix time.
fn vector(selector: &Selector, pods: &[Pod], now: i64) -> Value {
    let mut ratios: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.is_ready()) {
        let series = pod.series();
        if selector.selects(&series) {
            ratios.entry(series).or_default().push(if pod.is_bad() { BAD_RATIO } else { 0.0 });
        }
    }
    let sample = |(series, ratios): (BTreeMap<_, _>, Vec<f64>)| {
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        json!({ "metric": series, "value": [now, mean.to_string()] })
    };
    let result: Vec<Value> = ratios.into_iter().map(sample).collect();
    json!({ "status": "success", "data": { "resultType": "vector", "result": result } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollouts_providers::Http;
    use rollouts_providers::client::NetworkHttp;

    fn pod(app: &str, hash: &str, tag: &str, ready: &str) -> Pod {
        let object = json!({
            "metadata": {
                "name": "p", "namespace": "default", "labels": { "app": app, "rollouts-pod-template-hash": hash },
            },
            "spec": { "containers": [{ "name": "c", "image": format!("registry:5000/demo:{tag}") }] },
            "status": { "conditions": [{ "type": "Ready", "status": ready }] },
        });
        serde_json::from_value(object).expect("a pod")
    }

    #[test]
    fn the_errors_of_a_version() {
        let pods = [
            pod("web", "old", "red", "True"),
            pod("web", "new", "bad-red", "True"),
            pod("web", "new", "bad-red", "True"),
            pod("web", "next", "bad-red", "False"),
            pod("api", "old", "red", "True"),
        ];
        let values = |query: &str| -> Vec<(String, String)> {
            let answer = vector(&Selector::parse(query).expect("a selector"), &pods, 7);
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let samples = answer["data"]["result"].as_array().expect("samples").iter();
            samples.map(|s| (text(&s["metric"]["rollouts_pod_template_hash"]), text(&s["value"][1]))).collect()
        };
        let sample = |hash: &str, value: &str| (hash.to_owned(), value.to_owned());
        assert_eq!(values(r#"http_errors_ratio{app="web", rollouts_pod_template_hash="new"}"#), [sample("new", "0.2")]);
        assert_eq!(values(r#"http_errors_ratio{app="web"}"#), [sample("new", "0.2"), sample("old", "0")]);
        assert_eq!(values("http_errors_ratio").len(), 3);
        assert_eq!(values(r#"http_errors_ratio{rollouts_pod_template_hash="next"}"#), []);
        assert_eq!(values("up"), []);
    }
    #[tokio::test]
    async fn queries_come_either_way_and_what_is_not_understood_is_refused() {
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(rollouts_kube::system_clock()));
        let source = Source::bind().await.expect("a port");
        let address = source.address;
        let rest = Rest::new(rollouts_kube::client::from_service(server.service()));
        tokio::spawn(source.serve(rest, rollouts_kube::system_clock()));
        let ask = async |method: &str, path: &str, body: &str| {
            let url = format!("http://{address}{path}");
            let request = rollouts_providers::Request::new(method, url, std::time::Duration::from_secs(30)).body(body);
            let answer = NetworkHttp::new().send(request).await.expect("an answer");
            (answer.status, answer.text())
        };
        let nothing = r#"{"data":{"result":[],"resultType":"vector"},"status":"success"}"#.to_owned();
        let query = "query=http_errors_ratio%7Bapp%3D%22web%22%7D&time=7";
        assert_eq!(ask("POST", "/api/v1/query", query).await, (200, nothing.clone()));
        assert_eq!(ask("GET", &format!("/api/v1/query?{query}"), "").await, (200, nothing));
        let (code, said) = ask("POST", "/api/v1/query", "query=rate(up%5B5m%5D)").await;
        assert!(code == 400 && said.contains(r#""errorType":"bad_data""#) && said.contains("rate(up[5m])"), "{said}");
        assert_eq!(ask("GET", "/metrics", "").await.0, 404);
    }
}
