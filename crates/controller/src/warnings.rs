//! What keeps a Rollout from what it is asked to do is told when it begins, and not with every look at it.

use rollouts_api::ObjectMeta;
use rollouts_core::Warning;
use rollouts_kube::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// What was told of each Rollout and lasts. A controller that starts tells it again, which counts the event up.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<BTreeMap<Key, Told>>);

#[derive(Debug, PartialEq)]
struct Told {
    /// Of the Rollout: another one of its name is told anew.
    uid: String,
    warnings: BTreeSet<Warning>,
}

impl Warnings {
    /// Tells those that are new, and forgets those that are over: should they come back, that is news.
    pub fn tell(&self, meta: &ObjectMeta, warnings: &[Warning], tell: impl FnMut(&Warning)) {
        self.news(meta, warnings).iter().for_each(tell);
    }

    fn news(&self, meta: &ObjectMeta, warnings: &[Warning]) -> Vec<Warning> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Key::of(meta);
        let now = Told { uid: meta.uid.clone(), warnings: warnings.iter().cloned().collect() };
        let before = match warnings {
            [] => told.remove(&key),
            _ => told.insert(key, now),
        };
        let before = before.filter(|told| told.uid == meta.uid).map(|told| told.warnings).unwrap_or_default();
        warnings.iter().filter(|warning| !before.contains(warning)).cloned().collect()
    }

    /// The Rollout is gone.
    pub fn forget(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(message: &str) -> Warning {
        Warning { reason: "Reason".into(), message: message.into() }
    }

    #[test]
    fn what_lasts_is_told_once_and_what_comes_back_again() {
        let told = Warnings::default();
        let mut meta = ObjectMeta { name: "web".into(), namespace: "ns".into(), uid: "1".into(), ..Default::default() };
        let [a, b] = ["a", "b"].map(warning);
        let both = [a.clone(), b.clone()];
        assert_eq!(told.news(&meta, std::slice::from_ref(&a)), std::slice::from_ref(&a));
        assert_eq!(told.news(&meta, &both), std::slice::from_ref(&b));
        assert_eq!(told.news(&meta, &both), []);
        assert_eq!(told.news(&meta, std::slice::from_ref(&b)), []);
        assert_eq!(told.news(&meta, &both), std::slice::from_ref(&a));
        assert_eq!(told.news(&meta, &[]), []);
        assert!(told.0.lock().expect("not poisoned").is_empty());
        assert_eq!(told.news(&meta, &both), both);
        meta.uid = "2".into();
        assert_eq!(told.news(&meta, &both), both, "another Rollout of that name");
        told.forget(&Key::new("ns", "web"));
        assert_eq!(told.news(&meta, &both), both);
    }
}
