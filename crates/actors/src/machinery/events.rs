//! Events as kube-controller-manager and kubelet write them: `v1` Events, repeated ones counted.

use super::hub::Context;
use super::{meta_uid, whole_seconds};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::json;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Events waiting to be written; more are dropped, as they are best effort.
const PENDING_MAX: usize = 4096;
/// Written events remembered, to count repetitions.
const REMEMBERED_MAX: usize = 4096;
/// How long they are remembered after their last repetition: API servers keep them no longer.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    pub api_version: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

impl Note {
    pub(crate) fn on<K: Resource<DynamicType = ()>>(object: &K) -> Self {
        Note {
            api_version: K::api_version(&()).into_owned(),
            kind: K::kind(&()).into_owned(),
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            uid: meta_uid(object.meta()).to_string(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Draft {
    about: Note,
    component: &'static str,
    host: Option<String>,
    kind: &'static str,
    reason: &'static str,
    message: String,
}

/// Sends events without making anyone wait.
#[derive(Clone)]
pub(crate) struct Recorder(mpsc::Sender<Draft>);

/// The other end of a [`Recorder`].
pub(crate) struct Pending(mpsc::Receiver<Draft>);

impl Recorder {
    pub(crate) fn new() -> (Self, Pending) {
        let (sender, receiver) = mpsc::channel(PENDING_MAX);
        (Recorder(sender), Pending(receiver))
    }

    pub(crate) fn normal(&self, component: &'static str, about: &Note, reason: &'static str, message: String) {
        self.send(Draft { about: about.clone(), component, host: None, kind: "Normal", reason, message });
    }

    pub(crate) fn warning(&self, component: &'static str, about: &Note, reason: &'static str, message: String) {
        self.send(Draft { about: about.clone(), component, host: None, kind: "Warning", reason, message });
    }

    /// An event of the kubelet on `host`.
    pub(crate) fn kubelet(&self, host: &str, about: &Note, kind: &'static str, reason: &'static str, message: String) {
        let host = Some(host.to_string());
        self.send(Draft { about: about.clone(), component: "kubelet", host, kind, reason, message });
    }

    fn send(&self, draft: Draft) {
        if let Err(error) = self.0.try_send(draft) {
            tracing::debug!(%error, "event dropped");
        }
    }
}

/// Events that were written, to count repetitions.
#[derive(Default)]
struct Written {
    all: BTreeMap<Arc<Draft>, Entry>,
    /// The same, oldest first.
    order: VecDeque<Arc<Draft>>,
}

struct Entry {
    name: String,
    count: i32,
    /// When it was written last.
    at: Timestamp,
}

impl Written {
    fn insert(&mut self, draft: Draft, name: String, at: Timestamp) {
        let draft = Arc::new(draft);
        if self.all.insert(draft.clone(), Entry { name, count: 1, at }).is_none() {
            self.order.push_back(draft);
        }
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }

    /// Counts one more; its name, and how often it happened by now.
    fn again(&mut self, draft: &Draft, now: Timestamp) -> Option<(String, i32)> {
        let entry = self.all.get_mut(draft)?;
        (entry.count, entry.at) = (entry.count.saturating_add(1), now);
        Some((entry.name.clone(), entry.count))
    }

    /// Forgets the oldest for as long as they have gone without repetition for too long.
    fn forget_old(&mut self, now: Timestamp) {
        let is_old = |entry: &Entry| now.duration_since(entry.at) > REMEMBERED_FOR;
        while let Some(oldest) = self.order.pop_front_if(|draft| self.all.get(draft).is_none_or(is_old)) {
            self.all.remove(&oldest);
        }
    }
}

/// Writes events until every recorder is gone. `node_events` off drops those of the scheduler and kubelet.
pub(crate) async fn write_events(ctx: Context, mut pending: Pending) {
    let mut written = Written::default();
    let mut serial = 0u32;
    while let Some(draft) = pending.0.recv().await {
        written.forget_old(ctx.now());
        let from_node = matches!(draft.component, "kubelet" | "default-scheduler");
        if from_node && !ctx.options.node_events {
            continue;
        }
        let namespace = if draft.about.namespace.is_empty() { "default" } else { &draft.about.namespace };
        let api = ctx.api::<Event>(namespace);
        let now = whole_seconds(ctx.now());
        if let Some((name, count)) = written.again(&draft, ctx.now()) {
            let patch = json!({"count": count, "lastTimestamp": now});
            match api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await {
                Ok(_) => continue,
                // Expired meanwhile: write it anew.
                Err(error) => tracing::debug!(%error, "cannot count event"),
            }
        }
        serial = serial.wrapping_add(1);
        // Go names events after the nanosecond; the serial keeps names apart when virtual time stands still.
        let name = format!("{}.{:x}", draft.about.name, ctx.now().as_nanosecond() + i128::from(serial));
        let event = event_of(&draft, &name, namespace, now);
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => written.insert(draft, name, ctx.now()),
            Err(error) => tracing::debug!(%error, "event lost"),
        }
    }
}

fn event_of(
    draft: &Draft,
    name: &str,
    namespace: &str,
    now: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
) -> Event {
    let about = &draft.about;
    Event {
        metadata: ObjectMeta {
            name: Some(name.to_string()),
            namespace: Some(namespace.to_string()),
            ..Default::default()
        },
        involved_object: ObjectReference {
            api_version: Some(about.api_version.clone()),
            kind: Some(about.kind.clone()),
            namespace: Some(about.namespace.clone()).filter(|n| !n.is_empty()),
            name: Some(about.name.clone()),
            uid: Some(about.uid.clone()),
            ..Default::default()
        },
        source: Some(EventSource { component: Some(draft.component.to_string()), host: draft.host.clone() }),
        reporting_component: Some(draft.component.to_string()),
        reporting_instance: Some(draft.host.clone().unwrap_or_default()),
        type_: Some(draft.kind.to_string()),
        reason: Some(draft.reason.to_string()),
        message: Some(draft.message.clone()),
        count: Some(1),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(reason: &'static str) -> Draft {
        let about = Note {
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: "ns".into(),
            name: "p".into(),
            uid: "u".into(),
        };
        Draft { about, component: "c", host: None, kind: "Normal", reason, message: String::new() }
    }

    #[test]
    fn repetitions_are_counted_and_what_is_over_is_forgotten() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let mut written = Written::default();
        written.insert(draft("A"), "a".into(), at(0));
        written.insert(draft("B"), "b".into(), at(10));
        assert_eq!(written.again(&draft("A"), at(50)), Some(("a".into(), 2)));
        written.forget_old(at(100));
        assert_eq!(written.all.len(), 2, "the oldest goes on");
        written.forget_old(at(111));
        assert_eq!((written.all.len(), written.order.len()), (0, 0));
        assert_eq!(written.again(&draft("A"), at(112)), None);
    }
}
