//! Writing one event, patiently but not for ever.

use super::Event;
use super::correlator::Action;
use crate::backoff::Backoff;
use crate::resource::EVENTS;
use crate::rest::{PatchKind, Rest};
use crate::{Key, RequestError};
use serde::de::IgnoredAny;
use std::time::Duration;

/// How often an event is tried to be written.
pub const TRIES_MAX: u32 = 12;
/// First wait between tries.
pub const RETRY_MIN: Duration = Duration::from_millis(500);
/// Longest wait between tries.
pub const RETRY_MAX: Duration = Duration::from_secs(10);

/// Writes, and tries again while the server is in trouble. What it refuses is logged and lost.
pub(super) async fn write(client: &kube::Client, action: Action) {
    let rest = Rest::new(client.clone());
    let mut backoff = Backoff::new(RETRY_MIN, RETRY_MAX);
    for attempt in 1..=TRIES_MAX {
        let Err(error) = once(&rest, &action).await else { return };
        let (Action::Create(event) | Action::Update(event)) = &action;
        let object = Key::new(event.object.namespace.as_str(), event.object.name.as_str());
        if error.is_already_exists() {
            // The answer to an earlier try was lost.
            return;
        }
        if !error.is_transient() {
            let (reason, message) = (&event.reason, &event.message);
            if error.is_namespace_terminating() {
                tracing::info!(%object, reason, message, "event not written: {error}");
            } else {
                tracing::error!(%object, reason, message, "event refused by the API server: {error}");
            }
            return;
        }
        if attempt == TRIES_MAX {
            tracing::error!(%object, reason = event.reason, "event lost after {TRIES_MAX} tries: {error}");
            return;
        }
        let wait = backoff.failed().max(error.retry_after().unwrap_or_default());
        tracing::debug!(%object, reason = event.reason, "event not written yet: {error}");
        tokio::time::sleep(wait).await;
    }
}

async fn once(rest: &Rest, action: &Action) -> Result<(), RequestError> {
    match action {
        Action::Create(event) => create(rest, event).await,
        Action::Update(event) => {
            let (namespace, patch) = (event.namespace(), event.to_patch());
            match rest.patch(&EVENTS, namespace, &event.name, None, PatchKind::Merge, &patch).await {
                Ok(IgnoredAny) => Ok(()),
                // The stored one has expired: events live an hour.
                Err(e) if e.is_not_found() => create(rest, event).await,
                Err(e) => Err(e),
            }
        }
    }
}

async fn create(rest: &Rest, event: &Event) -> Result<(), RequestError> {
    rest.create(&EVENTS, event.namespace(), &event.to_json()).await.map(|IgnoredAny| ())
}
