use super::{Queue, is_conflict};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// When to look at a key again although nothing changed.
pub(crate) type Next = Option<Duration>;

/// Objects an actor works on at the same time. Requests to an in-process server answer at once; the bound matters
/// for servers far away.
const CONCURRENCY: usize = 16;

/// Takes keys from `queue` and reconciles them, several at a time but each alone, for ever.
pub(crate) async fn drive<T, F, R>(name: &'static str, queue: Arc<Queue<T>>, reconcile: F)
where
    T: Ord + Clone + Display,
    F: Fn(T) -> R,
    R: Future<Output = kube::Result<Next>>,
{
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some((key, result)) = running.next(), if !running.is_empty() => {
                let key: T = key;
                match result {
                    Ok(next) => {
                        queue.done(&key);
                        if let Some(delay) = next {
                            queue.add_after(key, delay);
                        }
                    }
                    Err(error) => {
                        match is_conflict(&error) {
                            true => tracing::trace!(actor = name, %key, %error, "conflict, retrying"),
                            false => tracing::debug!(actor = name, %key, %error, "failed, retrying"),
                        }
                        queue.failed(&key);
                    }
                }
            }
            key = queue.next(), if running.len() < CONCURRENCY => {
                let work = reconcile(key.clone());
                running.push(async move { (key, work.await) });
            }
        }
    }
}
