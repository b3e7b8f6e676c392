//! Who looks at which objects of routers.

use rollouts_api::{ObjectMeta, Selector};
use rollouts_kube::Key;
use rollouts_traffic::{Kind, ObjectRef, Want};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What each Rollout looked at when it was last thought about.
#[derive(Default)]
pub(super) struct Interests(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_rollout: BTreeMap<Key, Vec<Want>>,
    named: BTreeMap<ObjectRef, BTreeSet<Key>>,
    /// By kind and namespace.
    selecting: BTreeMap<(Kind, String), Vec<(Selector, Key)>>,
}

impl Interests {
    /// The Rollout looks at this, too.
    pub fn add(&self, rollout: &Key, want: &Want) {
        let mut known = self.lock();
        if !known.by_rollout.get(rollout).is_some_and(|wants| wants.contains(want)) {
            known.add(rollout, want);
        }
    }

    /// The Rollout looks at this, and at nothing else any more.
    pub fn set(&self, rollout: &Key, wants: &[Want]) {
        let mut known = self.lock();
        if known.by_rollout.get(rollout).map_or(&[][..], |wants| wants) != wants {
            known.forget(rollout);
            wants.iter().for_each(|want| known.add(rollout, want));
        }
    }

    /// The Rollout is gone, or has no routers.
    pub fn forget(&self, rollout: &Key) {
        self.lock().forget(rollout);
    }

    /// Rollouts that look at an object with this metadata.
    pub fn in_object(&self, kind: &Kind, meta: &ObjectMeta) -> BTreeSet<Key> {
        let known = self.lock();
        let mut found = known.named.get(&kind.named(&meta.namespace, &meta.name)).cloned().unwrap_or_default();
        let selecting = known.selecting.get(&(kind.clone(), meta.namespace.clone()));
        let selecting = selecting.into_iter().flatten().filter(|(selector, _)| selector.matches(&meta.labels));
        found.extend(selecting.map(|(_, rollout)| rollout.clone()));
        found
    }

    /// Rollouts that look at any object of a kind.
    pub fn in_kind(&self, kind: &Kind) -> BTreeSet<Key> {
        let known = self.lock();
        let looks = |wants: &Vec<Want>| wants.iter().any(|want| kind_of(want) == kind);
        known.by_rollout.iter().filter(|(_, wants)| looks(wants)).map(|(rollout, _)| rollout.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing inside panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The kind of objects that are wanted.
pub(super) fn kind_of(want: &Want) -> &Kind {
    match want {
        Want::Named(at) => &at.kind,
        Want::Selected { kind, .. } => kind,
    }
}

impl Known {
    fn add(&mut self, rollout: &Key, want: &Want) {
        match want {
            Want::Named(at) => {
                self.named.entry(at.clone()).or_default().insert(rollout.clone());
            }
            Want::Selected { kind, namespace, selector } => {
                // One that cannot be read matches nothing.
                if let Ok(selector) = selector.compile() {
                    let place = (kind.clone(), namespace.clone());
                    self.selecting.entry(place).or_default().push((selector, rollout.clone()));
                }
            }
        }
        self.by_rollout.entry(rollout.clone()).or_default().push(want.clone());
    }

    fn forget(&mut self, rollout: &Key) {
        for want in self.by_rollout.remove(rollout).into_iter().flatten() {
            match want {
                Want::Named(at) => {
                    let Some(rollouts) = self.named.get_mut(&at) else { continue };
                    rollouts.remove(rollout);
                    if rollouts.is_empty() {
                        self.named.remove(&at);
                    }
                }
                Want::Selected { kind, namespace, .. } => {
                    let place = (kind, namespace);
                    let Some(selecting) = self.selecting.get_mut(&place) else { continue };
                    selecting.retain(|(_, key)| key != rollout);
                    if selecting.is_empty() {
                        self.selecting.remove(&place);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollouts_api::LabelSelector;
    use rollouts_traffic::INGRESSES;

    fn object(name: &str, app: &str) -> ObjectMeta {
        let labels = BTreeMap::from([("app".to_string(), app.to_string())]);
        ObjectMeta { name: name.into(), namespace: "ns".into(), labels, ..Default::default() }
    }

    #[test]
    fn a_change_concerns_those_who_look() {
        let interests = Interests::default();
        let names = |meta: &ObjectMeta| {
            let keys = interests.in_object(&INGRESSES, meta);
            keys.iter().map(|key| key.name.to_string()).collect::<Vec<_>>()
        };
        let named = |name: &str| Want::Named(INGRESSES.named("ns", name));
        let selector =
            LabelSelector { match_labels: [("app".to_string(), "web".to_string())].into(), ..Default::default() };
        let selected = Want::Selected { kind: INGRESSES, namespace: "ns".into(), selector };
        let [a, b] = ["a", "b"].map(|name| Key::new("ns", name));
        interests.add(&a, &named("front"));
        interests.add(&a, &named("front"));
        interests.add(&b, &selected);
        assert_eq!(names(&object("front", "web")), ["a", "b"]);
        assert_eq!(names(&object("front", "other")), ["a"]);
        assert_eq!(names(&object("back", "web")), ["b"]);
        assert!(interests.in_object(&INGRESSES.in_version("v2"), &object("front", "web")).is_empty());
        assert_eq!(interests.in_kind(&INGRESSES), [a.clone(), b.clone()].into());

        interests.set(&a, &[named("back")]);
        assert_eq!(names(&object("front", "other")), [""; 0]);
        assert_eq!(names(&object("back", "other")), ["a"]);
        interests.forget(&a);
        interests.forget(&b);
        let left = interests.lock();
        assert!(left.by_rollout.is_empty() && left.named.is_empty() && left.selecting.is_empty());
    }
}
