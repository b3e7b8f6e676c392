//! What the work of a candidate is told of the election.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A candidate's time in office: it may lie ahead (on standby), and it ends when it is told to stop.
#[derive(Debug, Clone)]
pub struct Term {
    begun: watch::Receiver<bool>,
    stop: CancellationToken,
}

impl Term {
    /// For work that does not stand for election: its term has begun and ends with `stop`.
    pub fn unopposed(stop: CancellationToken) -> Self {
        let (_, begun) = watch::channel(true);
        Term { begun, stop }
    }

    /// A term that begins when `true` is sent.
    pub(super) fn new(stop: CancellationToken) -> (watch::Sender<bool>, Self) {
        let (begin, begun) = watch::channel(false);
        (begin, Term { begun, stop })
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Waits for its beginning: `true` once it has begun, `false` when it is over before.
    pub async fn begins(&self) -> bool {
        let mut begun = self.begun.clone();
        let won = async { begun.wait_for(|begun| *begun).await.is_ok() };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return false,
            won = won => if won { return true },
        }
        // The election is over, and with it the term, which is told in a moment.
        self.stop.cancelled().await;
        false
    }

    /// Cancelled when it is over: everything is to end soon.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }
}
