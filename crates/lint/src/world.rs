//! All objects of the input, and which of them are meant.

use crate::object::Object;
use rollouts_api::Rollout;
use rollouts_api::validation::service_names;
use std::collections::BTreeMap;

/// All objects.
pub(crate) struct World<'a> {
    by_kind: BTreeMap<&'a str, Vec<&'a Object>>,
    /// The Rollouts that name a Service.
    claims: BTreeMap<String, Vec<&'a Object>>,
}

impl<'a> World<'a> {
    pub fn new(objects: &'a [Object]) -> World<'a> {
        let mut by_kind: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in objects {
            by_kind.entry(&object.id.kind).or_default().push(object);
        }
        let mut claims: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
        for object in objects.iter().filter(|object| object.custom_kind() == Some("Rollout")) {
            let Ok(rollout) = serde_json::from_value::<Rollout>(object.value.clone()) else { continue };
            for name in service_names(&rollout) {
                claims.entry(name.to_string()).or_default().push(object);
            }
        }
        World { by_kind, claims }
    }

    /// The Rollout that has the Service in the end: the last one that names it.
    pub fn owner_of(&self, service: &str, namespace: &str) -> Option<&'a Object> {
        let claims = self.claims.get(service)?;
        claims.iter().rev().copied().find(|o| same_namespace(&o.id.namespace, namespace))
    }

    /// All objects of a kind, of whatever group.
    pub fn all(&self, kind: &str) -> &[&'a Object] {
        self.by_kind.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The object that is meant in `namespace`. Objects without a namespace are in whichever they will be applied to, so
    /// they are meant unless another one is; of several the last one, which would overwrite the others. `group` may be
    /// another one when none has it: routers' kinds have moved.
    pub fn find(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<&'a Object> {
        let named = || self.all(kind).iter().rev().copied().filter(|o| o.id.name == name);
        let meant = |is_meant: &dyn Fn(&Object) -> bool| {
            let exact = named().find(|o| is_meant(o) && o.id.namespace == namespace);
            exact.or_else(|| named().find(|o| is_meant(o) && same_namespace(&o.id.namespace, namespace)))
        };
        meant(&|o| o.group() == group).or_else(|| meant(&|_| true))
    }
}

/// Whether objects of these namespaces may be in one.
pub(crate) fn same_namespace(a: &str, b: &str) -> bool {
    a == b || a.is_empty() || b.is_empty()
}
