//! A map of limited size that forgets what was used least recently.

use std::collections::BTreeMap;

/// Holds at most `N` entries.
pub(super) struct Lru<K, V, const N: usize> {
    entries: BTreeMap<K, (u64, V)>,
    /// Keys by the time of their last use, counted in uses.
    by_use: BTreeMap<u64, K>,
    uses: u64,
}

impl<K, V, const N: usize> Default for Lru<K, V, N> {
    fn default() -> Self {
        Lru { entries: BTreeMap::new(), by_use: BTreeMap::new(), uses: 0 }
    }
}

impl<K: Ord + Clone, V, const N: usize> Lru<K, V, N> {
    /// The value of `key`, made by `make` if there is none, marked as used.
    pub(super) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.uses += 1;
        let uses = self.uses;
        if let Some((used, _)) = self.entries.get_mut(&key) {
            self.by_use.remove(used);
            *used = uses;
        } else if self.entries.len() == N
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.by_use.insert(uses, key.clone());
        &mut self.entries.entry(key).or_insert_with(|| (uses, make())).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_least_recently_used() {
        let mut lru = Lru::<_, _, 2>::default();
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            lru.entry(key, || value);
        }
        assert_eq!(*lru.entry("a", || 5), 1, "kept");
        assert_eq!(*lru.entry("b", || 6), 6, "forgotten, and c with it");
        assert_eq!(*lru.entry("c", || 7), 7);
    }
}
