//! Writes that a router wants, and the objects as they will be after them.

use crate::{ObjectRef, Objects, Want};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a user is told about a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Someone should look.
    pub is_warning: bool,
    /// One word in CamelCase, mostly.
    pub reason: String,
    /// For humans.
    pub message: String,
}

impl Event {
    /// A Normal event.
    pub fn normal(reason: &str, message: impl Into<String>) -> Event {
        Event { is_warning: false, reason: reason.into(), message: message.into() }
    }

    /// A Warning event.
    pub fn warning(reason: &str, message: impl Into<String>) -> Event {
        Event { is_warning: true, reason: reason.into(), message: message.into() }
    }
}

/// One write of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A JSON merge patch (RFC 7396) of the object, if it still is as it was read.
    Patch {
        /// The object.
        at: ObjectRef,
        /// The patch.
        body: Value,
    },
    /// A new object.
    Create {
        /// The object.
        at: ObjectRef,
        /// All of it.
        object: Value,
    },
    /// Deletes the object, if it still is as it was read.
    Delete {
        /// The object.
        at: ObjectRef,
    },
}

impl Write {
    /// The object that is written.
    pub fn at(&self) -> &ObjectRef {
        match self {
            Write::Patch { at, .. } | Write::Create { at, .. } | Write::Delete { at } => at,
        }
    }

    /// What an API server would make of `objects`.
    pub fn apply(self, objects: &mut Objects) {
        match self {
            Write::Patch { at, body } => {
                if let Some(object) = objects.get(&at) {
                    let patched = patched(object, body);
                    objects.insert(at, Arc::new(patched));
                }
            }
            Write::Create { at, object } => objects.insert(at, Arc::new(object)),
            Write::Delete { at } => objects.remove(&at),
        }
    }
}

/// `object` after a JSON merge patch (RFC 7396).
fn patched(object: &Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut result = object.as_object().cloned().unwrap_or_default();
    for (key, change) in patch {
        match change {
            Value::Null => drop(result.remove(&key)),
            change => {
                let before = result.remove(&key).unwrap_or_default();
                result.insert(key, patched(&before, change));
            }
        }
    }
    Value::Object(result)
}

/// A write, why, and what is told once it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What is written.
    pub write: Write,
    /// Why.
    pub why: String,
    /// What is told when it is done.
    pub events: Vec<Event>,
}

/// The objects of routers with all changes that were decided so far.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    objects: &'a Objects,
    /// `None`: deleted.
    changed: BTreeMap<ObjectRef, Option<Arc<Value>>>,
    changes: Vec<Change>,
}

impl<'a> Draft<'a> {
    /// Nothing decided yet.
    pub fn new(objects: &'a Objects) -> Self {
        Draft { objects, changed: BTreeMap::new(), changes: Vec::new() }
    }

    /// The object as it will be.
    pub fn get(&self, at: &ObjectRef) -> Option<&Value> {
        match self.changed.get(at) {
            Some(changed) => changed.as_deref(),
            None => self.objects.get(at).map(|object| &**object),
        }
    }

    /// Whether the API server serves this kind.
    pub fn is_served(&self, at: &ObjectRef) -> bool {
        !self.objects.unserved.contains(&at.kind)
    }

    /// The objects that `want` matches, by namespace and name. A selector that cannot be read matches nothing.
    pub fn find(&self, want: &Want) -> Vec<ObjectRef> {
        let is_meant = |at: &ObjectRef, object: &Value| match want {
            Want::Named(wanted) => at == wanted,
            Want::Selected { kind, namespace, selector } => {
                let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
                let labels = labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_string()))).collect();
                at.kind == *kind
                    && at.namespace == *namespace
                    && selector.compile().is_ok_and(|selector| selector.matches(&labels))
            }
        };
        let all = self.objects.iter().filter(|(at, _)| self.get(at).is_some_and(|object| is_meant(at, object)));
        all.map(|(at, _)| at.clone()).collect()
    }

    /// Makes the object what `new` says. Nothing is written, and nothing told, when it is that already.
    ///
    /// An object that is not there is not made.
    pub fn update(&mut self, at: &ObjectRef, new: Value, why: impl Into<String>, events: Vec<Event>) {
        let Some(body) = self.get(at).and_then(|old| merge_patch(old, &new)) else { return };
        self.changed.insert(at.clone(), Some(Arc::new(new)));
        self.changes.push(Change { write: Write::Patch { at: at.clone(), body }, why: why.into(), events });
    }

    /// Makes a new object. `object` needs no `apiVersion`, `kind`, `name` and `namespace`: they are put in.
    pub fn create(&mut self, at: &ObjectRef, mut object: Value, why: impl Into<String>, events: Vec<Event>) {
        object["apiVersion"] = at.kind.api_version().into();
        object["kind"] = at.kind.kind.as_ref().into();
        object["metadata"]["name"] = at.name.as_str().into();
        object["metadata"]["namespace"] = at.namespace.as_str().into();
        self.changed.insert(at.clone(), Some(Arc::new(object.clone())));
        self.changes.push(Change { write: Write::Create { at: at.clone(), object }, why: why.into(), events });
    }

    /// Deletes the object, if it is there.
    pub fn delete(&mut self, at: &ObjectRef, why: impl Into<String>, events: Vec<Event>) {
        if self.get(at).is_some() {
            self.changed.insert(at.clone(), None);
            self.changes.push(Change { write: Write::Delete { at: at.clone() }, why: why.into(), events });
        }
    }

    /// What was decided, in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// What was decided since the last call, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }
}

