//! Where the objects of a snapshot come from.

use crate::{Found, parts};
use rollouts_api::analysis::AnalysisRun;
use rollouts_api::{Experiment, ObjectMeta, Rollout};
use rollouts_core::{Debt, Pod, Referenced, ReplicaSet, Service, TemplateClosure, Workload};
use rollouts_kube::{RequestError, Rest};
use rollouts_traffic::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

/// What is there of the analyses of a Rollout.
#[derive(Debug, Default)]
pub struct Analyses {
    /// Runs that it controls.
    pub runs: Vec<Arc<AnalysisRun>>,
    /// Names of other runs that begin like those of its own.
    pub foreign: BTreeSet<String>,
    /// Its templates.
    pub templates: TemplateClosure,
    /// Why nothing can be said about them.
    pub unreadable: Option<String>,
}

/// What is there of the Experiments of a Rollout.
#[derive(Debug, Default)]
pub struct Experiments {
    /// Those that it controls.
    pub own: Vec<Arc<Experiment>>,
    /// Names of others that begin like those of its own.
    pub foreign: BTreeSet<String>,
    /// Why nothing can be said about them.
    pub unreadable: Option<String>,
}

/// Where the objects of a snapshot come from. Errors are of requests that may work the next time.
pub trait Source: Sync {
    /// Requests for what no source holds.
    fn rest(&self) -> &Rest;

    /// What the controller's flags say about routers.
    fn router_settings(&self) -> &Arc<Settings>;

    /// What `workloadRef` of `ro` points at.
    fn workload(&self, ro: &Rollout) -> impl Future<Output = Result<Referenced, RequestError>> + Send;

    /// The name of the living Rollout that has scaled `workload` down.
    fn debtor(
        &self,
        workload: &Workload,
        debt: &Debt,
    ) -> impl Future<Output = Result<Option<String>, RequestError>> + Send;

    /// Deployments that a Rollout has scaled down.
    fn scaled_down(&self, by: &ObjectMeta) -> Vec<Arc<Workload>>;

    /// ReplicaSets with the hash label that a Rollout controls.
    fn replica_sets(&self, owner: &ObjectMeta) -> Vec<Arc<ReplicaSet>>;

    /// ReplicaSets with the hash label that nobody controls.
    fn orphans(&self, namespace: &str) -> Vec<Arc<ReplicaSet>>;

    /// Whatever ReplicaSet has this name.
    fn replica_set(&self, namespace: &str, name: &str) -> Option<Arc<ReplicaSet>>;

    /// A Service.
    fn service(&self, namespace: &str, name: &str) -> Option<Arc<Service>>;

    /// AnalysisRuns and templates of `ro`.
    fn analyses(&self, ro: &Rollout) -> Analyses;

    /// Experiments of `ro`.
    fn experiments(&self, ro: &Rollout) -> Experiments;

    /// What the routers of `ro` look at.
    fn routers(&self, ro: &Rollout) -> impl Future<Output = Result<Found, RequestError>> + Send;

    /// The pods of these ReplicaSets.
    fn pods(
        &self,
        namespace: &str,
        sets: &[Arc<ReplicaSet>],
    ) -> impl Future<Output = Result<Vec<Arc<Pod>>, RequestError>> + Send {
        parts::pods(namespace, sets, self.rest())
    }

    /// The ready pods that these Services lead to.
    fn endpoints(
        &self,
        ro: &Rollout,
        services: BTreeSet<String>,
    ) -> impl Future<Output = Result<BTreeMap<String, BTreeSet<String>>, RequestError>> + Send {
        parts::endpoints(ro, services, self.rest())
    }
}
