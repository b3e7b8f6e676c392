//! Changing parts of an object with whatever rights there are.

use super::{PatchKind, Query, Rest};
use crate::{RequestError, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

impl Rest {
    /// Applies a merge patch. Where patching is not granted, the object is read, changed and updated instead: the roles
    /// that people have for the Go controller allow that for pods and Deployments. A resourceVersion in the patch, or
    /// else the one that was read, keeps a change in between from being lost.
    ///
    /// # Errors
    /// If neither is granted, the refusal of the patch.
    pub async fn merge<T: DeserializeOwned>(
        &self,
        r: &Resource,
        namespace: &str,
        name: &str,
        subresource: Option<&str>,
        patch: &Value,
    ) -> Result<T, RequestError> {
        let refusal = match self.patch(r, namespace, name, subresource, PatchKind::Merge, patch).await {
            Err(error) if error.is_forbidden() => error,
            answer => return answer,
        };
        tracing::debug!(resource = %r, namespace, name, "not allowed to patch, updating instead: {refusal}");
        let Some(mut object) = self.read(r, namespace, name).await? else { return Err(refusal) };
        apply(&mut object, patch);
        match self.replace(r, namespace, name, subresource, &object).await {
            Err(error) if error.is_forbidden() => Err(refusal),
            answer => answer,
        }
    }

    /// An object as it is, by a list of one where reading single objects is not granted.
    async fn read(&self, r: &Resource, namespace: &str, name: &str) -> Result<Option<Value>, RequestError> {
        match self.get(r, namespace, name).await {
            Err(error) if error.is_forbidden() => {
                let query = Query::default().fields(format!("metadata.name={name}"));
                let mut object = self.list::<Value>(r, Some(namespace), &query).await?.items.pop();
                if let Some(object) = &mut object {
                    // Lists leave out what is the same for all.
                    object["apiVersion"] = r.api_version().into();
                    object["kind"] = r.kind.as_ref().into();
                }
                Ok(object)
            }
            answer => answer.map(Some),
        }
    }
}

/// RFC 7386.
fn apply(object: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        object.clone_from(patch);
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Value::Object(fields) = object else { return };
    for (name, change) in changes {
        match change {
            Value::Null => drop(fields.remove(name)),
            change => apply(fields.entry(name.as_str()).or_insert(Value::Null), change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{DEPLOYMENTS, PODS};
    use crate::testing::{Reply, Script};
    use serde_json::json;

    fn forbidden() -> Reply {
        Reply::Text(403, json!({ "code": 403, "reason": "Forbidden", "message": "not you" }).to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_patch_is_a_patch() {
        let script = Script::new([Reply::json(&json!({}))]);
        let rest = Rest::new(script.client());
        rest.merge::<Value>(&PODS, "ns", "a", None, &json!({})).await.expect("patched");
        assert_eq!(script.lines(), ["PATCH /api/v1/namespaces/ns/pods/a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_right_it_is_an_update() {
        let present = json!({ "metadata": { "name": "a", "resourceVersion": "7", "labels": { "a": "1", "b": "2" } } });
        let list = json!({ "metadata": {}, "items": [present] });
        let script = Script::new([forbidden(), forbidden(), Reply::json(&list), Reply::json(&json!({}))]);
        let rest = Rest::new(script.client());
        let patch = json!({ "metadata": { "labels": { "a": null, "c": "3" } } });
        rest.merge::<Value>(&PODS, "ns", "a", None, &patch).await.expect("updated");
        let pods = "/api/v1/namespaces/ns/pods";
        let expected = [
            format!("PATCH {pods}/a"),
            format!("GET {pods}/a"),
            format!("GET {pods}?fieldSelector=metadata.name%3Da"),
            format!("PUT {pods}/a"),
        ];
        assert_eq!(script.lines(), expected);
        let sent = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "a", "resourceVersion": "7", "labels": { "b": "2", "c": "3" } },
        });
        assert_eq!(script.seen()[3].body, sent);
    }

    #[tokio::test(start_paused = true)]
    async fn without_any_right_the_first_refusal_counts() {
        let script = Script::new([forbidden(), Reply::json(&json!({ "spec": 1 })), forbidden()]);
        let rest = Rest::new(script.client());
        let patch = json!({ "metadata": { "resourceVersion": "3" } });
        let answer = rest.merge::<Value>(&DEPLOYMENTS, "ns", "a", None, &patch).await;
        assert_eq!(answer.expect_err("refused").to_string(), "not you");
        assert_eq!(script.seen()[2].body, json!({ "spec": 1, "metadata": { "resourceVersion": "3" } }));
    }

    #[test]
    fn merging() {
        let mut object = json!({ "a": { "b": 1, "c": [1, 2] }, "d": 4 });
        apply(&mut object, &json!({ "a": { "b": null, "c": [3] }, "d": { "e": { "f": null } }, "g": null }));
        assert_eq!(object, json!({ "a": { "c": [3] }, "d": { "e": {} } }));
    }
}
