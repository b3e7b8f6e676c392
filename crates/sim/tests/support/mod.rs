//! A fresh thread whose randomness comes from a seed, for runs that repeat byte for byte.

mod entropy;

/// Runs `work` so that the same seed gives the same run: hash maps of the standard library and of dependencies draw
/// their seeds per thread from the operating system, which is answered from `seed` here.
pub fn seeded<T: Send + 'static>(seed: u64, work: impl FnOnce() -> T + Send + 'static) -> T {
    #[expect(clippy::disallowed_methods, reason = "the run is a world of its own, with its own virtual time")]
    let thread = std::thread::spawn(move || {
        entropy::seed(seed);
        work()
    });
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
