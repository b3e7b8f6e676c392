//! The AnalysisRun that is created (analysis.md §5.1).

use super::Kind;
use crate::analysis::run;
use crate::reconcile::Reconcile;
use crate::roles;
use rollouts_api::analysis::AnalysisRunSpec;
use rollouts_api::names;
use rollouts_api::rollout::RolloutAnalysis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Reconcile<'_> {
    pub(super) fn run_object(
        &self,
        kind: Kind,
        name: &str,
        analysis: &RolloutAnalysis,
        spec: &AnalysisRunSpec,
    ) -> Value {
        let extra = analysis.analysis_run_metadata.clone().unwrap_or_default();
        let mut annotations = BTreeMap::from([(names::REVISION.to_string(), self.revision().to_string())]);
        annotations.extend(extra.annotations);
        run::object(
            json!({
                "name": name,
                "namespace": self.ro.metadata.namespace,
                "labels": self.run_labels(kind, extra.labels),
                "annotations": annotations,
                "ownerReferences": [roles::owner_reference(&self.ro.metadata)],
            }),
            spec,
        )
    }

    /// Those of the Rollout's selector win over the user's; hash and step are what runs are found by, and win over all.
    fn run_labels(&self, kind: Kind, extra: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from([(names::ROLLOUT_TYPE.to_string(), kind.as_str().to_string())]);
        if let Some(instance) = self.ro.metadata.label(names::INSTANCE_ID) {
            labels.insert(names::INSTANCE_ID.into(), instance.into());
        }
        labels.extend(extra);
        labels.extend(self.ro.spec.selector.iter().flat_map(|s| s.match_labels.clone()));
        labels.insert(names::POD_TEMPLATE_HASH.into(), self.new_hash());
        if kind == Kind::Step {
            labels.insert(names::STEP_INDEX.into(), self.step_number().to_string());
        }
        labels
    }
}
