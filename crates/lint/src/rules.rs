//! Data: what is looked for. docs/lint.md says of each why, and what to do; a test compares.

use crate::Severity;

/// A kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, which never changes.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line.
    pub summary: &'static str,
}

macro_rules! rules {
    (
        errors { $($error:ident = $error_id:literal, $error_summary:literal;)* }
        warnings { $($warning:ident = $warning_id:literal, $warning_summary:literal;)* }
    ) => {
        $(
            #[doc = $error_summary]
            pub static $error: Rule =
                Rule { id: $error_id, severity: Severity::Error, summary: $error_summary };
        )*
        $(
            #[doc = $warning_summary]
            pub static $warning: Rule =
                Rule { id: $warning_id, severity: Severity::Warning, summary: $warning_summary };
        )*
        /// All of them, errors first.
        pub static ALL: &[&Rule] = &[$(&$error,)* $(&$warning),*];
        /// The ids of warnings.
        pub static WARNING_IDS: &[&str] = &[$($warning_id),*];
    };
}

rules! {
    errors {
        YAML = "yaml", "The text is not YAML";
        NOT_A_MAPPING = "not-a-mapping", "A document is not an object";
        DUPLICATE_KEY = "duplicate-key", "A key stands twice in its mapping";
        UNKNOWN_VERSION = "unknown-version", "An object of Argo Rollouts has another apiVersion";
        UNKNOWN_FIELD = "unknown-field", "There is no such field";
        WRONG_TYPE = "wrong-type", "A value has another type than its field";
        REQUIRED_FIELD = "required-field", "A field that must be there is not";
        INVALID = "invalid", "The controller refuses the object";
        INVALID_REFERENCE = "invalid-reference", "An object that is referred to does not fit";
        UNUSABLE_ROUTE = "unusable-route", "A traffic router cannot use its object";
        INVALID_ANALYSIS = "invalid-analysis", "An analysis would fail before it measures anything";
        INVALID_CONDITION = "invalid-condition", "The condition of a metric is no expression";
    }
    warnings {
        REFERENCE_NOT_FOUND = "reference-not-found", "An object that is referred to is not in the input";
        TEXT_NOT_QUOTED = "text-not-quoted", "A number or boolean stands where a text belongs";
        DUPLICATE_OBJECT = "duplicate-object", "An object is in the input twice";
        IMAGE_LATEST = "image-latest", "An image has no tag, or the tag latest";
        NO_READINESS_PROBE = "no-readiness-probe", "A container has no readiness probe";
        DEADLINE_TOO_SHORT = "deadline-too-short", "Pods cannot become available within the progress deadline";
        NO_SPARE_CAPACITY = "no-spare-capacity", "An update may take down all pods";
        NO_REVISION_HISTORY = "no-revision-history", "No old ReplicaSet is kept";
        AUTOSCALER_FIGHTS_REPLICAS = "autoscaler-fights-replicas", "Both an autoscaler and the manifest set the replicas";
        DEPLOYMENT_BESIDE_ROLLOUT = "deployment-beside-rollout", "A Deployment has the Rollout's pods, too";
        NO_STEPS = "no-steps", "A canary has no steps";
        NO_GATE = "no-gate", "No step of a canary waits or measures";
        WEIGHT_GOES_BACK = "weight-goes-back", "A step takes weight from the canary";
        COARSE_WEIGHT = "coarse-weight", "There are too few pods for a weight";
        SHORT_SCALE_DOWN_DELAY = "short-scale-down-delay", "Old pods go before routers have followed";
        KEPT_AFTER_ABORT = "kept-after-abort", "The pods of an aborted update are never removed";
        PREVIEW_UNSEEN = "preview-unseen", "Nobody can look at a preview before it is promoted";
        UNUSED_ARGUMENT = "unused-argument", "No template has the argument";
        UNDECLARED_ARGUMENT = "undeclared-argument", "A metric uses an argument that its template does not have";
        METRIC_WITHOUT_CONDITION = "metric-without-condition", "Every measurement of a metric is a success";
        MEASURED_ONCE = "measured-once", "A metric beside the steps is measured once";
    }
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}
