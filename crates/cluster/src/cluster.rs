//! Starting and stopping.

mod arguments;
mod directory;
mod error;
mod ready;

pub use error::StartError;

use crate::binaries::Binaries;
use crate::certificates::Certificates;
use crate::process::Process;
use arguments::Ports;
use directory::Directory;
use ready::{are_served, can_own, check, has_account, has_nodes, is_ready, until};
use rollouts_kube::{ConnectOptions, Rest, resource, system_clock};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often the start is tried when somebody takes our ports meanwhile.
const STARTS_MAX: usize = 3;

/// What a cluster consists of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Simulated nodes, `node-1` and up.
    pub nodes: usize,
    /// Pods that a node takes.
    pub pods_per_node: usize,
    /// Whether scheduler and kubelet write events.
    pub node_events: bool,
    /// Whether the API server writes down every write request ([`Cluster::audit_log`]).
    pub audit: bool,
    /// Whether there are controllers and nodes; without them the API server is alone.
    pub controllers: bool,
    /// Whether, as in OpenShift, nobody may make an object whose owner has to wait for its deletion without the right
    /// to `update` the owner's `finalizers`.
    pub owner_permissions: bool,
}

impl Default for Options {
    /// Three nodes with room for many small applications, and no events from them.
    fn default() -> Self {
        Options {
            nodes: 3,
            pods_per_node: 5_000,
            node_events: false,
            audit: false,
            controllers: true,
            owner_permissions: false,
        }
    }
}

/// A running cluster. Ends when it is dropped, and when the process ends in whatever way.
pub struct Cluster {
    client: kube::Client,
    stop: CancellationToken,
    nodes: Option<JoinHandle<()>>,
    // In the order in which they are to be stopped: whoever needs another goes first, and the directory last.
    processes: Vec<Process>,
    directory: Directory,
}

impl Cluster {
    /// Starts a cluster, empty but for its nodes, and waits until it works. Needs a tokio runtime, on which the nodes
    /// run as long as it does.
    ///
    /// # Errors
    /// When it does not come up; see [`StartError`].
    pub async fn start(binaries: &Binaries, options: &Options) -> Result<Cluster, StartError> {
        let mut starts = 1;
        loop {
            match Cluster::start_once(binaries, options).await {
                Err(StartError::Ended { log, .. }) if starts < STARTS_MAX && log.contains("address already in use") => {
                    tracing::debug!(log, "a port is taken");
                    starts += 1;
                }
                result => return result,
            }
        }
    }

    async fn start_once(binaries: &Binaries, options: &Options) -> Result<Cluster, StartError> {
        let directory = Directory::new().map_err(|e| StartError::io("make a temporary directory", e))?;
        let ports = Ports::free().map_err(|e| StartError::io("find free ports", e))?;
        let certificates = Certificates::new()?;
        directory.write(&certificates, ports.api_server()).map_err(|e| StartError::io("write certificates", e))?;
        let path = directory.path();
        let start = |name, program: PathBuf, arguments: &[String]| {
            Process::start(name, &program, arguments, path).map_err(|e| StartError::io(&format!("start {name}"), e))
        };
        let etcd = start("etcd", binaries.etcd(), &arguments::etcd(path, &ports))?;
        let mut server = arguments::kube_apiserver(path, &ports);
        if options.audit {
            std::fs::write(path.join(arguments::AUDIT_POLICY_FILE), arguments::AUDIT_POLICY)
                .map_err(|e| StartError::io("write the audit policy", e))?;
            server.extend(arguments::audit(path));
        }
        if options.owner_permissions {
            server.push(arguments::OWNER_PERMISSIONS.into());
        }
        let server = start("kube-apiserver", binaries.kube_apiserver(), &server)?;
        let mut processes = vec![server, etcd];

        let connect = ConnectOptions { kubeconfig: Some(path.join(directory::KUBECONFIG)), ..Default::default() };
        let (client, _) = rollouts_kube::client::connect(&connect)?;
        until("the API server is not ready", &mut processes, async || is_ready(&client).await).await?;
        let stop = CancellationToken::new();
        if !options.controllers {
            return Ok(Cluster { client, stop, nodes: None, processes, directory });
        }
        let manager = arguments::kube_controller_manager(path);
        processes.insert(0, start("kube-controller-manager", binaries.kube_controller_manager(), &manager)?);

        let nodes = Some(start_nodes(client.clone(), options, stop.clone()));
        let mut cluster = Cluster { client, stop, nodes, processes, directory };
        let client = cluster.client.clone();
        let is_complete = async || has_account(&client, "default").await.and(has_nodes(&client, options.nodes).await);
        until("the cluster is not complete", &mut cluster.processes, is_complete).await?;
        Ok(cluster)
    }

