//! The controller as a process.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long one state may take to come; generous, for machines that are busy building.
pub const STATE_TIMEOUT: Duration = Duration::from_secs(180);
/// How often it is looked for.
pub const STATE_INTERVAL: Duration = Duration::from_millis(300);

pub struct Controller {
    process: Child,
    name: String,
    log: PathBuf,
    pub healthz_port: u16,
    metrics_port: u16,
}

impl Controller {
    /// Starts it as the image does, by the name that its binary has there.
    pub fn start(
        name: &str,
        directory: &std::path::Path,
        config: &std::path::Path,
        namespace: &str,
        args: &[&str],
    ) -> Self {
        let program = directory.join("rollouts-controller");
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollouts"), &program).unwrap();
        }
        let log = directory.join(format!("{name}.log"));
        let [healthz_port, metrics_port] = free_ports();
        let process = Command::new(program)
            .args(args)
            // Each request is logged, with the status of its answer.
            .args(["--loglevel=info", "--kloglevel=6", "--logformat=text"])
            .arg(format!("--healthzPort={healthz_port}"))
            .arg(format!("--metricsport={metrics_port}"))
            .arg("--kubeconfig")
            .arg(config)
            .env("POD_NAMESPACE", namespace)
            .env_remove("RUST_LOG")
            .stderr(std::fs::File::create(&log).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Controller { process, name: name.into(), log, healthz_port, metrics_port }
    }

    pub async fn metrics(&self) -> String {
        crate::world::probe(self.metrics_port, "/metrics").await.expect("metrics")
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Sends SIGTERM and gives the exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.ended().await
    }

    /// Waits for its end and gives the exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut waited = Duration::ZERO;
        while waited < STATE_TIMEOUT {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
        panic!("{} does not end:\n{}", self.name, self.tail());
    }

    pub async fn wait_for(&self, words: &str) {
        let mut waited = Duration::ZERO;
        while self.log_lines(words) == 0 {
            assert!(waited < STATE_TIMEOUT, "{}: no {words:?}:\n{}", self.name, self.tail());
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }

    pub fn log_lines(&self, words: &str) -> usize {
        self.text().lines().filter(|line| line.contains(words)).count()
    }

    /// How many milliseconds each of its writes took, in the order of their answers.
    pub fn writes(&self) -> Vec<u128> {
        let verbs = ["POST /", "PUT /", "PATCH /", "DELETE /"].map(|verb| format!("msg=\"{verb}"));
        let text = self.text();
        let lines = text.lines().filter(|line| verbs.iter().any(|verb| line.contains(verb)));
        let times = lines.map(|line| line.rsplit_once(" in ").and_then(|(_, time)| time.split_once(" milliseconds")));
        times.map(|time| time.expect("a time").0.parse().expect("a number")).collect()
    }

    pub fn assert_never_forbidden(&self) {
        let text = self.text();
        let requests = text.lines().filter(|line| line.contains(" milliseconds")).count();
        assert!(requests > 10, "{}: requests are logged:\n{}", self.name, self.tail());
        // A primary cluster of Istio is looked for at the start, and the right to list Secrets is not granted for that.
        let is_wanted = |line: &&str| !line.contains("istio.argoproj.io%2Fprimary-cluster");
        let forbidden: Vec<&str> = text.lines().filter(|line| line.contains(" 403 ")).filter(is_wanted).collect();
        assert!(forbidden.is_empty(), "{}: {forbidden:#?}", self.name);
    }

    /// The last lines of its log.
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
