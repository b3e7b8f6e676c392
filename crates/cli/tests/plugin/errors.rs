//! Errors: one line that says what failed, and what to do about it.

use crate::support::cluster::{Cluster, rollout};
use crate::support::{Nowhere, Output, World, run_in};
use rollouts_api::Clock;
use rollouts_cli::{Connector, Kubeconfig};
use rollouts_kube::{ConnectError, ConnectOptions, from_service, tokio_clock};
use rollouts_memkube::{Config, Server};
use std::net::TcpListener;

fn error(message: &str) -> Output {
    Output { code: 1, stdout: String::new(), stderr: format!("Error: {message}\n") }
}

async fn by_kubeconfig(line: &str) -> Output {
    run_in(World::of(&Kubeconfig, Clock::new(|| jiff::Timestamp::UNIX_EPOCH)), line).await
}

/// An API server without Argo's kinds.
struct Bare(Server);

impl Connector for Bare {
    fn connect(&self, _: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        Ok((from_service(self.0.service()), "default".into()))
    }
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_not_installed() {
    let clock = tokio_clock("2026-01-01T00:00:00Z".parse().expect("a time"));
    let bare = Bare(Server::new(Config::new(clock.clone())));
    let expected = error(
        "the server could not find the requested resource; Argo Rollouts is not installed there: apply its CRDs, or choose \
         another cluster with --context",
    );
    for line in
        ["get ro web", "get ro web -w", "list ro", "list ro -w", "status web", "abort web", "promote web", "undo web"]
    {
        assert_eq!(run_in(World::of(&bare, clock.clone()), line).await, expected, "{line}");
    }
}

#[tokio::test]
async fn servers_that_do_not_answer() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let expected = format!(
        "cannot reach the API server at http://{address}: Connection refused (os error 111); is the cluster running, and is \
         this the right --context or --server?"
    );
    for line in ["get ro web", "list ro -w", "promote web"] {
        let line = format!("{line} --kubeconfig /dev/null -s http://{address}");
        assert_eq!(by_kubeconfig(&line).await, error(&expected), "{line}");
    }
}

#[tokio::test]
async fn configurations_that_lead_nowhere() {
    let missing = by_kubeconfig("list ro --kubeconfig /nowhere/config").await;
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.starts_with("Error: kubeconfig /nowhere/config: No such file"), "{}", missing.stderr);
    let unknown = by_kubeconfig("list ro --kubeconfig /dev/null --context other").await;
    assert_eq!(unknown, error("context \"other\" does not exist (kubeconfig: /dev/null)"));
    let timeout = by_kubeconfig("list ro --request-timeout soon").await;
    assert!(timeout.stderr.starts_with("Error: Invalid timeout value."), "{}", timeout.stderr);
    let nowhere = run_in(World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH)), "get ro web").await;
    assert!(nowhere.stderr.starts_with("Error: no cluster is configured") && nowhere.stderr.lines().count() == 1);
}

#[tokio::test(start_paused = true)]
async fn mistyped_words_are_answered_with_the_right_ones() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    for (line, end) in [
        (
            "get rollot web",
            "\nError: unknown command \"rollot\" for \"kubectl-argo-rollouts get\"\n\nDid you mean this?\n\trollout\n",
        ),
        ("get rollout", "\nError: ROLLOUT_NAME is missing\n"),
        ("set image web", "\nError: CONTAINER=IMAGE is missing\n"),
        ("set image web a=b=c", "\nError: ROLLOUT_NAME CONTAINER=IMAGE expected\n"),
        ("retry web", "\nError: unknown command \"web\" for \"kubectl-argo-rollouts retry\"\n"),
        ("abort", "\nError: ROLLOUT_NAME is missing\n"),
        (
            "get rollout web --no-colour",
            "Error: unknown flag: --no-colour\n\nDid you mean this?\n\t--no-color\n\n\
             Run 'kubectl-argo-rollouts get rollout --help' for usage.\n",
        ),
    ] {
        let output = cluster.run(line).await;
        assert_eq!((output.code, output.stdout.as_str()), (1, ""), "{line}");
        assert!(output.stderr.ends_with(end), "{line}: {}", output.stderr);
    }
}
