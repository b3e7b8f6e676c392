//! Rollouts that cannot be decoded: they say so in their status, and nothing else happens to them.

use crate::executor::{CATCH_UP, Executor};
use jiff::Timestamp;
use rollouts_api::Time;
use rollouts_api::rollout::Condition;
use rollouts_kube::queue::Next;
use rollouts_kube::{Key, RequestError, Troubles, cache, patch, resource};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

const INVALID_SPEC: &str = "InvalidSpec";

/// What was told of each, and of which generation, so that it is told once.
#[derive(Debug, Default)]
pub(crate) struct Malformed(Mutex<BTreeMap<Key, (i64, String)>>);

impl Malformed {
    /// The Rollout can be read, or is gone: should it break again, that is news.
    pub fn forget(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    pub async fn tell(
        &self,
        executor: &Executor,
        troubles: &Troubles,
        object: &cache::Malformed,
        now: Timestamp,
    ) -> Next {
        let key = Key::of(&object.meta);
        // Where in the text it stands changes with every write, also with the one below.
        let error = object.error.rsplit_once(" at line ").map_or(object.error.as_str(), |(error, _)| error);
        let news = (object.meta.generation, error.to_string());
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) == Some(&news) {
            troubles.worked(format_args!("rollout {key}"));
            return Next::Done;
        }
        let told =
            self.write(executor, object, &format!("The Rollout \"{}\" is invalid: {error}", key.name), now).await;
        let who = format_args!("rollout {key}");
        match told {
            Ok(()) => {
                tracing::error!(rollout = %key, "Cannot read Rollout: {error}");
                troubles.worked(who);
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, news);
                Next::Done
            }
            Err(error) if error.is_not_found() => {
                troubles.worked(who);
                Next::Done
            }
            // The cache is late; maybe it can be read by now.
            Err(error) if error.is_conflict() => {
                troubles.worked(who);
                Next::After(CATCH_UP)
            }
            Err(error) => {
                troubles.failed(who, &error);
                Next::Failed
            }
        }
    }

    /// Writes what is wrong with the version that was read, unless the status says so already. The rest of the status
    /// stays: what the Rollout once was must be known when it is repaired.
    async fn write(
        &self,
        executor: &Executor,
        object: &cache::Malformed,
        message: &str,
        now: Timestamp,
    ) -> Result<(), RequestError> {
        let key = Key::of(&object.meta);
        let live: Raw = executor.rest().get(&resource::ROLLOUTS, &key.namespace, &key.name).await?;
        let mut status = live.status.clone();
        if !status.is_object() {
            status = json!({});
        }
        status["phase"] = "Degraded".into();
        status["message"] = format!("InvalidSpec: {message}").into();
        status["observedGeneration"] = object.meta.generation.to_string().into();
        status["conditions"] = conditions(&live.status["conditions"], message, Time::new(now)).into();
        let Some(status) = patch::diff(&live.status, &status) else { return Ok(()) };
        let body = json!({ "metadata": { "resourceVersion": object.meta.resource_version }, "status": status });
        executor.patch_rollout_status(&key, &body).await
    }
}

/// A Rollout, as far as it is looked at before it is decoded.
#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    status: Value,
}

/// The conditions that can be read, and the one that says what is wrong.
fn conditions(present: &Value, message: &str, now: Time) -> Vec<Value> {
    let mut conditions: Vec<Value> = present.as_array().cloned().unwrap_or_default();
    let says = |c: &Condition| c.r#type != INVALID_SPEC || (c.message == message && c.status == "True");
    conditions.retain(|c| Condition::deserialize(c).is_ok_and(|c| says(&c)));
    if !conditions.iter().any(|c| c["type"] == INVALID_SPEC) {
        conditions.push(json!(Condition {
            r#type: INVALID_SPEC.into(),
            status: "True".into(),
            last_update_time: now,
            last_transition_time: now,
            reason: INVALID_SPEC.into(),
            message: message.into(),
        }));
    }
    conditions
}