/// The JSON merge patch (RFC 7396) that makes `new` of `old`; `None` when they are equal. A member that is null in `new`
/// counts as absent: such a patch cannot say otherwise.
pub fn merge_patch(old: &Value, new: &Value) -> Option<Value> {
    let (Value::Object(from), Value::Object(to)) = (old, new) else {
        return (old != new).then(|| new.clone());
    };
    let mut patch = Map::new();
    for (key, value) in to.iter().filter(|(_, value)| !value.is_null()) {
        let change = match from.get(key) {
            Some(before) if !before.is_null() => merge_patch(before, value),
            _ => Some(value.clone()),
        };
        patch.extend(change.map(|change| (key.clone(), change)));
    }
    let is_kept = |key: &String| to.get(key).is_some_and(|value| !value.is_null());
    let gone = from.iter().filter(|(key, value)| !value.is_null() && !is_kept(key));
    patch.extend(gone.map(|(key, _)| (key.clone(), Value::Null)));
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::INGRESSES;
    use serde_json::json;

    #[test]
    fn patches_say_what_differs() {
        let old = json!({ "a": 1, "b": { "c": [1, 2], "d": "x" }, "e": null });
        assert_eq!(merge_patch(&old, &old), None);
        assert_eq!(merge_patch(&old, &json!({ "a": 1, "b": { "c": [1, 2], "d": "x" } })), None);
        let new = json!({ "a": 2, "b": { "c": [2] }, "f": {} });
        let patch = json!({ "a": 2, "b": { "c": [2], "d": null }, "f": {} });
        assert_eq!(merge_patch(&old, &new), Some(patch.clone()));
        let at = INGRESSES.named("ns", "front");
        let mut objects = Objects::from_iter([(at.clone(), old)]);
        Write::Patch { at: at.clone(), body: patch }.apply(&mut objects);
        let expected = json!({ "a": 2, "b": { "c": [2] }, "e": null, "f": {} });
        assert_eq!(objects.get(&at).map(|o| (**o).clone()), Some(expected));
        Write::Delete { at: at.clone() }.apply(&mut objects);
        assert_eq!(objects.get(&at), None);
    }

    #[test]
    fn a_draft_shows_what_was_decided() {
        let at = INGRESSES.named("ns", "front");
        let objects =
            Objects::from_iter([(at.clone(), json!({ "metadata": { "name": "front" }, "spec": { "n": 1 } }))]);
        let mut draft = Draft::new(&objects);
        let same = draft.get(&at).cloned().expect("there");
        draft.update(&at, same, "no reason", vec![Event::normal("Told", "never")]);
        assert_eq!(draft.changes(), []);
        draft.update(&at, json!({ "metadata": { "name": "front" }, "spec": { "n": 2 } }), "a reason", vec![]);
        assert_eq!(draft.get(&at).map(|o| o["spec"]["n"].clone()), Some(json!(2)));
        draft.delete(&at, "another", vec![]);
        draft.delete(&at, "twice", vec![]);
        assert_eq!(draft.get(&at), None);
        let other = INGRESSES.named("ns", "new");
        draft.create(&other, json!({ "spec": {} }), "missing", vec![]);
        assert_eq!(draft.get(&other).map(|o| o["kind"].clone()), Some(json!("Ingress")));
        let writes: Vec<_> = draft.take_changes().into_iter().map(|c| c.write).collect();
        assert!(matches!(&writes[..], [Write::Patch { .. }, Write::Delete { .. }, Write::Create { .. }]), "{writes:?}");
        assert_eq!(draft.changes(), []);
    }
}
