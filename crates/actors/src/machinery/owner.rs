//! Owner references: who controls an object, and claiming what a selector selects.

use super::{Context, Selector, Store, is_not_found, meta_uid};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Api, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::fmt::Debug;
use std::sync::Arc;

/// The reference with `controller: true`.
pub(crate) fn controller_of(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.as_ref()?.iter().find(|o| o.controller == Some(true))
}

/// Whether `owner` controls the object.
pub(crate) fn owned_by(meta: &ObjectMeta, owner: &ObjectMeta) -> bool {
    controller_of(meta).is_some_and(|o| o.uid == meta_uid(owner))
}

/// A controller reference to `owner` that blocks its foreground deletion.
pub(crate) fn controller_ref<K: Resource<DynamicType = ()>>(owner: &K) -> OwnerReference {
    OwnerReference {
        api_version: K::api_version(&()).into_owned(),
        kind: K::kind(&()).into_owned(),
        name: owner.name_any(),
        uid: meta_uid(owner.meta()).to_string(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Sorts `candidates` into those that `owner` controls after this call: matching orphans are adopted, and owned
/// objects that no longer match are released.
pub(crate) async fn claim<O, K>(
    ctx: &Context,
    owner: &O,
    selector: &Selector,
    candidates: Vec<Arc<K>>,
    store: &Store<K>,
) -> kube::Result<Vec<Arc<K>>>
where
    O: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    K: Clone + DeserializeOwned + Serialize + Debug + Send + Sync + 'static,
{
    let namespace = owner.namespace().unwrap_or_default();
    let api = ctx.api::<K>(&namespace);
    let owner_terminating = owner.meta().deletion_timestamp.is_some();
    let mut may_adopt = None;
    let mut claimed = Vec::new();
    for object in candidates {
        let meta = object.meta();
        let matches = selector.matches(meta.labels.as_ref());
        match controller_of(meta) {
            Some(o) if o.uid != meta_uid(owner.meta()) => {}
            Some(_) if matches => claimed.push(object),
            Some(_) if owner_terminating => {}
            Some(_) => release(&api, object.as_ref(), owner.meta(), store).await?,
            None if !matches || owner_terminating || meta.deletion_timestamp.is_some() => {}
            None => {
                // The cached owner may be gone already: an adopted object would die with it.
                let allowed = match may_adopt {
                    Some(known) => known,
                    None => *may_adopt.insert(still_there(ctx, owner).await?),
                };
                if allowed && let Some(adopted) = adopt(&api, object.as_ref(), controller_ref(owner), store).await? {
                    claimed.push(Arc::new(adopted));
                }
            }
        }
    }
    Ok(claimed)
}

async fn still_there<O>(ctx: &Context, owner: &O) -> kube::Result<bool>
where
    O: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + Debug,
{
    let api: Api<O> = ctx.api(&owner.namespace().unwrap_or_default());
    let live = api.get_opt(&owner.name_any()).await?;
    Ok(live.is_some_and(|o| o.meta().uid == owner.meta().uid && o.meta().deletion_timestamp.is_none()))
}

async fn adopt<K>(api: &Api<K>, object: &K, by: OwnerReference, store: &Store<K>) -> kube::Result<Option<K>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let mut owners = object.owner_references().to_vec();
    owners.push(by);
    patch_owners(api, object, &owners, store).await
}

async fn release<K>(api: &Api<K>, object: &K, owner: &ObjectMeta, store: &Store<K>) -> kube::Result<()>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let owners: Vec<_> = object.owner_references().iter().filter(|o| o.uid != meta_uid(owner)).cloned().collect();
    patch_owners(api, object, &owners, store).await.map(|_| ())
}

/// `None` when the object is gone.
async fn patch_owners<K>(
    api: &Api<K>,
    object: &K,
    owners: &[OwnerReference],
    store: &Store<K>,
) -> kube::Result<Option<K>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let patch = json!({"metadata": {
        "uid": object.meta().uid,
        "resourceVersion": object.meta().resource_version,
        "ownerReferences": owners,
    }});
    match api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(written) => {
            store.seen(&written).await;
            Ok(Some(written))
        }
        Err(e) if is_not_found(&e) => Ok(None),
        Err(e) => Err(e),
    }
}
