//! Rollouts that cannot be decoded: they say so in their status, and nothing else happens to them.

use crate::executor::Executor;
use jiff::Timestamp;
use rollouts_kube::cache;
use rollouts_kube::queue::Next;
use rollouts_kube::{Key, Troubles};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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
            return Next::Done;
        }
        let message = format!("The Rollout \"{}\" is invalid: {error}", key.name);
        let now = rollouts_api::Time::new(now);
        let status = json!({
            "phase": "Degraded",
            "message": format!("InvalidSpec: {message}"),
            "observedGeneration": object.meta.generation.to_string(),
            "conditions": [{
                "type": "InvalidSpec", "status": "True", "reason": "InvalidSpec", "message": message,
                "lastUpdateTime": now, "lastTransitionTime": now,
            }],
        });
        match executor.patch_rollout_status(&key, status).await {
            Ok(()) => {
                tracing::error!(rollout = %key, "Cannot read Rollout: {error}");
                troubles.worked(format_args!("rollout {key}"));
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, news);
                Next::Done
            }
            Err(error) if error.is_not_found() => Next::Done,
            Err(error) => {
                troubles.failed(format_args!("rollout {key}"), &error);
                Next::Failed
            }
        }
    }
}
