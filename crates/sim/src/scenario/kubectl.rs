//! The few commands of kubectl that scenarios use: the same requests, the same exit codes, the same words on errors.
//!
//! Known are `scale`, `annotate`, `label`, `delete`, `get RESOURCE,…`, `apply -f` and
//! `wait --for=delete|condition=…|jsonpath=…`. `apply` here merges over what exists; it does not remove what an earlier apply
//! set.

use http::{Method, Request, header};
use http_body_util::BodyExt;
use rollouts_actors::foreign;
use rollouts_kube::rest::Query;
use rollouts_kube::{Resource, resource};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How often `wait` looks.
const LOOK: Duration = Duration::from_millis(100);

/// How long `wait` waits when nobody says.
const WAIT_SECONDS: f64 = 30.0;

/// PodDisruptionBudgets.
const POD_DISRUPTION_BUDGETS: Resource =
    Resource::fixed("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true);

/// What a user's hands reach: a client, a namespace, and files.
pub(crate) struct Kubectl<'a> {
    pub client: &'a kube::Client,
    pub namespace: &'a str,
    pub directory: &'a Path,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The API server refused, with its `metav1.Status`.
    #[error("{0}")]
    Refused(Value),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// What kubectl prints on standard error.
    pub fn text(&self) -> String {
        let status = match self {
            Failure::Refused(status) => status,
            Failure::Other(text) => return format!("error: {text}\n"),
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (reason, message, details) = (text(&status["reason"]), text(&status["message"]), &status["details"]);
        if reason != "Invalid" {
            return format!("Error from server ({reason}): {message}\n");
        }
        let cause = |c: &Value| format!("{}: {}", text(&c["field"]), text(&c["message"]));
        let causes: Vec<String> = details["causes"].as_array().into_iter().flatten().map(cause).collect();
        let causes = match causes.as_slice() {
            [] => "\n".to_owned(),
            [only] => format!(": {only}\n"),
            many => format!(": \n{}", many.iter().map(|cause| format!("* {cause}\n")).collect::<String>()),
        };
        format!("The {} {:?} is invalid{causes}", text(&details["kind"]), text(&details["name"]))
    }
}

/// The resources that users name here, and their short names.
fn known() -> impl Iterator<Item = (Resource, &'static str)> {
    let own = [
        (resource::ROLLOUTS, "ro"),
        (resource::REPLICA_SETS, "rs"),
        (resource::DEPLOYMENTS, "deploy"),
        (resource::PODS, "po"),
        (resource::SERVICES, "svc"),
        (resource::JOBS, ""),
        (resource::INGRESSES, "ing"),
        (resource::ANALYSIS_RUNS, "ar"),
        (resource::ANALYSIS_TEMPLATES, "at"),
        (resource::CLUSTER_ANALYSIS_TEMPLATES, "cat"),
        (resource::EXPERIMENTS, "exp"),
        (resource::CONFIG_MAPS, "cm"),
        (resource::SECRETS, ""),
        (POD_DISRUPTION_BUDGETS, "pdb"),
    ];
    own.into_iter().chain(foreign::resources().map(|r| (r, "")))
}

/// The resource that a user calls so, in any of its usual names.
fn resource(name: &str) -> Result<Resource, Failure> {
    let is_name = |r: &Resource, short: &str| {
        name == short || name == r.plural || name == r.kind.to_lowercase() || name == r.to_string()
    };
    let found = known().find(|(r, short)| is_name(r, short)).map(|(r, _)| r);
    found.ok_or_else(|| Failure::Other(format!("the server doesn't have a resource type {name:?}")))
}

/// What an object is called by those who apply it.
fn full_name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, group) = (text(&object["kind"]), text(&object["apiVersion"]));
    let group = group.split_once('/').map_or("", |(group, _)| group);
    let resource = known().map(|(r, _)| r).find(|r| r.kind == kind && r.group == group);
    format!("{}/{}", resource.map_or(kind, |r| r.to_string()), text(&object["metadata"]["name"]))
}

