//! What depends on the terminal, and on rights.

use crate::support::cluster::{Cluster, replica_set, rollout};
use crate::support::{Output, World, run_in};
use futures::FutureExt;
use http::{Request, Response, StatusCode};
use rollouts_cli::{Connector, Variables};
use rollouts_kube::{ConnectError, ConnectOptions, from_service};
use rollouts_memkube::{Body, Service};
use serde_json::json;
use tower::{Service as _, service_fn};

#[tokio::test(start_paused = true)]
async fn colours() {
    let cluster = Cluster::start();
    let web = cluster.create(rollout("web"));
    cluster.create(replica_set(&web, 1, "reg.example/web:1"));
    let term =
        |term: &str, no_color: &str| Variables { home: None, term: Some(term.into()), no_color: Some(no_color.into()) };
    for (line, is_tty, variables, coloured) in [
        ("get rollout web", true, term("xterm", ""), true),
        ("get rollout web", true, Variables::default(), true),
        ("get rollout web", false, term("xterm", ""), false),
        ("get rollout web", true, term("xterm", "1"), false),
        ("get rollout web", true, term("dumb", ""), false),
        ("get rollout web --no-color", true, term("xterm", ""), false),
        ("list rollouts", true, term("xterm", ""), false),
    ] {
        let world = World { is_tty, variables: variables.clone(), ..World::of(&cluster, cluster.clock.clone()) };
        let output = run_in(world, line).await;
        assert_eq!((output.code, output.stdout.contains('\u{1b}')), (0, coloured), "{line} {is_tty} {variables:?}");
    }
}

/// An API server that lets nobody read pods.
struct Guarded(Cluster);

const DENIED: &str =
    r#"pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default""#;

impl Connector for Guarded {
    fn connect(&self, _: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        let service: Service = self.0.server.service();
        let guard = service_fn(move |request: Request<kube::client::Body>| {
            let mut service = service.clone();
            async move {
                if !request.uri().path().ends_with("/pods") {
                    return service.call(request).await;
                }
                let status = json!({
                    "kind": "Status", "apiVersion": "v1", "status": "Failure",
                    "reason": "Forbidden", "code": 403, "message": DENIED,
                });
                let body = Body::Full(Some(status.to_string().into()));
                let mut response = Response::new(body);
                *response.status_mut() = StatusCode::FORBIDDEN;
                Ok(response)
            }
            .boxed()
        });
        Ok((from_service(guard), "default".into()))
    }
}

#[tokio::test(start_paused = true)]
async fn lacking_rights_is_an_error_at_once() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    let guarded = Guarded(cluster);
    let advice = "; have it allowed by a Role, or choose who you are with --context, --user or --as";
    let expected = Output { code: 1, stdout: String::new(), stderr: format!("Error: {DENIED}{advice}\n") };
    for line in ["get rollout web", "get rollout web -w"] {
        let world = World::of(&guarded, guarded.0.clock.clone());
        assert_eq!(run_in(world, line).await, expected, "{line}");
    }
}
