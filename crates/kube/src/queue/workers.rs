//! Workers that take keys from a queue and never die.

use super::{Queue, Work};
use futures::FutureExt;
use jiff::Timestamp;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// What becomes of a key after it was worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is settled until something adds it again.
    Done,
    /// It succeeded and wants another look after this long.
    After(Duration),
    /// It succeeded and wants another look at this time.
    At(Timestamp),
    /// It is not at fault but cannot proceed yet; failures are kept as they are.
    Again(Duration),
    /// It failed: try again after a wait that doubles each time. The handler has reported why.
    Failed,
}

/// Runs `count` workers until the queue is shut down and the last key in hand is done. A handler that panics
/// fails its key and nothing else. Dropping the future stops all workers where they are.
pub async fn run_workers<K, H, F>(count: usize, queue: Queue<K>, handler: H)
where
    K: Work,
    H: Fn(K) -> F + Send + Sync + 'static,
    F: Future<Output = Next> + Send + 'static,
{
    let handler = Arc::new(handler);
    let mut workers = JoinSet::new();
    for _ in 0..count {
        workers.spawn(work(queue.clone(), Arc::clone(&handler)));
    }
    // Workers catch what handlers panic with, so there is nothing to learn from their results.
    while workers.join_next().await.is_some() {}
}

async fn work<K, H, F>(queue: Queue<K>, handler: Arc<H>)
where
    K: Work,
    H: Fn(K) -> F,
    F: Future<Output = Next>,
{
    while let Some(key) = queue.get().await {
        // The call itself is inside, so that a handler that panics before its first await is caught as well.
        let (handler, handed) = (&handler, key.clone());
        let attempt = AssertUnwindSafe(async move { handler(handed).await }).catch_unwind();
        let next = attempt.await.unwrap_or_else(|panic| {
            tracing::error!(queue = queue.name(), %key, "Recovered from Panic: {}", panic_text(&*panic));
            Next::Failed
        });
        settle(&queue, &key, next);
        queue.done(&key);
    }
}

fn settle<K: Work>(queue: &Queue<K>, key: &K, next: Next) {
    match next {
        Next::Failed => return queue.add_rate_limited(key.clone()),
        Next::Again(delay) => return queue.add_after(key.clone(), delay),
        Next::Done => {}
        Next::After(delay) => queue.add_after(key.clone(), delay),
        Next::At(time) => queue.add_at(key.clone(), time),
    }
    queue.forget(key);
}

/// The words of a panic, if it came with any.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without words"
    }
}
