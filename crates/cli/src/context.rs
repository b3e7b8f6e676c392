//! What a running command works with.

use crate::cobra::Matches;
use crate::draw::Paint;
use crate::env::{Env, Variables};
use crate::failure::Result;
use crate::globals;
use crate::screen::{Screen, Size};
use futures::StreamExt;
use jiff::Timestamp;
use rollouts_kube::{ConnectOptions, Rest};
use std::io::ErrorKind;
use std::path::Path;

/// A running command: its arguments and its world.
pub(crate) struct Context<'e> {
    env: Env<'e>,
    pub(crate) matches: Matches,
}

/// What the user wants of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// That it ends.
    Stop,
    /// That it fits the terminal, which has another size now.
    Redraw,
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
        Paint(self.is_capable_terminal() && !self.matches.bool("no-color"))
    }

    /// A screen, which is drawn over on a terminal that knows how.
    pub(crate) fn screen(&self) -> Screen {
        Screen::new(self.is_capable_terminal())
    }

    /// Whether escape sequences may be printed at all.
    fn is_capable_terminal(&self) -> bool {
        let Variables { term, no_color, .. } = &self.env.variables;
        let is_plain = term.as_deref() == Some("dumb") || no_color.as_ref().is_some_and(|v| !v.is_empty());
        self.env.is_tty && !is_plain
    }

    /// The terminal's present size, if there is one that tells.
    pub(crate) fn size(&self) -> Option<Size> {
        if self.env.is_tty { (self.env.size)() } else { None }
    }

    /// The text of a file that the user names; `-` is standard input. The error is in Go's words.
    pub(crate) fn read_file(&self, path: &str) -> Result<String, String> {
        self.read_file_opt(path)?.ok_or_else(|| format!("open {path}: no such file or directory"))
    }

    /// The same; nothing if there is no such file.
    pub(crate) fn read_file_opt(&self, path: &str) -> Result<Option<String>, String> {
        match (self.env.files)(Path::new(path)) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(format!("read {path}: not a text in UTF-8")),
            },
            Err(e) => match e.kind() {
                ErrorKind::NotFound => Ok(None),
                ErrorKind::IsADirectory => Err(format!("read {path}: is a directory")),
                ErrorKind::PermissionDenied => Err(format!("open {path}: permission denied")),
                _ => Err(format!("read {path}: {e}")),
            },
        }
    }

    /// The paths of what is in a directory, sorted; `None` if it is none. The error is in Go's words.
    pub(crate) fn read_folder(&self, path: &str) -> Result<Option<Vec<String>>, String> {
        match (self.env.folders)(Path::new(path)) {
            Ok(entries) => {
                let mut names: Vec<String> = entries.iter().map(|p| p.to_string_lossy().into_owned()).collect();
                names.sort();
                Ok(Some(names))
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotADirectory | ErrorKind::NotFound) => Ok(None),
            Err(e) if e.kind() == ErrorKind::PermissionDenied => Err(format!("open {path}: permission denied")),
            Err(e) => Err(format!("open {path}: {e}")),
        }
    }

    /// Whether standard output is a terminal.
    pub(crate) fn is_tty(&self) -> bool {
        self.env.is_tty
    }

    /// Returns when the user asks to stop.
    pub(crate) async fn shutdown(&mut self) {
        if self.env.shutdown.next().await.is_none() {
            std::future::pending().await
        }
    }

    /// Those of the given flags that another command needs to reach the same objects, quoted for a shell.
    pub(crate) fn flags_to_repeat(&self) -> String {
        let flags = [("namespace", "-n"), ("context", "--context"), ("kubeconfig", "--kubeconfig")];
        let given = flags.into_iter().filter_map(|(name, flag)| {
            let value = self.matches.text_opt(name).filter(|value| !value.is_empty())?;
            let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c));
            Some(if is_plain {
                format!("{flag} {value}")
            } else {
                format!("{flag} '{}'", value.replace('\'', "'\\''"))
            })
        });
        given.collect::<Vec<_>>().join(" ")
    }

    /// What the user wants of a screen next.
    pub(crate) async fn next_wish(&mut self) -> Wish {
        let Env { shutdown, resized, .. } = &mut self.env;
        tokio::select! {
            biased;
            Some(()) = shutdown.next() => Wish::Stop,
            Some(()) = resized.next() => Wish::Redraw,
            else => std::future::pending().await,
        }
    }

    /// Connects as the flags say.
    pub(crate) fn connect(&self) -> Result<Session> {
        connect(&self.env, &self.matches)
    }
}

/// Connects as the flags say.
pub(crate) fn connect(env: &Env<'_>, matches: &Matches) -> Result<Session> {
    let options = options(env, matches)?;
    let (client, namespace) = env.connect.connect(&options)?;
    Ok(Session { rest: Rest::new(client), namespace })
}

/// What the flags say of connections.
pub(crate) fn options(env: &Env<'_>, matches: &Matches) -> Result<ConnectOptions> {
    Ok(globals::connect_options(matches, format!("kubectl-argo-rollouts/{}", env.build.version))?)
}
