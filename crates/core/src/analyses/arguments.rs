//! Where a Rollout's arguments for an analysis come from (analysis.md §1.11).

use crate::reconcile::Reconcile;
use rollouts_api::analysis::{AnalysisRunSpec, Argument, TemplateSet};
use rollouts_api::rollout::{AnalysisRunArgument, RolloutAnalysis};
use rollouts_api::rollout_path;

impl Reconcile<'_> {
    /// What a run of this analysis measures. The error is for the user.
    pub(super) fn run_spec(&self, analysis: &RolloutAnalysis) -> Result<AnalysisRunSpec, String> {
        let args = analysis.args.iter().map(|arg| self.argument(arg)).collect::<Result<Vec<_>, _>>()?;
        let set = TemplateSet::resolve(&analysis.templates, &self.snapshot.analysis_templates);
        let set = set.map_err(|missing| missing.message())?;
        let mut spec = set.run_spec(&args, &analysis.dry_run, &analysis.measurement_retention)?;
        spec.args.iter_mut().try_for_each(|arg| self.resolve_field(arg))?;
        Ok(spec)
    }

    pub(crate) fn argument(&self, arg: &AnalysisRunArgument) -> Result<Argument, String> {
        let from = arg.value_from.as_ref();
        let value = match from.map(|f| (f.pod_template_hash_value.as_deref(), f.field_ref.as_ref())) {
            Some((Some("Latest"), _)) => self.new_hash(),
            Some((Some("Stable"), _)) => self.stable_set().map(|s| s.hash().to_string()).unwrap_or_default(),
            Some((_, Some(field))) => rollout_path::extract(&self.ro, &field.field_path)?,
            _ => arg.value.clone(),
        };
        Ok(Argument { name: arg.name.clone(), value: Some(value), value_from: None })
    }

    /// A template may ask for a field of the Rollout, too; a run could not resolve it (and upstream's does not).
    fn resolve_field(&self, arg: &mut Argument) -> Result<(), String> {
        let field = arg.value_from.as_ref().and_then(|from| from.field_ref.as_ref()).filter(|_| arg.value.is_none());
        if let Some(field) = field {
            arg.value = Some(rollout_path::extract(&self.ro, &field.field_path)?);
            arg.value_from = None;
        }
        Ok(())
    }

    /// Warns of arguments that no template knows: they are dropped, and are mostly misspelt.
    pub(crate) fn warn_of_unknown_arguments(&mut self) {
        let unknown = rollouts_api::validation::unknown_arguments(&self.ro, &self.snapshot.analysis_templates);
        for (path, name) in unknown {
            let message = format!("{path}: none of the templates has an argument '{name}', so it has no effect");
            self.plan.warn("UnknownAnalysisArgument", message);
        }
    }
}
