//! Data: what is looked for. docs/lint.md says of each why, and what to do; a test compares.

use crate::Severity::{self, Error, Warning};

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
    ($($name:ident = $id:literal, $severity:ident, $summary:literal;)*) => {
        $(#[doc = $summary] pub static $name: Rule = Rule { id: $id, severity: $severity, summary: $summary };)*
        /// All of them, errors first.
        pub static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    YAML = "yaml", Error, "The text is not YAML";
    NOT_A_MAPPING = "not-a-mapping", Error, "A document is not an object";
    DUPLICATE_KEY = "duplicate-key", Error, "A key stands twice in its mapping";
    UNKNOWN_VERSION = "unknown-version", Error, "An object of Argo Rollouts has another apiVersion";
    UNKNOWN_FIELD = "unknown-field", Error, "There is no such field";
    WRONG_TYPE = "wrong-type", Error, "A value has another type than its field";
    REQUIRED_FIELD = "required-field", Error, "A field that must be there is not";
    INVALID = "invalid", Error, "The controller refuses the object";
    INVALID_REFERENCE = "invalid-reference", Error, "An object that is referred to does not fit";
    UNUSABLE_ROUTE = "unusable-route", Error, "A traffic router cannot use its object";
    INVALID_ANALYSIS = "invalid-analysis", Error, "An analysis would fail before it measures anything";
    INVALID_CONDITION = "invalid-condition", Error, "The condition of a metric is no expression";

    REFERENCE_NOT_FOUND = "reference-not-found", Warning, "An object that is referred to is not in the input";
    TEXT_NOT_QUOTED = "text-not-quoted", Warning, "A number or boolean stands where a text belongs";
    DUPLICATE_OBJECT = "duplicate-object", Warning, "An object is in the input twice";
    IMAGE_LATEST = "image-latest", Warning, "An image has no tag, or the tag latest";
    NO_READINESS_PROBE = "no-readiness-probe", Warning, "A container has no readiness probe";
    DEADLINE_TOO_SHORT = "deadline-too-short", Warning, "Pods cannot become available within the progress deadline";
    NO_SPARE_CAPACITY = "no-spare-capacity", Warning, "An update may take down all pods";
    NO_REVISION_HISTORY = "no-revision-history", Warning, "No old ReplicaSet is kept";
    AUTOSCALER_FIGHTS_REPLICAS = "autoscaler-fights-replicas", Warning, "Both an autoscaler and the manifest set the replicas";
    DEPLOYMENT_BESIDE_ROLLOUT = "deployment-beside-rollout", Warning, "A Deployment has the Rollout's pods, too";
    NO_STEPS = "no-steps", Warning, "A canary has no steps";
    NO_GATE = "no-gate", Warning, "No step of a canary waits or measures";
    WEIGHT_GOES_BACK = "weight-goes-back", Warning, "A step takes weight from the canary";
    COARSE_WEIGHT = "coarse-weight", Warning, "There are too few pods for a weight";
    SHORT_SCALE_DOWN_DELAY = "short-scale-down-delay", Warning, "Old pods go before routers have followed";
    KEPT_AFTER_ABORT = "kept-after-abort", Warning, "The pods of an aborted update are never removed";
    PREVIEW_UNSEEN = "preview-unseen", Warning, "Nobody can look at a preview before it is promoted";
    UNUSED_ARGUMENT = "unused-argument", Warning, "No template has the argument";
    UNDECLARED_ARGUMENT = "undeclared-argument", Warning, "A metric uses an argument that its template does not have";
    METRIC_WITHOUT_CONDITION = "metric-without-condition", Warning, "Every measurement of a metric is a success";
    MEASURED_ONCE = "measured-once", Warning, "A metric beside the steps is measured once";
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}
