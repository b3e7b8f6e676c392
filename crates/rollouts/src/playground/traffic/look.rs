//! Everything that decides where requests go.

use rollouts_api::Rollout;
use rollouts_kube::rest::Query;
use rollouts_kube::{RequestError, Resource, Rest, resource};
use rollouts_traffic::{Kind, ObjectRef, Objects, Settings, Want};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a Rollout's requests meet.
pub struct Scene {
    /// The Rollout.
    pub rollout: Rollout,
    /// Versions of the routers' APIs.
    pub settings: Settings,
    /// All objects of the kinds that its routers know.
    pub objects: Objects,
    /// Labels that the Services of its namespace select pods by.
    pub services: BTreeMap<String, BTreeMap<String, String>>,
    /// Pods of its namespace that are ready.
    pub pods: Vec<Pod>,
}

/// Why nothing can be seen, in words for the user.
pub enum Unseen {
    /// There is nothing to see.
    Missing(String),
    /// The API server does not say.
    Unavailable(String),
}

impl From<RequestError> for Unseen {
    fn from(error: RequestError) -> Self {
        Unseen::Unavailable(format!("{error}\n"))
    }
}

/// A pod that is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its first image.
    pub image: String,
}

/// The Rollouts whose traffic is routed, by namespace and name.
///
/// # Errors
/// Of the request.
pub async fn names(rest: &Rest) -> Result<Vec<String>, Unseen> {
    let all = rest.list::<Rollout>(&resource::ROLLOUTS, None, &Query::default()).await?.items.into_iter();
    let routed = all.filter(|rollout| rollout.spec.traffic_routing().is_some()).map(|rollout| rollout.metadata);
    Ok(routed.map(|metadata| format!("{}/{}", metadata.namespace, metadata.name)).collect())
}

/// Looks at it.
///
/// # Errors
/// When there is no such Rollout, or no router of it; and of a request.
pub async fn look(rest: &Rest, namespace: &str, name: &str) -> Result<Scene, Unseen> {
    let rollout = rest.get_opt::<Rollout>(&resource::ROLLOUTS, namespace, name).await?;
    let missing = || Unseen::Missing(format!("there is no Rollout {namespace}/{name}; / lists those that there are\n"));
    let rollout = rollout.ok_or_else(missing)?;
    if rollout.spec.traffic_routing().is_none() {
        return Err(Unseen::Missing(format!(
            "the Rollout {namespace}/{name} has no trafficRouting: its Service sends requests to any pod\n"
        )));
    }
    let settings = Settings::default();
    let objects = objects(rest, &rollout, &settings).await?;
    let services = rest.list::<Service>(&resource::SERVICES, Some(namespace), &Query::default()).await?;
    let pods = rest.list::<Value>(&resource::PODS, Some(namespace), &Query::default()).await?;
    Ok(Scene {
        rollout,
        settings,
        objects,
        services: services.items.into_iter().map(|service| (service.metadata.name, service.spec.selector)).collect(),
        pods: pods.items.iter().filter_map(ready).collect(),
    })
}

/// All objects of the kinds that the routers ask for; where one leads to another kind, of that, too.
async fn objects(rest: &Rest, rollout: &Rollout, settings: &Settings) -> Result<Objects, RequestError> {
    let (mut objects, mut known) = (Objects::default(), BTreeSet::new());
    loop {
        let wants = rollouts_traffic::wants(rollout, settings, &objects);
        let kinds: BTreeSet<Kind> = wants.into_iter().map(kind).filter(|kind| !known.contains(kind)).collect();
        if kinds.is_empty() {
            return Ok(objects);
        }
        for kind in kinds {
            match rest.list::<Value>(&resource_of(&kind), None, &Query::default()).await {
                Ok(page) => {
                    page.items.into_iter().for_each(|object| objects.insert(place(&kind, &object), Arc::new(object)))
                }
                // Its definition is not installed.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
            known.insert(kind);
        }
    }
}

fn kind(want: Want) -> Kind {
    match want {
        Want::Named(at) => at.kind,
        Want::Selected { kind, .. } => kind,
    }
}

fn resource_of(kind: &Kind) -> Resource {
    let Kind { group, version, kind, plural } = kind.clone();
    Resource { group, version, kind, plural, namespaced: true }
}

fn place(kind: &Kind, object: &Value) -> ObjectRef {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    kind.named(text("namespace"), text("name"))
}

#[derive(Deserialize)]
struct Service {
    metadata: rollouts_api::ObjectMeta,
    #[serde(default)]
    spec: ServiceSpec,
}

#[derive(Default, Deserialize)]
struct ServiceSpec {
    #[serde(default)]
    selector: BTreeMap<String, String>,
}

/// The pod, if requests may go to it.
fn ready(pod: &Value) -> Option<Pod> {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let is_ready = conditions.into_iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
    if !is_ready || !pod["metadata"]["deletionTimestamp"].is_null() {
        return None;
    }
    let labels = pod["metadata"]["labels"].as_object().into_iter().flatten();
    let labels = labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    let image = pod["spec"]["containers"][0]["image"].as_str().unwrap_or_default();
    Some(Pod { labels, image: image.to_owned() })
}
