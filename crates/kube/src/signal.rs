//! A value that others wait on.
//!
//! Unlike tokio's watch channel it wakes who waits in the order they began to wait, not in a random one, so that a run
//! under a virtual clock can be repeated.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The value and those who wait.
pub(crate) struct Signal<T>(Arc<Shared<T>>);

struct Shared<T> {
    value: Mutex<T>,
    changed: Notify,
}

impl<T> Signal<T> {
    pub(crate) fn new(value: T) -> Self {
        Signal(Arc::new(Shared { value: Mutex::new(value), changed: Notify::new() }))
    }

    /// Looks at the value.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    /// Changes the value; wakes everybody if `change` says that there is news.
    pub(crate) fn change(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let news = change(&mut self.lock());
        if news {
            self.0.changed.notify_waiters();
        }
        news
    }

    /// Waits until the value is as wanted.
    pub(crate) async fn until(&self, is_wanted: impl Fn(&T) -> bool) {
        loop {
            // Registered before looking, so that a change in between is not missed.
            let changed = self.0.changed.notified();
            if self.look(&is_wanted) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // Only this crate's code runs inside, none of which panics half-way.
        self.0.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Signal(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn wakes_in_the_order_of_waiting() {
        let (signal, order) = (Signal::new(0), Arc::new(Mutex::new(Vec::new())));
        let waits = (0..50).map(|n| {
            let (signal, order) = (signal.clone(), Arc::clone(&order));
            tokio::spawn(async move {
                signal.until(|value| *value > 0).await;
                order.lock().expect("no panic").push(n);
            })
        });
        let waits: Vec<_> = waits.collect();
        tokio::task::yield_now().await;
        assert!(!signal.change(|_| false));
        assert!(signal.change(|value| {
            *value = 1;
            true
        }));
        for wait in waits {
            wait.await.expect("no panic");
        }
        assert_eq!(*order.lock().expect("no panic"), (0..50).collect::<Vec<_>>());
    }
}
