//! A cluster with the controller, and users of it.

use crate::{STATE_INTERVAL, STATE_TIMEOUT, names, rights};
use rollouts_cluster::{Binaries, Cluster, Options};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where everything is.
const NAMESPACE: &str = "demo";
/// How often it is looked whether a command has ended.
const PROCESS_INTERVAL: Duration = Duration::from_millis(20);

pub struct World {
    cluster: Cluster,
    controller: Child,
    directory: PathBuf,
}

/// What a command did.
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    pub async fn new(binaries: &Binaries) -> Self {
        let mut cluster = Cluster::start(binaries, &Options::default()).await.expect("a cluster");
        cluster.install_crds().await.expect("custom resources");
        cluster.create_namespace(NAMESPACE).await.expect("a namespace");
        let directory = std::env::temp_dir().join(format!("rollouts-plugin-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("bin")).unwrap();
        for name in ["kubectl-argo-rollouts", "kubectl_complete-argo-rollouts"] {
            let link = directory.join("bin").join(name);
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollouts"), link).unwrap();
        }
        let controller = Command::new(env!("CARGO_BIN_EXE_rollouts"))
            .args(["controller", "--leader-elect=false", "--healthzPort=0", "--metricsport=0", "--kubeconfig"])
            .arg(cluster.kubeconfig())
            .env_remove("RUST_LOG")
            .stderr(std::fs::File::create(directory.join("controller.log")).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        World { cluster, controller, directory }
    }

    /// Makes a ServiceAccount with the rights below these headings of the document, and a kubeconfig for it.
    pub fn user(&mut self, name: &str, headings: &[&str]) {
        let metadata = json!({ "name": name });
        let rules: Vec<Value> = headings.iter().flat_map(|heading| rights::rules(heading)).collect();
        let rbac = "rbac.authorization.k8s.io";
        let objects = [
            json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata }),
            json!({ "apiVersion": format!("{rbac}/v1"), "kind": "Role", "metadata": metadata, "rules": rules }),
            json!({
                "apiVersion": format!("{rbac}/v1"), "kind": "RoleBinding", "metadata": metadata,
                "roleRef": { "apiGroup": rbac, "kind": "Role", "name": name },
                "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": NAMESPACE }],
            }),
        ];
        self.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string());
        let token = self.admin(&format!("create token {name}"));
        let mut config: Value = serde_json::from_str(&self.admin("config view --raw --minify -o json")).unwrap();
        config["users"][0]["user"] = json!({ "token": token.trim() });
        config["contexts"][0]["context"]["namespace"] = NAMESPACE.into();
        std::fs::write(self.kubeconfig(name), config.to_string()).unwrap();
    }

    fn kubeconfig(&self, user: &str) -> PathBuf {
        self.directory.join(format!("{user}.kubeconfig"))
    }

    fn command(&self, kubeconfig: PathBuf, args: &[&str]) -> Command {
        let mut path = OsString::from(self.directory.join("bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new("kubectl");
        command.args(args).env("PATH", path).env("KUBECONFIG", kubeconfig).env("HOME", &self.directory);
        command
    }

    /// kubectl, by the administrator.
    pub fn admin(&self, args: &str) -> String {
        let args: Vec<&str> = ["-n", NAMESPACE].into_iter().chain(args.split(' ')).collect();
        let output = self.command(self.cluster.kubeconfig(), &args).output().expect("kubectl starts");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn apply(&self, text: &str) {
        let mut command = self.command(self.cluster.kubeconfig(), &["-n", NAMESPACE, "apply", "-f", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("kubectl starts");
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
    }

    /// Writes a file, and gives its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// `kubectl argo rollouts LINE`, by a user. The nodes of the cluster, which are in this process, go on meanwhile.
    pub async fn run(&self, user: &str, line: &str) -> Output {
        let args: Vec<&str> = ["argo", "rollouts"].into_iter().chain(line.split(' ')).collect();
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.directory.join(name));
        let mut command = self.command(self.kubeconfig(user), &args);
        command.stdout(std::fs::File::create(&stdout).unwrap()).stderr(std::fs::File::create(&stderr).unwrap());
        let mut process = command.spawn().expect("kubectl starts");
        let mut waited = Duration::ZERO;
        let status = loop {
            if let Some(status) = process.try_wait().unwrap() {
                break status;
            }
            assert!(waited < STATE_TIMEOUT, "{line} does not end\n{}", self.log());
            tokio::time::sleep(PROCESS_INTERVAL).await;
            waited += PROCESS_INTERVAL;
        };
        let text = |path| std::fs::read_to_string(path).unwrap();
        Output { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The same, where it must succeed without complaint.
    pub async fn ok(&self, user: &str, line: &str) -> String {
        let Output { code, stdout, stderr } = self.run(user, line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{user}: {line}: {stdout}");
        stdout
    }

    /// What kubectl's scripts for shells are told.
    pub fn complete(&self, user: &str, line: &str) -> String {
        let args: Vec<&str> = ["__complete", "argo", "rollouts"].into_iter().chain(line.split(' ')).collect();
        let output = self.command(self.kubeconfig(user), &args).output().expect("kubectl starts");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until the status of a Rollout is this line.
    pub async fn reaches(&self, rollout: &str, status: &str) {
        let line = format!("status {rollout} --watch=false");
        let is_there = async || self.run("viewer", &line).await.stdout.trim_end() == status;
        self.until(&format!("{rollout} is {status}"), is_there).await;
    }

    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let mut waited = Duration::ZERO;
        while !holds().await {
            assert!(waited < STATE_TIMEOUT, "not true in time: {what}\n{}", self.log());
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.directory.join("controller.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    pub fn replica_sets(&self) -> Vec<String> {
        names(&self.admin("get replicasets -o json"))
    }

    /// Pods that are not on their way out.
    pub fn pods(&self, app: &str) -> Vec<String> {
        names(&self.admin(&format!("get pods -l app={app} --field-selector=status.phase=Running -o json")))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.controller.kill();
        let _ = self.controller.wait();
        if !std::thread::panicking() {
            // What is left in a directory for temporary files harms nobody.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}