    /// A client of the administrator.
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// A kubeconfig file of the administrator. Gone with the cluster.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join(directory::KUBECONFIG)
    }

    /// Every write request, one JSON object (`audit.k8s.io/v1` Event) a line, if [`Options::audit`] asked for it. Gone
    /// with the cluster.
    pub fn audit_log(&self) -> PathBuf {
        self.directory.path().join(arguments::AUDIT_LOG)
    }

    /// Where the logs are, one a program. Gone with the cluster.
    pub fn logs(&self) -> &Path {
        self.directory.path()
    }

    /// Installs our custom resources, and waits until they are served and can be owners.
    ///
    /// # Errors
    /// When the API server refuses one, or does not serve it in time.
    pub async fn install_crds(&mut self) -> Result<(), StartError> {
        let rest = Rest::new(self.client.clone());
        let definitions = &resource::CUSTOM_RESOURCE_DEFINITIONS;
        for definition in rollouts_api::crd::manifests() {
            let what = || format!("installing {}", definition["metadata"]["name"]);
            let created: Result<Value, _> = rest.create(definitions, "", &definition).await;
            created.map_err(|source| StartError::Request { what: what(), source })?;
        }
        let client = self.client.clone();
        until("the custom resources are not served", &mut self.processes, async || are_served(&client).await).await?;
        until("the custom resources own nothing", &mut self.processes, async || can_own(&client).await).await
    }

    /// Creates a namespace, and waits until pods may be created in it.
    ///
    /// # Errors
    /// When the API server refuses it, or it does not become usable in time.
    pub async fn create_namespace(&self, name: &str) -> Result<(), StartError> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let created: Result<Value, _> = Rest::new(self.client.clone()).create(&resource::NAMESPACES, "", &object).await;
        created.map_err(|source| StartError::Request { what: format!("creating the namespace {name}"), source })?;
        let client = self.client.clone();
        until("a namespace has no ServiceAccount", &mut [], async || has_account(&client, name).await).await
    }

    /// The program that has ended although nobody stopped it, in words.
    pub fn broken(&mut self) -> Option<String> {
        check(&mut self.processes).err().map(|e| e.to_string())
    }

    /// Ends everything and removes all of its files. Dropping does the same; this says so.
    pub fn stop(self) {}
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(nodes) = &self.nodes {
            nodes.abort();
        }
    }
}

/// The nodes live in this process.
fn start_nodes(client: kube::Client, options: &Options, stop: CancellationToken) -> JoinHandle<()> {
    let which = rollouts_actors::Which { pods: true, ..rollouts_actors::Which::none() };
    let options = rollouts_actors::Options {
        which,
        nodes: options.nodes,
        pods_per_node: options.pods_per_node,
        node_events: options.node_events,
        ..rollouts_actors::Options::new(system_clock())
    };
    tokio::spawn(async move {
        if let Err(error) = rollouts_actors::run(client, options, stop.cancelled_owned()).await {
            tracing::error!("The simulated nodes ended: {error}");
        }
    })
}
