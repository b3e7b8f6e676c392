//! One cluster, and the namespaces in it.

use crate::source::Source;
use futures::FutureExt;
use http::Method;
use kube::client::Body;
use rollouts_api::Clock;
use rollouts_cluster::{Binaries, Cluster, Options};
use rollouts_kube::client::{connect, from_service};
use rollouts_kube::rest::{self, Delete, PatchKind, Propagation, Query};
use rollouts_kube::{ConnectOptions, Resource, Rest, resource, system_clock};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower::BoxError;

/// How long a state may take to come; generous, for machines that are busy building.
const STATE_TIMEOUT: Duration = Duration::from_secs(120);
/// How often it is looked for.
const STATE_INTERVAL: Duration = Duration::from_millis(100);

/// Where the controllers' accounts are.
const CONTROLLER_NAMESPACE: &str = "argo-rollouts";
/// The account of `deploy/install.yaml`.
pub const ACCOUNT: &str = "argo-rollouts";
/// One that may do the same but for Secrets and Jobs.
pub const POOR_ACCOUNT: &str = "poor";

const SERVICE_ACCOUNTS: Resource = Resource::fixed("", "v1", "ServiceAccount", "serviceaccounts", true);
const TOKENS: Resource = Resource::fixed("", "v1", "TokenRequest", "serviceaccounts", true);
const RBAC: &str = "rbac.authorization.k8s.io";
const CLUSTER_ROLES: Resource = Resource::fixed(RBAC, "v1", "ClusterRole", "clusterroles", false);
const CLUSTER_ROLE_BINDINGS: Resource = Resource::fixed(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", false);

/// A cluster with the rights of the manifest, and a controller that looks after all that has no instance id.
pub struct World {
    pub cluster: Cluster,
    pub source: Source,
    /// As the administrator.
    pub rest: Rest,
    pub clock: Clock,
    controllers: RefCell<Vec<Rc<Controller>>>,
}

/// A controller, until it is killed or the world ends.
pub struct Controller {
    task: RefCell<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    death: CancellationToken,
}

impl Controller {
    /// Ends it on the spot: from now on none of its requests reaches the API server.
    pub fn kill(&self) {
        self.death.cancel();
        self.stop.cancel();
        self.task.take().into_iter().for_each(|task| task.abort());
    }
}

impl World {
    pub async fn start(binaries: &Binaries) -> Self {
        let options = Options { owner_permissions: true, ..Options::default() };
        let mut cluster = Cluster::start(binaries, &options).await.expect("a cluster");
        cluster.install_crds().await.expect("custom resources");
        cluster.create_namespace(CONTROLLER_NAMESPACE).await.expect("a namespace");
        let rest = Rest::new(cluster.client());
        let world =
            World { cluster, source: Source::default(), rest, clock: system_clock(), controllers: RefCell::default() };
        let role = role_of_the_manifest();
        let mut poor = role.clone();
        let is_kept = |rule: &Value| !["secrets", "jobs"].iter().any(|kind| rule["resources"][0] == *kind);
        poor["rules"].as_array_mut().unwrap().retain(is_kept);
        world.account(ACCOUNT, role).await;
        world.account(POOR_ACCOUNT, poor).await;
        world.controller(ACCOUNT, |_| {}).await;
        world
    }

    /// A ServiceAccount with the rights of `role`.
    async fn account(&self, name: &str, mut role: Value) {
        role["metadata"] = json!({ "name": name });
        let metadata = json!({ "name": name, "namespace": CONTROLLER_NAMESPACE });
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata });
        let binding = json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "ClusterRoleBinding",
            "metadata": { "name": name },
            "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": name },
            "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": CONTROLLER_NAMESPACE }],
        });
        for (r, object) in [(&SERVICE_ACCOUNTS, account), (&CLUSTER_ROLES, role), (&CLUSTER_ROLE_BINDINGS, binding)] {
            let _: Value = self.rest.create(r, CONTROLLER_NAMESPACE, &object).await.unwrap();
        }
    }

    /// Starts a controller with the token of `account`.
    pub async fn controller(
        &self,
        account: &str,
        configure: impl FnOnce(&mut rollouts_controller::Options),
    ) -> Rc<Controller> {
        let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {} });
        let path = TOKENS.object(CONTROLLER_NAMESPACE, account, Some("token"));
        let body = Some(rest::Body::json(&request).unwrap());
        let token: Value = rest::send(self.rest.client(), Method::POST, &path, body).await.unwrap();
        let connection = ConnectOptions {
            kubeconfig: Some(self.cluster.kubeconfig()),
            // A user without a certificate: only the token counts.
            user: Some(String::new()),
            token: token["status"]["token"].as_str().map(str::to_owned),
            ..Default::default()
        };
        let (stop, death) = (CancellationToken::new(), CancellationToken::new());
        let client = mortal(connect(&connection).unwrap().0, death.clone());
        let mut options = rollouts_controller::Options::new(self.clock.clone());
        options.measuring.http = Some(Arc::new(self.source.clone()));
        options.measuring.namespace = CONTROLLER_NAMESPACE.into();
        configure(&mut options);
        let task = tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        let controller = Rc::new(Controller { task: RefCell::new(Some(task)), stop, death });
        self.controllers.borrow_mut().push(Rc::clone(&controller));
        controller
    }

    /// Ends everything; complains of what did not end well.
    pub async fn stop(mut self) {
        for controller in self.controllers.take() {
            controller.stop.cancel();
            if let Some(task) = controller.task.take() {
                task.await.expect("a controller that ends");
            }
        }
        assert_eq!(self.cluster.broken(), None);
    }
}

