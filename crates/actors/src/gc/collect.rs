//! What to do about one object.

use super::Collector;
use super::graph::{FOREGROUND, Node, ORPHAN};
use crate::machinery::{Next, ServedResource, Slim, is_conflict, is_not_found, request};
use rollouts_api::OwnerReference;
use serde_json::json;

/// What an owner reference points to.
#[derive(PartialEq)]
enum Owner {
    /// An object that stays, or one of a kind unknown here: no reason to delete.
    Solid,
    /// Nothing any more.
    Absent,
    /// An object that is being deleted after its dependents.
    Waiting,
}

impl Collector {
    pub(super) async fn collect(self, uid: String) -> kube::Result<Next> {
        let Some(node) = self.graph().get(&uid).cloned() else { return Ok(None) };
        let done = if node.foreground() {
            self.foreground(&node).await
        } else if node.orphaning() {
            self.orphan(&node).await
        } else if node.terminating() {
            Ok(())
        } else {
            self.background(&node).await
        };
        match done {
            // Gone, or changed: the watch tells, and then it is looked at again.
            Err(e) if is_not_found(&e) => Ok(None),
            other => other.map(|()| None),
        }
    }

    /// Deletes the object when no owner is left, else strikes out the owners that are gone.
    async fn background(&self, node: &Node) -> kube::Result<()> {
        let live: Slim = request::get(&self.ctx.client, &node.path()).await?;
        let owners = &live.metadata.owner_references;
        if live.metadata.uid != node.meta.uid || owners.is_empty() {
            return Ok(());
        }
        let mut solid = Vec::new();
        let mut waiting = false;
        for owner in owners {
            match self.owner(node, owner).await? {
                Owner::Solid => solid.push(owner),
                Owner::Waiting => waiting = true,
                Owner::Absent => {}
            }
        }
        if solid.len() == owners.len() {
            return Ok(());
        }
        if !solid.is_empty() {
            let patch = json!({"metadata": {
                "uid": live.metadata.uid,
                "resourceVersion": live.metadata.resource_version,
                "ownerReferences": solid,
            }});
            request::merge_patch::<Slim>(&self.ctx.client, &node.path(), &patch).await?;
            return Ok(());
        }
        let has_dependents = self.graph().dependents(&node.meta.uid).next().is_some();
        let has = |finalizer: &str| live.metadata.finalizers.iter().any(|f| f == finalizer);
        let policy = if (waiting && has_dependents) || has(FOREGROUND) {
            "Foreground"
        } else if has(ORPHAN) {
            "Orphan"
        } else {
            "Background"
        };
        let options = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy,
            "preconditions": {"uid": live.metadata.uid, "resourceVersion": live.metadata.resource_version},
        });
        tracing::debug!(path = node.path(), policy, "collecting garbage");
        request::delete(&self.ctx.client, &node.path(), &options).await.map(|_| ())
    }

    async fn owner(&self, node: &Node, owner: &OwnerReference) -> kube::Result<Owner> {
        if let Some(known) = self.graph().get(&owner.uid) {
            return Ok(if known.foreground() { Owner::Waiting } else { Owner::Solid });
        }
        let served = self.served();
        let Some(resource) = served.iter().find(|r| is_kind(r, owner)) else { return Ok(Owner::Solid) };
        if resource.namespaced && node.meta.namespace.is_empty() {
            // Such an owner cannot be named from here: Kubernetes leaves the object alone.
            return Ok(Owner::Solid);
        }
        let path = format!("{}/{}", resource.path_in(&node.meta.namespace), owner.name);
        match request::get::<Slim>(&self.ctx.client, &path).await {
            Ok(live) if live.metadata.uid == owner.uid => Ok(Owner::Solid),
            Ok(_) => Ok(Owner::Absent),
            Err(e) if is_not_found(&e) => Ok(Owner::Absent),
            Err(e) => Err(e),
        }
    }

    /// Lets the owner go once no dependent blocks it; until then has them deleted.
    async fn foreground(&self, node: &Node) -> kube::Result<()> {
        let uid = &node.meta.uid;
        let (blocked, look) = {
            let graph = self.graph();
            let blocked = graph.dependents(uid).any(|(_, d)| d.blocks(uid));
            let alive = graph.dependents(uid).filter(|(_, d)| !d.terminating());
            (blocked, alive.map(|(uid, _)| uid.clone()).collect::<Vec<_>>())
        };
        self.look_at(look);
        if blocked { Ok(()) } else { self.strike_finalizer(node, FOREGROUND).await }
    }

    /// Sets the dependents free, then lets the owner go.
    async fn orphan(&self, node: &Node) -> kube::Result<()> {
        let dependents: Vec<Node> = self.graph().dependents(&node.meta.uid).map(|(_, d)| d.clone()).collect();
        for dependent in dependents {
            let path = dependent.path();
            let freed = async {
                let live: Slim = request::get(&self.ctx.client, &path).await?;
                let owners = live.metadata.owner_references.iter();
                let others: Vec<_> = owners.filter(|o| o.uid != node.meta.uid).collect();
                if others.len() == live.metadata.owner_references.len() {
                    return Ok(());
                }
                let patch = json!({"metadata": {
                    "uid": live.metadata.uid,
                    "resourceVersion": live.metadata.resource_version,
                    "ownerReferences": others,
                }});
                request::merge_patch::<Slim>(&self.ctx.client, &path, &patch).await.map(|_| ())
            };
            match freed.await {
                Err(e) if is_not_found(&e) => {}
                other => other?,
            }
        }
        self.strike_finalizer(node, ORPHAN).await
    }

    async fn strike_finalizer(&self, node: &Node, finalizer: &str) -> kube::Result<()> {
        let live: Slim = request::get(&self.ctx.client, &node.path()).await?;
        let others: Vec<_> = live.metadata.finalizers.iter().filter(|f| *f != finalizer).collect();
        if live.metadata.uid != node.meta.uid || others.len() == live.metadata.finalizers.len() {
            return Ok(());
        }
        let patch = json!({"metadata": {
            "uid": live.metadata.uid,
            "resourceVersion": live.metadata.resource_version,
            "finalizers": others,
        }});
        match request::merge_patch::<Slim>(&self.ctx.client, &node.path(), &patch).await {
            // Removing the last finalizer removes the object.
            Err(e) if is_not_found(&e) => Ok(()),
            Err(e) if is_conflict(&e) => Err(e),
            other => other.map(|_| ()),
        }
    }
}

fn is_kind(resource: &ServedResource, owner: &OwnerReference) -> bool {
    let group = owner.api_version.rsplit_once('/').map_or("", |(group, _)| group);
    resource.kind == owner.kind && resource.group == group && !resource.plural.contains('/')
}
