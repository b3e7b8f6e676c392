//! Objects of traffic routers: written, and what is told when that fails.

use super::{Applied, Executor, Run, bodies, is_brief};
use crate::caches::Caches;
use crate::routers::resource_of;
use rollouts_core::Snapshot;
use rollouts_kube::cache::Cached;
use rollouts_kube::error::Status;
use rollouts_kube::events::EventType;
use rollouts_kube::rest::Delete;
use rollouts_kube::writes::OwnWrites;
use rollouts_kube::{Key, RequestError, Rest};
use rollouts_traffic::{Event, Kind, ObjectRef, Write};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Our own writes to objects of routers, by kind.
#[derive(Default)]
pub(super) struct RouteWrites(Mutex<BTreeMap<Kind, Arc<OwnWrites>>>);

impl RouteWrites {
    fn of(&self, kind: &Kind) -> Arc<OwnWrites> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(kind.clone()).or_default())
    }

    fn all(&self) -> Vec<(Kind, Arc<OwnWrites>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(kind, writes)| (kind.clone(), Arc::clone(writes))).collect()
    }

    /// A write that the caches lack. What is not watched is asked for every time, and never late.
    pub fn behind(&self, key: &Key, caches: &Caches) -> Option<Key> {
        self.all().iter().find_map(|(kind, writes)| writes.behind(key, &caches.routers.filled(kind)?))
    }

    pub fn forget(&self, key: &Key) {
        self.all().iter().for_each(|(_, writes)| writes.forget(key));
    }
}

/// Routers whose writes have failed, with what was to be written.
#[derive(Default)]
pub(super) struct Failed(Vec<(&'static str, Write, RequestError)>);

impl Failed {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What became of an object.
pub(crate) struct Written {
    /// Its new version; `None` if it is gone.
    pub version: Option<String>,
    /// Of what was deleted.
    pub uid: String,
}

/// Carries out one write. `known` is the object as it was read, `version` that of a later write of ours.
pub(crate) async fn write(
    rest: &Rest,
    write: &Write,
    known: Option<&Value>,
    version: Option<&str>,
) -> Result<Written, RequestError> {
    let ObjectRef { kind, namespace, name } = write.at();
    let r = resource_of(kind);
    let read = |field: &str| known.and_then(|object| object["metadata"][field].as_str());
    let version = version.or(read("resourceVersion")).map(str::to_owned);
    let uid = read("uid").unwrap_or_default().to_owned();
    let answer: bodies::MetaOnly = match write {
        Write::Patch { body, .. } => {
            let mut body = body.clone();
            if let Some(version) = version {
                body["metadata"]["resourceVersion"] = version.into();
            }
            rest.merge(&r, namespace, name, None, &body).await?
        }
        Write::Create { object, .. } => rest.create(&r, namespace, object).await?,
        Write::Delete { .. } => {
            let options = Delete {
                uid: Some(uid.clone()).filter(|uid| !uid.is_empty()),
                resource_version: version,
                ..Default::default()
            };
            super::ignore_missing(rest.delete(&r, namespace, name, &options).await)?;
            return Ok(Written { version: None, uid });
        }
    };
    Ok(Written { version: Some(answer.metadata.resource_version), uid: answer.metadata.uid })
}

impl Executor {
    /// One effect of a router. What fails is kept for later: other routers must have the weights all the same.
    ///
    /// # Errors
    /// When the plan is of the past.
    pub(super) async fn route(
        &self,
        run: &mut Run<'_>,
        (router, change, events): (&'static str, &Write, &[Event]),
        failed: &mut Failed,
    ) -> Result<Option<Applied>, RequestError> {
        if failed.0.iter().any(|(other, ..)| *other == router) {
            return Ok(None);
        }
        self.confirm(run).await?;
        match self.write_route(run, change).await {
            Ok(()) => {
                let meta = &run.snapshot.rollout.metadata;
                for Event { is_warning, reason, message } in events {
                    match is_warning {
                        true => self.warn(meta, reason, message),
                        false => self.tell(meta, reason, message),
                    }
                }
                Ok(None)
            }
            Err(error) if error.is_namespace_terminating() && change.at().namespace == run.namespace => {
                tracing::debug!(rollout = %run.key, "{error}");
                Ok(Some(Applied::Gone))
            }
            Err(error) => {
                failed.0.push((router, change.clone(), error));
                Ok(None)
            }
        }
    }

    /// Ends a plan of whose routers some have failed: tells the first reason that does not pass by itself.
    pub(super) async fn route_failed(&self, snapshot: &Snapshot, failed: Failed) -> Result<Applied, RequestError> {
        let passes = |error: &RequestError| error.is_conflict() || error.is_not_found() || is_brief(error);
        let mut errors = failed.0;
        let lasting = errors.iter().position(|(.., error)| !passes(error));
        if let Some((router, write, error)) = lasting.map(|at| &errors[at]) {
            let (now, said) = (self.clock.now(), error.to_string());
            let plan = rollouts_core::plan_after_route_error(snapshot, now, (*router, write), &said);
            Box::pin(self.apply(snapshot, &plan)).await?;
        }
        match errors.is_empty() {
            true => Ok(Applied::All),
            false => Err(errors.swap_remove(lasting.unwrap_or(0)).2),
        }
    }

    async fn write_route(&self, run: &mut Run<'_>, change: &Write) -> Result<(), RequestError> {
        let at = change.at();
        let slot = (at.kind.to_string(), format!("{}/{}", at.namespace, at.name));
        let known = run.snapshot.routers.get(at).map(|object| &**object);
        let own = run.versions.get(&slot).map(String::as_str);
        let written = match write(self.routers.rest(&at.kind), change, known, own).await {
            Err(error) if error.is_already_exists() => return Err(self.in_the_way(run, at, error).await?),
            written => written?,
        };
        // What is not watched never shows a write.
        let is_watched = self.namespace.as_deref().is_none_or(|watched| watched == at.namespace);
        let (writes, object) = (self.writes.routes.of(&at.kind), Key::new(&*at.namespace, &*at.name));
        match written.version {
            Some(version) => {
                if is_watched {
                    writes.wrote(&run.key, &object, &version);
                }
                run.versions.insert(slot, version);
            }
            None if is_watched => writes.deleted(&run.key, &object, &written.uid),
            None => {}
        }
        Ok(())
    }

    /// Why an object cannot be made: one of its name is there already. If it is ours, an answer was lost or the cache is
    /// late, and the next plan knows it.
    async fn in_the_way(
        &self,
        run: &Run<'_>,
        at: &ObjectRef,
        error: RequestError,
    ) -> Result<RequestError, RequestError> {
        let r = resource_of(&at.kind);
        let existing: Option<bodies::MetaOnly> =
            self.routers.rest(&at.kind).get_opt(&r, &at.namespace, &at.name).await?;
        let uid = &run.snapshot.rollout.metadata.uid;
        let is_foreign = |meta: &rollouts_api::ObjectMeta| meta.controller().is_none_or(|c| c.uid != *uid);
        Ok(match existing.is_some_and(|existing| is_foreign(existing.meta())) {
            true => error,
            false => RequestError::Refused(Status {
                code: 409,
                reason: "Conflict".into(),
                message: error.to_string(),
                ..Default::default()
            }),
        })
    }

    /// Tells the user of progress, as a line of log and as an event.
    pub(super) fn tell(&self, rollout: &rollouts_api::ObjectMeta, reason: &str, message: &str) {
        tracing::info!(rollout = %Key::of(rollout), event_reason = reason, "{message}");
        self.event(rollout, EventType::Normal, reason, message);
    }
}