/// A client that dies.
fn mortal(client: kube::Client, death: CancellationToken) -> kube::Client {
    from_service(tower::service_fn(move |request: http::Request<Body>| {
        let (client, death) = (client.clone(), death.clone());
        async move {
            tokio::select! {
                biased;
                () = death.cancelled() => Err("it is dead".into()),
                answer = client.send(request) => answer.map_err(BoxError::from),
            }
        }
        .boxed()
    }))
}

/// The ClusterRole of the controller.
fn role_of_the_manifest() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/install.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut documents = text.split("\n---\n").filter(|document| document.contains("kind: ClusterRole\n"));
    let role = documents.find(|document| document.contains("  name: argo-rollouts\n")).expect("a role");
    serde_saphyr::from_str(role).unwrap()
}

/// A namespace of a test's own.
pub struct Place<'a> {
    pub world: &'a World,
    pub namespace: String,
}

impl<'a> Place<'a> {
    /// That is called like the test.
    pub async fn begin(world: &'a World, test: &str) -> Self {
        let namespace = test.replace('_', "-");
        world.cluster.create_namespace(&namespace).await.expect("a namespace");
        Place { world, namespace }
    }

    pub async fn create(&self, r: &Resource, object: Value) -> Value {
        self.world.rest.create(r, &self.namespace, &object).await.unwrap()
    }

    /// `Null` if it is not there.
    pub async fn get(&self, r: &Resource, name: &str) -> Value {
        self.world.rest.get_opt(r, &self.namespace, name).await.unwrap().unwrap_or_default()
    }

    pub async fn list(&self, r: &Resource) -> Vec<Value> {
        self.world.rest.list(r, Some(&self.namespace), &Query::default()).await.unwrap().items
    }

    pub async fn patch(&self, r: &Resource, name: &str, body: Value) {
        let _: Value = self.world.rest.patch(r, &self.namespace, name, None, PatchKind::Merge, &body).await.unwrap();
    }

    /// As kubectl does.
    pub async fn delete(&self, r: &Resource, name: &str) {
        let options = Delete { propagation: Some(Propagation::Background), ..Default::default() };
        self.world.rest.delete(r, &self.namespace, name, &options).await.unwrap();
    }

    /// The object, once it is as it should be.
    pub async fn until(&self, r: &Resource, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + STATE_TIMEOUT;
        loop {
            let object = self.get(r, name).await;
            if is(&object) {
                return object;
            }
            assert!(Instant::now() < end, "{} {name}: {:#}", self.namespace, object["status"]);
            tokio::time::sleep(STATE_INTERVAL).await;
        }
    }

    /// All objects of a kind, once they are as they should be.
    pub async fn until_all(&self, r: &Resource, are: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let end = Instant::now() + STATE_TIMEOUT;
        loop {
            let objects = self.list(r).await;
            if are(&objects) {
                return objects;
            }
            let names: Vec<&Value> = objects.iter().map(|object| &object["metadata"]["name"]).collect();
            assert!(Instant::now() < end, "{}: {r}: {names:?}", self.namespace);
            tokio::time::sleep(STATE_INTERVAL).await;
        }
    }

    /// Waits until there is none of a kind.
    pub async fn until_none(&self, r: &Resource) {
        self.until_all(r, <[Value]>::is_empty).await;
    }

    /// Status of the run, once it is in this phase.
    pub async fn until_run(&self, name: &str, phase: &str) -> Value {
        let is = |run: &Value| {
            let now = &run["status"]["phase"];
            let has_ended =
                |phase: &Value| ["Successful", "Failed", "Error", "Inconclusive"].iter().any(|p| phase == p);
            assert!(*now == *phase || !has_ended(now), "{} {name}: {:#}", self.namespace, run["status"]);
            *now == *phase
        };
        self.until(&resource::ANALYSIS_RUNS, name, is).await["status"].take()
    }

    /// Status of the Rollout `web`, once it is in this phase as it is now.
    pub async fn until_web(&self, phase: &str) -> Value {
        let is = |ro: &Value| {
            let generation = ro["metadata"]["generation"].to_string();
            ro["status"]["observedGeneration"].as_str() == Some(&generation) && ro["status"]["phase"] == phase
        };
        self.until(&resource::ROLLOUTS, "web", is).await["status"].take()
    }

    /// Waits until a pod of a Job runs.
    pub async fn until_job_runs(&self) {
        let runs =
            |pod: &Value| pod["metadata"]["labels"]["job-name"].is_string() && pod["status"]["phase"] == "Running";
        self.until_all(&resource::PODS, |pods| pods.iter().any(runs)).await;
    }

    /// Messages of all events with this reason, once there is one.
    pub async fn until_told(&self, reason: &str) -> Vec<String> {
        let is = |event: &&Value| event["reason"] == reason;
        let events = self.until_all(&resource::EVENTS, |events| events.iter().any(|e| is(&e))).await;
        events.iter().filter(is).map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a command of the plugin.
    pub async fn plugin(&self, line: &str) {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let client = self.world.cluster.client();
        let output = rollouts_sim::scenario::plugin::run(&words, &client, &self.namespace, &self.world.clock).await;
        assert_eq!(output.code, 0, "{line}: {}", output.stderr);
    }

    /// Gives kubectl `input`; what it printed, or its complaint.
    pub async fn kubectl(&self, args: &str, input: &str) -> Result<String, String> {
        let mut command = Command::new("kubectl");
        command.args(["-n", &self.namespace]).args(args.split(' '));
        command.env("KUBECONFIG", self.world.cluster.kubeconfig()).env("HOME", self.world.cluster.logs());
        let pipe = Stdio::piped;
        let mut child = command.stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().expect("kubectl starts");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        // Nodes and controllers go on meanwhile; what it prints fits into a pipe.
        while child.try_wait().unwrap().is_none() {
            tokio::time::sleep(STATE_INTERVAL).await;
        }
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}
