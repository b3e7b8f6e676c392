//! Runs the kubectl plugin in this process.

use futures::{StreamExt, stream};
use rollouts_api::Clock;
use rollouts_cli::{BuildInfo, Connector, Env, Logging, Variables};
use rollouts_kube::{ConnectError, ConnectOptions};
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

/// What a command did.
#[derive(Debug)]
pub struct Output {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

struct InProcess(kube::Client);

impl Connector for InProcess {
    fn connect(&self, options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        Ok((self.0.clone(), options.namespace.clone().unwrap_or_else(|| "default".to_owned())))
    }
}

/// How long somebody at a terminal follows what happens.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a user sits.
struct Place<'a> {
    /// Where relative paths begin.
    directory: &'a Path,
    /// With a terminal that knows colours, and somebody at it who stops a command some day.
    is_terminal: bool,
}

/// Runs a command line in `namespace`, its output not on a terminal.
pub async fn run(args: &[String], client: &kube::Client, namespace: &str, clock: &Clock) -> Output {
    let place = Place { directory: Path::new(""), is_terminal: false };
    run_at(place, args, client, namespace, clock).await
}

/// Runs a command line in `namespace`, on a terminal. Its relative paths begin in `directory`.
pub async fn run_on_terminal(
    args: &[String],
    client: &kube::Client,
    namespace: &str,
    clock: &Clock,
    directory: &Path,
) -> Output {
    run_at(Place { directory, is_terminal: true }, args, client, namespace, clock).await
}

async fn run_at(place: Place<'_>, args: &[String], client: &kube::Client, namespace: &str, clock: &Clock) -> Output {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let connect = InProcess(client.clone());
    let env = Env {
        stdout: &mut stdout,
        stderr: &mut stderr,
        clock: clock.clone(),
        is_tty: place.is_terminal,
        size: &|| None,
        resized: stream::pending().boxed(),
        variables: Variables { home: Some("/home/user".into()), term: Some("xterm".into()), no_color: None },
        files: &|path: &Path| std::fs::read(place.directory.join(path)),
        folders: &|path: &Path| {
            let entries = std::fs::read_dir(place.directory.join(path))?;
            entries.map(|entry| Ok(path.join(entry?.file_name()))).collect()
        },
        connect: &connect,
        shutdown: match place.is_terminal {
            true => stream::once(sleep(PATIENCE)).boxed(),
            false => stream::pending().boxed(),
        },
        logging: &|_: Logging| {},
        build: BuildInfo { version: "v0.0.0", date: "", commit: "", tree_state: "", compiler: "" },
    };
    let line: Vec<String> = ["-n", namespace].into_iter().map(str::to_owned).chain(args.iter().cloned()).collect();
    let code = rollouts_cli::run(&line, env).await;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output { code, stdout: text(stdout), stderr: text(stderr) }
}

/// Splits a command line into words at spaces, outside of single and double quotes.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => (quote, begun) = (Some(c), true),
            (None, ' ') => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            (None, c) => word.push(c),
        }
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_like_a_shell() {
        assert_eq!(words("promote  demo --full"), ["promote", "demo", "--full"]);
        assert_eq!(words("a 'b c' \"d\" ''"), ["a", "b c", "d", ""]);
    }
}