impl Kubectl<'_> {
    async fn call(&self, method: Method, url: &str, kind: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let other = |e: &dyn std::error::Error| Failure::Other(e.to_string());
        let bytes = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        let request = Request::builder().method(method).uri(url).header(header::CONTENT_TYPE, kind);
        let request = request.body(kube::client::Body::from(bytes)).map_err(|e| other(&e))?;
        let response = self.client.send(request).await.map_err(|e| other(&e))?;
        let is_success = response.status().is_success();
        let bytes = response.into_body().collect().await.map_err(|e| other(&e))?.to_bytes();
        let answer: Value = serde_json::from_slice(&bytes).map_err(|e| other(&e))?;
        if is_success { Ok(answer) } else { Err(Failure::Refused(answer)) }
    }

    /// An object by `name/name`; `Null` if there is none.
    pub async fn get(&self, object: &str) -> Result<Value, Failure> {
        let (resource, name) = named(object)?;
        match self.call(Method::GET, &resource.object(self.namespace, &name, None), "application/json", None).await {
            Err(Failure::Refused(status)) if status["code"] == 404 => Ok(Value::Null),
            other => other,
        }
    }

    /// The objects that match a label selector.
    pub async fn list(&self, resource: &Resource, selector: &str) -> Result<Vec<Value>, Failure> {
        let url = Query::default().labels(selector).on(&resource.collection(Some(self.namespace)));
        let mut list = self.call(Method::GET, &url, "application/json", None).await?;
        Ok(list["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Patches `resource/name`.
    pub async fn patch(&self, object: &str, sub: Option<&str>, kind: &str, body: &Value) -> Result<Value, Failure> {
        let (resource, name) = named(object)?;
        let kind = match kind {
            "json" => "application/json-patch+json",
            "strategic" => "application/strategic-merge-patch+json",
            _ => "application/merge-patch+json",
        };
        self.call(Method::PATCH, &resource.object(self.namespace, &name, sub), kind, Some(body)).await
    }

    /// Creates each object, or merges it over what exists. Goes on after a failure, and reports the first.
    pub async fn apply(&self, objects: &[Value]) -> Result<(), Failure> {
        let mut result = Ok(());
        for object in objects {
            let applied = self.apply_one(object.clone()).await;
            result = result.and(applied);
        }
        result
    }

    async fn apply_one(&self, mut object: Value) -> Result<(), Failure> {
        let name = full_name(&object);
        let last_applied = format!("{object}\n");
        object["metadata"]["annotations"][rollouts_api::names::LAST_APPLIED] = last_applied.into();
        if self.get(&name).await?.is_null() {
            let url = named(&name)?.0.collection(Some(self.namespace));
            self.call(Method::POST, &url, "application/json", Some(&object)).await?;
        } else {
            self.patch(&name, None, "merge", &object).await?;
        }
        Ok(())
    }

    /// Deletes an object without waiting until it is gone.
    pub async fn delete(&self, object: &str) -> Result<(), Failure> {
        let (resource, name) = named(object)?;
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
        let url = resource.object(self.namespace, &name, None);
        self.call(Method::DELETE, &url, "application/json", Some(&options)).await.map(|_| ())
    }

    /// Runs a command line.
    pub async fn run(&self, args: &[String]) -> Result<(), Failure> {
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let line = Line::parse(&words);
        match line.words.as_slice() {
            ["scale", targets @ ..] => self.scale(targets, &line).await,
            [verb @ ("annotate" | "label"), rest @ ..] => self.mark(verb, rest, &line).await,
            ["delete", targets @ ..] => self.remove(targets, &line).await,
            ["wait", targets @ ..] => self.wait(targets, &line).await,
            ["get", resources] => self.look(resources).await,
            ["apply"] => self.apply_files(&line).await,
            _ => Err(Failure::Other(format!("kubectl {} is not known here", args.join(" ")))),
        }
    }

    async fn scale(&self, targets: &[&str], line: &Line<'_>) -> Result<(), Failure> {
        let replicas: i64 = line.value(&["--replicas"]).and_then(|n| n.parse().ok()).unwrap_or_default();
        for object in self.objects(targets, line).await? {
            self.patch(&object, Some("scale"), "merge", &json!({"spec": {"replicas": replicas}})).await?;
        }
        Ok(())
    }

    async fn mark(&self, verb: &str, rest: &[&str], line: &Line<'_>) -> Result<(), Failure> {
        let is_change = |word: &&&str| word.contains('=') || word.ends_with('-');
        let targets: Vec<&str> = rest.iter().filter(|w| !is_change(w)).copied().collect();
        let changes: Map<String, Value> = rest
            .iter()
            .filter(is_change)
            .map(|word| match word.split_once('=') {
                Some((key, value)) => (key.to_owned(), value.into()),
                None => (word.trim_end_matches('-').to_owned(), Value::Null),
            })
            .collect();
        let field = if verb == "label" { "labels" } else { "annotations" };
        for object in self.objects(&targets, line).await? {
            self.patch(&object, None, "merge", &json!({"metadata": {field: changes}})).await?;
        }
        Ok(())
    }

    async fn remove(&self, targets: &[&str], line: &Line<'_>) -> Result<(), Failure> {
        for object in self.objects(targets, line).await? {
            self.delete(&object).await?;
            while !self.get(&object).await?.is_null() {
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }

    async fn wait(&self, targets: &[&str], line: &Line<'_>) -> Result<(), Failure> {
        let seconds = line.value(&["--timeout"]).and_then(|t| t.trim_end_matches('s').parse().ok());
        let end = Instant::now() + Duration::from_secs_f64(seconds.unwrap_or(WAIT_SECONDS));
        let goal = line.value(&["--for"]).unwrap_or_default();
        for object in self.objects(targets, line).await? {
            while !is_reached(goal, &self.get(&object).await?) {
                if Instant::now() >= end {
                    return Err(Failure::Other(format!("timed out waiting for the condition on {object}")));
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }

    /// Lists; what there is, nobody sees.
    async fn look(&self, resources: &str) -> Result<(), Failure> {
        for name in resources.split(',') {
            self.list(&resource(name)?, "").await?;
        }
        Ok(())
    }

    async fn apply_files(&self, line: &Line<'_>) -> Result<(), Failure> {
        for file in line.values("-f") {
            let text = std::fs::read_to_string(self.directory.join(file)).map_err(|e| Failure::Other(e.to_string()))?;
            let objects = super::documents(&text).map_err(|e| Failure::Other(e.to_string()))?;
            self.apply(&objects).await?;
        }
        Ok(())
    }

    /// The objects that a command names, as `resource/name`.
    async fn objects(&self, targets: &[&str], line: &Line<'_>) -> Result<Vec<String>, Failure> {
        if let [resource, names @ ..] = targets
            && !resource.contains('/')
        {
            let resource = self::resource(resource)?;
            let selector = line.value(&["-l", "--selector"]);
            if selector.is_some() || line.has("--all") {
                let found = self.list(&resource, selector.unwrap_or_default()).await?;
                let name =
                    |o: &Value| format!("{}/{}", resource.plural, o["metadata"]["name"].as_str().unwrap_or_default());
                return Ok(found.iter().map(name).collect());
            }
            return Ok(names.iter().map(|name| format!("{}/{name}", resource.plural)).collect());
        }
        Ok(targets.iter().map(|&target| target.to_owned()).collect())
    }
}

fn named(object: &str) -> Result<(Resource, String), Failure> {
    let (kind, name) =
        object.split_once('/').ok_or_else(|| Failure::Other(format!("{object:?} is not RESOURCE/NAME")))?;
    Ok((resource(kind)?, name.to_owned()))
}

fn is_reached(goal: &str, object: &Value) -> bool {
    match goal.split_once('=') {
        None => goal == "delete" && object.is_null(),
        Some(("condition", condition)) => {
            let (kind, status) = condition.split_once('=').unwrap_or((condition, "True"));
            let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
            let is_kind = |c: &&Value| c["type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case(kind));
            conditions.clone().any(|c| is_kind(&c) && c["status"].as_str() == Some(status))
        }
        Some(("jsonpath", goal)) => goal.rsplit_once('=').is_some_and(|(path, value)| match at(object, path) {
            Some(Value::String(text)) => text == value,
            Some(found) => format!("{found}") == value,
            None => false,
        }),
        Some(_) => false,
    }
}

/// The field at a path such as `{.spec.list[0].name}`.
fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.trim_matches(['{', '}']).replace('[', ".").replace(']', "");
    path.split('.').filter(|part| !part.is_empty()).try_fold(object, |value, part| match part.parse::<usize>() {
        Ok(i) => value.get(i),
        Err(_) => value.get(part),
    })
}

/// A command line, with its flags apart.
struct Line<'a> {
    words: Vec<&'a str>,
    flags: Vec<(&'a str, Option<&'a str>)>,
}

/// Flags that stand alone.
const SWITCHES: [&str; 3] = ["--overwrite", "--all", "--wait"];

impl<'a> Line<'a> {
    fn parse(args: &[&'a str]) -> Self {
        let mut line = Line { words: Vec::new(), flags: Vec::new() };
        let mut args = args.iter();
        while let Some(&arg) = args.next() {
            match arg.split_once('=') {
                Some((flag, value)) if arg.starts_with("--") => line.flags.push((flag, Some(value))),
                _ if SWITCHES.contains(&arg) => line.flags.push((arg, None)),
                _ if arg.starts_with('-') => line.flags.push((arg, args.next().copied())),
                _ => line.words.push(arg),
            }
        }
        line
    }

    fn value(&self, names: &[&str]) -> Option<&'a str> {
        self.flags.iter().find(|(flag, _)| names.contains(flag)).and_then(|(_, value)| *value)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(flag, _)| *flag == name).filter_map(|(_, value)| *value)
    }

    fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(flag, _)| *flag == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_like_kubectls() {
        let status = |causes: Value| {
            Failure::Refused(json!({"reason": "Invalid", "message": "m",
                "details": {"kind": "Rollout", "name": "shop", "causes": causes}}))
        };
        let one = json!([{"field": "spec.a", "message": "Required value"}]);
        assert_eq!(status(one).text(), "The Rollout \"shop\" is invalid: spec.a: Required value\n");
        let two = json!([{"field": "spec.a", "message": "x"}, {"field": "spec.b", "message": "y"}]);
        assert_eq!(status(two).text(), "The Rollout \"shop\" is invalid: \n* spec.a: x\n* spec.b: y\n");
    }

    #[test]
    fn flags_stand_apart() {
        let line = Line::parse(&["annotate", "rollout", "hops", "a=b", "c-", "--overwrite", "-l", "x=y", "--t=1s"]);
        assert_eq!(line.words, ["annotate", "rollout", "hops", "a=b", "c-"]);
        assert_eq!(line.value(&["-l"]), Some("x=y"));
        assert_eq!(line.value(&["--t"]), Some("1s"));
        assert!(line.has("--overwrite"));
    }

    #[test]
    fn goals() {
        let healthy = json!({"status": {"conditions": [{"type": "Healthy", "status": "True"}]}});
        assert!(is_reached("condition=Healthy", &healthy));
        assert!(!is_reached("condition=Paused", &healthy));
        let split = json!({"spec": {"services": [{"weight": 5, "name": "a"}]}});
        assert!(is_reached("jsonpath={.spec.services[0].weight}=5", &split));
        assert!(is_reached("jsonpath={.spec.services[0].name}=a", &split));
        assert!(!is_reached("jsonpath={.spec.services[1].weight}=5", &split));
        assert!(is_reached("delete", &Value::Null) && !is_reached("delete", &healthy));
    }
}
