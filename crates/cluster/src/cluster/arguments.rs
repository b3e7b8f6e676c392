//! How the programs are started.

use super::directory::KUBECONFIG;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

/// Ports on loopback that were free a moment ago.
pub(crate) struct Ports {
    etcd: SocketAddr,
    etcd_peer: SocketAddr,
    api_server: SocketAddr,
}

impl Ports {
    pub fn free() -> io::Result<Ports> {
        // All are held at once, so that they differ.
        let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (a, b, c) = (bind()?, bind()?, bind()?);
        Ok(Ports { etcd: a.local_addr()?, etcd_peer: b.local_addr()?, api_server: c.local_addr()? })
    }

    pub fn api_server(&self) -> SocketAddr {
        self.api_server
    }
}

/// One member that forgets everything: what it holds need not survive a crash of the machine.
pub(crate) fn etcd(directory: &Path, ports: &Ports) -> Vec<String> {
    let (client, peer) = (format!("http://{}", ports.etcd), format!("http://{}", ports.etcd_peer));
    vec![
        "--name=cluster".into(),
        format!("--data-dir={}", directory.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=cluster={peer}"),
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

/// As kubeadm sets it up: RBAC, client certificates, tokens of service accounts, the default admission plugins.
pub(crate) fn kube_apiserver(directory: &Path, ports: &Ports) -> Vec<String> {
    let file = |name: &str| directory.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://{}", ports.etcd),
        format!("--bind-address={}", ports.api_server.ip()),
        format!("--secure-port={}", ports.api_server.port()),
        format!("--cert-dir={}", directory.display()),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        "--authorization-mode=RBAC".into(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".into(),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        // Loopback is no address for the endpoints of the `kubernetes` Service, and nobody needs them here.
        "--endpoint-reconciler-type=none".into(),
        "--allow-privileged=true".into(),
        "--profiling=false".into(),
    ]
}

/// File of the cluster's directory: the write requests.
pub(crate) const AUDIT_LOG: &str = "audit.log";
/// File of the cluster's directory: which requests those are.
pub(crate) const AUDIT_POLICY_FILE: &str = "audit.yaml";
/// Who wrote what, when it is done.
pub(crate) const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
omitManagedFields: true
rules:
- level: Metadata
  verbs: [create, update, patch, delete, deletecollection]
- level: None
";

/// What kube-apiserver needs besides to write it down.
pub(crate) fn audit(directory: &Path) -> Vec<String> {
    let file = |name: &str| directory.join(name).display().to_string();
    vec![
        format!("--audit-policy-file={}", file(AUDIT_POLICY_FILE)),
        format!("--audit-log-path={}", file(AUDIT_LOG)),
        // MB. It would begin another file after 100, and who counts the lines would miss the first ones.
        "--audit-log-maxsize=20000".into(),
    ]
}

/// What makes it ask for the right to keep an owner waiting ([`super::Options::owner_permissions`]).
pub(crate) const OWNER_PERMISSIONS: &str = "--enable-admission-plugins=OwnerReferencesPermissionEnforcement";

/// All of its controllers, alone and without the limits that protect a large cluster.
pub(crate) fn kube_controller_manager(directory: &Path) -> Vec<String> {
    let file = |name: &str| directory.join(name).display().to_string();
    vec![
        format!("--kubeconfig={}", file(KUBECONFIG)),
        format!("--service-account-private-key-file={}", file("accounts.key")),
        format!("--root-ca-file={}", file("ca.crt")),
        "--leader-elect=false".into(),
        // Nobody asks it anything.
        "--secure-port=0".into(),
        "--kube-api-qps=1000".into(),
        "--kube-api-burst=2000".into(),
        // The nodes have no heart that beats: they are ready, once they have said so.
        "--node-monitor-grace-period=87600h".into(),
        "--profiling=false".into(),
    ]
}
