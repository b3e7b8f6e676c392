use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use std::collections::BTreeMap;

/// A label selector ready to match. An empty one matches everything, an invalid one nothing.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    labels: BTreeMap<String, String>,
    expressions: Vec<LabelSelectorRequirement>,
}

impl Selector {
    pub(crate) fn of(selector: &LabelSelector) -> Self {
        Selector {
            labels: selector.match_labels.clone().unwrap_or_default(),
            expressions: selector.match_expressions.clone().unwrap_or_default(),
        }
    }

    pub(crate) fn of_labels(labels: &BTreeMap<String, String>) -> Self {
        Selector { labels: labels.clone(), expressions: Vec::new() }
    }

    /// Controllers refuse to own everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    pub(crate) fn matches(&self, labels: Option<&BTreeMap<String, String>>) -> bool {
        let get = |key: &str| labels.and_then(|l| l.get(key));
        self.labels.iter().all(|(k, v)| get(k) == Some(v))
            && self.expressions.iter().all(|e| {
                let values = e.values.as_deref().unwrap_or_default();
                match (e.operator.as_str(), get(&e.key)) {
                    ("In", Some(v)) => values.contains(v),
                    ("NotIn", v) => v.is_none_or(|v| !values.contains(v)),
                    ("Exists", v) => v.is_some(),
                    ("DoesNotExist", v) => v.is_none(),
                    _ => false,
                }
            })
    }
}

/// As `kubectl` and the scale subresource write it: `a=b,c in (d,e),!f`.
impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let labels = self.labels.iter().map(|(k, v)| format!("{k}={v}"));
        let expressions = self.expressions.iter().map(|e| {
            let values = e.values.as_deref().unwrap_or_default().join(",");
            match e.operator.as_str() {
                "In" => format!("{} in ({values})", e.key),
                "NotIn" => format!("{} notin ({values})", e.key),
                "DoesNotExist" => format!("!{}", e.key),
                _ => e.key.clone(),
            }
        });
        f.write_str(&labels.chain(expressions).collect::<Vec<_>>().join(","))
    }
}
