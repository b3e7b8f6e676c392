use super::maths::{OldSet, new_set_size, old_set_sizes};
use super::sets::Sets;
use super::{Actor, available, bounds, size, wanted};
use k8s_openapi::api::apps::v1::Deployment;

impl Actor {
    /// One step of a rolling update: first the new ReplicaSet grows, then the old ones shrink.
    pub(super) async fn roll(&self, d: &mut Deployment, sets: &mut Sets) -> kube::Result<()> {
        self.sync_revision(d, sets, true).await?;
        let (surge, unavailable) = bounds(d);
        let Some(new) = sets.new.clone() else { return Ok(()) };
        let old_total: i32 = sets.old.iter().map(size).sum();
        let to = match size(&new) > wanted(d) {
            true => wanted(d),
            false => new_set_size(wanted(d), surge, old_total, size(&new)),
        };
        if to != size(&new) {
            sets.put(self.resize(d, &new, to).await?);
            return Ok(());
        }
        if old_total == 0 {
            return Ok(());
        }
        let view = |rs| OldSet { size: size(rs), available: available(rs) };
        let olds: Vec<OldSet> = sets.old.iter().map(view).collect();
        let sizes = old_set_sizes(wanted(d), unavailable, view(&new), &olds);
        for (rs, to) in sets.old.clone().iter().zip(sizes) {
            if to != size(rs) {
                sets.put(self.resize(d, rs, to).await?);
            }
        }
        Ok(())
    }
}
