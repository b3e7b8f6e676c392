//! Runs a future under paused time: whenever every task waits, time jumps to the next timer.

use std::future::Future;
use std::io;

/// Runs `future` to its end on a runtime of its own, on this thread.
///
/// # Errors
/// When the runtime cannot be built.
pub fn block_on<T>(future: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(future))
}
