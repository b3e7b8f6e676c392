//! What a running command works with.

use crate::cobra::Matches;
use crate::draw::Paint;
use crate::env::Env;
use crate::failure::Result;
use crate::globals;
use futures::StreamExt;
use jiff::Timestamp;
use rollouts_kube::Rest;

/// A running command: its arguments and its world.
pub(crate) struct Context<'e> {
    env: Env<'e>,
    pub(crate) matches: Matches,
}

/// A connection to an API server.
pub(crate) struct Session {
    pub(crate) rest: Rest,
    /// Namespace to work in.
    pub(crate) namespace: String,
}

impl<'e> Context<'e> {
    pub(crate) fn new(env: Env<'e>, matches: Matches) -> Self {
        (env.logging)(globals::logging(&matches));
        Context { env, matches }
    }

    /// Writes to standard output.
    pub(crate) fn print(&mut self, text: &str) -> Result {
        self.env.stdout.write_all(text.as_bytes())?;
        Ok(self.env.stdout.flush()?)
    }

    /// Writes to standard error.
    pub(crate) fn warn(&mut self, text: &str) -> Result {
        Ok(self.env.stderr.write_all(text.as_bytes())?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.clock.now()
    }

    pub(crate) fn build(&self) -> crate::BuildInfo {
        self.env.build
    }

    /// Whether colours may be printed: to a terminal that knows them, when nobody asked for none.
    pub(crate) fn paint(&self) -> Paint {
        let variables = &self.env.variables;
        let asked_for_none =
            self.matches.bool("no-color") || variables.no_color.as_ref().is_some_and(|v| !v.is_empty());
        Paint(self.env.is_tty && !asked_for_none && variables.term.as_deref() != Some("dumb"))
    }

    /// Returns when the user asks to stop.
    pub(crate) async fn shutdown(&mut self) {
        if self.env.shutdown.next().await.is_none() {
            std::future::pending().await
        }
    }

    /// Connects as the flags say.
    pub(crate) fn connect(&self) -> Result<Session> {
        connect(&self.env, &self.matches)
    }
}

/// Connects as the flags say.
pub(crate) fn connect(env: &Env<'_>, matches: &Matches) -> Result<Session> {
    let options = globals::connect_options(matches, format!("kubectl-argo-rollouts/{}", env.build.version))?;
    let (client, namespace) = env.connect.connect(&options)?;
    Ok(Session { rest: Rest::new(client), namespace })
}
