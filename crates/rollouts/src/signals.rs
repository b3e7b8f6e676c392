//! How the process is told to stop.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT (Ctrl-C) and SIGTERM, caught.
#[cfg(unix)]
pub struct Signals(Option<[Signal; 2]>);

/// Ctrl-C, caught.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(unix)]
impl Signals {
    /// Catches them from now on. What cannot be caught ends the process.
    pub fn catch() -> Self {
        let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        Signals(interrupt.ok().zip(terminate.ok()).map(|(interrupt, terminate)| [interrupt, terminate]))
    }

    /// Resolves at the next one.
    pub async fn next(&mut self) {
        let Some([interrupt, terminate]) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            biased;
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Catches it from now on.
    pub fn catch() -> Self {
        Signals
    }

    /// Resolves at the next one.
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Resolves at the first signal.
pub async fn interrupted() {
    Signals::catch().next().await;
}
