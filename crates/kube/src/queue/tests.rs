use super::*;
use crate::tokio_clock;
use tokio::task::JoinHandle;

fn queue() -> Queue<&'static str> {
    Queue::new("test", tokio_clock(Timestamp::UNIX_EPOCH))
}

/// The keys that are ready right now.
fn ready(queue: &Queue<&'static str>) -> Vec<&'static str> {
    use futures::FutureExt;
    std::iter::from_fn(|| queue.get().now_or_never().flatten()).collect()
}

/// The next key and the milliseconds since `start`.
async fn next(queue: &Queue<&'static str>, start: Instant) -> (&'static str, u128) {
    let key = queue.get().await.expect("the queue is open");
    (key, start.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn hands_out_each_key_once_in_order() {
    let queue = queue();
    for key in ["b", "a", "b", "c", "a"] {
        queue.add(key);
    }
    assert_eq!(ready(&queue), ["b", "a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_in_work_comes_back_only_when_done() {
    let queue = queue();
    queue.add("a");
    assert_eq!(queue.get().await, Some("a"));
    queue.add("a");
    queue.add("a");
    assert_eq!(ready(&queue), [""; 0]);
    queue.done(&"a");
    assert_eq!(ready(&queue), ["a"]);
    queue.done(&"a");
    assert_eq!(ready(&queue), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn of_several_delays_the_earliest_counts() {
    let (queue, start) = (queue(), Instant::now());
    queue.add_after("a", Duration::from_secs(60));
    queue.add_after("a", Duration::from_secs(30));
    queue.add_after("a", Duration::from_secs(45));
    queue.add_at("b", "1970-01-01T00:00:10Z".parse().expect("a time"));
    queue.add_at("c", "1969-12-31T23:00:00Z".parse().expect("a time"));
    assert_eq!(next(&queue, start).await, ("c", 0));
    assert_eq!(next(&queue, start).await, ("b", 10_000));
    assert_eq!(next(&queue, start).await, ("a", 30_000));
    assert_eq!(queue.stats().delayed, 0);
}

#[tokio::test(start_paused = true)]
async fn equal_times_keep_the_order_of_adding() {
    let queue = queue();
    for key in ["z", "m", "a"] {
        queue.add_after(key, Duration::from_secs(1));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(ready(&queue), ["z", "m", "a"]);
}

#[tokio::test(start_paused = true)]
async fn failures_wait_longer_and_are_forgotten() {
    let queue = queue();
    let mut waits = Vec::new();
    for _ in 0..16 {
        let start = Instant::now();
        queue.add_rate_limited("a");
        waits.push(next(&queue, start).await.1);
        queue.done(&"a");
    }
    assert_eq!(waits[..4], [1, 2, 4, 8]);
    assert_eq!(waits[13..], [8192, 10_000, 10_000]);
    assert_eq!(queue.failures(&"a"), 16);
    queue.forget(&"a");
    assert_eq!(queue.failures(&"a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_busy_worker_leaves_the_timers_to_an_idle_one() {
    let queue = queue();
    let start = Instant::now();
    let log = Arc::new(Mutex::new(Vec::new()));
    let workers = tokio::spawn(run_workers(2, queue.clone(), {
        let log = Arc::clone(&log);
        move |key| {
            log.lock().expect("not poisoned").push((key, start.elapsed().as_secs()));
            async move {
                // The first worker is away for an hour; the timer below is set for the second.
                tokio::time::sleep(Duration::from_secs(if key == "slow" { 3600 } else { 0 })).await;
                Next::Done
            }
        }
    }));
    tokio::time::sleep(Duration::from_secs(1)).await;
    queue.add_after("late", Duration::from_secs(100));
    queue.add_after("timed", Duration::from_secs(10));
    queue.add("slow");
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(*log.lock().expect("not poisoned"), [("slow", 1), ("timed", 11), ("late", 101)]);
    queue.shut_down();
    workers.await.expect("workers end");
    assert_eq!(start.elapsed().as_secs(), 3601);
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_one_key_only() {
    let queue = queue();
    let log = Arc::new(Mutex::new(Vec::new()));
    let workers: JoinHandle<()> = tokio::spawn(run_workers(1, queue.clone(), {
        let log = Arc::clone(&log);
        move |key| {
            let tries = {
                let mut log = log.lock().expect("not poisoned");
                log.push(key);
                log.iter().filter(|k| **k == key).count()
            };
            assert!(key != "bad" || tries > 2, "boom");
            async { Next::Done }
        }
    }));
    queue.add("bad");
    queue.add("good");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*log.lock().expect("not poisoned"), ["bad", "good", "bad", "bad"]);
    assert_eq!(queue.failures(&"bad"), 0, "forgotten after the success");
    queue.shut_down();
    workers.await.expect("workers survive panics");
}

#[tokio::test(start_paused = true)]
async fn after_shutting_down_nothing_comes_out() {
    let queue = queue();
    queue.add("a");
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn({
                let queue = queue.clone();
                async move { queue.get().await }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    queue.shut_down();
    queue.add("b");
    let mut got = Vec::new();
    for handle in waiting {
        got.push(handle.await.expect("no panic"));
    }
    assert_eq!(got, [Some("a"), None, None]);
    assert_eq!(queue.get().await, None);
}

#[tokio::test(start_paused = true)]
async fn counts() {
    let queue = queue();
    queue.add("a");
    queue.add("b");
    queue.add_after("c", Duration::from_secs(60));
    queue.get().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let expected = Stats {
        depth: 1,
        in_work: 1,
        delayed: 1,
        adds: 2,
        retries: 0,
        unfinished: Duration::from_secs(5),
        longest: Duration::from_secs(5),
    };
    assert_eq!(queue.stats(), expected);
}
