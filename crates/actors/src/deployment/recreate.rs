use super::sets::Sets;
use super::{Actor, selector, size, wanted};
use crate::machinery::{controller_of, is_finished};
use k8s_openapi::api::apps::v1::Deployment;

impl Actor {
    /// One step of Recreate: all old pods go, and only then the new ones come.
    pub(super) async fn recreate(&self, d: &mut Deployment, sets: &mut Sets) -> kube::Result<()> {
        self.sync_revision(d, sets, false).await?;
        let mut scaled = false;
        for rs in sets.old.clone().iter().filter(|rs| size(rs) > 0) {
            sets.put(self.resize(d, rs, 0).await?);
            scaled = true;
        }
        if scaled || self.old_pods_run(d, sets) {
            return Ok(());
        }
        self.sync_revision(d, sets, true).await?;
        if let Some(new) = sets.new.clone() {
            sets.put(self.resize(d, &new, wanted(d)).await?);
        }
        Ok(())
    }

    fn old_pods_run(&self, d: &Deployment, sets: &Sets) -> bool {
        let counted = sets.old.iter().any(|rs| rs.status.as_ref().is_some_and(|s| s.replicas > 0));
        let selector = selector(d);
        let old_pod = |pod: &k8s_openapi::api::core::v1::Pod| {
            let owner = controller_of(&pod.metadata);
            let owned = owner.is_some_and(|o| sets.old.iter().any(|rs| rs.metadata.uid.as_ref() == Some(&o.uid)));
            owned && !is_finished(pod) && selector.matches(pod.metadata.labels.as_ref())
        };
        counted
            || self.pods.in_namespace(d.metadata.namespace.as_deref().unwrap_or_default()).iter().any(|p| old_pod(p))
    }
}
