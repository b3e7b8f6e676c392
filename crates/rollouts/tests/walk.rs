//! The walk of a new user: the playground in one process, the real kubectl and the plugin in others.
//!
//! Without kubectl on the machine it says so and passes, except in CI, where kubectl must be there.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long one state may take to come; generous, for machines that are busy building.
const STATE_TIMEOUT: Duration = Duration::from_secs(90);
/// How often it is looked for.
const STATE_INTERVAL: Duration = Duration::from_millis(200);

struct Playground {
    process: Child,
    directory: PathBuf,
    printed: Vec<String>,
}

impl Playground {
    fn start(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("rollouts-walk-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_rollouts"))
            .args(["playground", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(directory.join("kubeconfig"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the playground starts");
        let mut printed = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.expect("the playground prints text");
            printed.push(line.clone());
            if line.contains("Ctrl-C ends the playground") {
                break;
            }
        }
        Playground { process, directory, printed }
    }

    fn command(&self, program: &str, args: &str) -> Command {
        let mut command = Command::new(program);
        command.args(args.split(' ')).env("KUBECONFIG", self.directory.join("kubeconfig")).env("HOME", &self.directory);
        command
    }

    fn output(&self, program: &str, args: &str) -> String {
        let output = self.command(program, args).output().expect("the command starts");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{args}: {stdout}{stderr}");
        stdout.into_owned()
    }

    /// Where requests go, as the playground draws it.
    fn picture(&self) -> String {
        let address = self.printed.iter().find_map(|line| line.strip_prefix("Where requests go")).unwrap();
        let (host, path) = address.trim().strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream
            .write_all(format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn kubectl(&self, args: &str) -> String {
        self.output("kubectl", args)
    }

    /// `kubectl argo rollouts ARGS`, without kubectl in between.
    fn plugin(&self, args: &str) -> String {
        self.output(env!("CARGO_BIN_EXE_rollouts"), args)
    }

    /// Waits until the Rollout has this phase and message and its ReplicaSets, oldest revision first, these sizes.
    fn wait(&self, rollout: &str, phase: &str, message: &str, sizes: &[i64]) {
        let mut waited = Duration::ZERO;
        let mut seen = String::new();
        while waited < STATE_TIMEOUT {
            let ro: serde_json::Value =
                serde_json::from_str(&self.kubectl(&format!("get rollout {rollout} -o json"))).unwrap();
            let status = &ro["status"];
            let text = |field: &str| status[field].as_str().unwrap_or_default().to_string();
            let generation = ro["metadata"]["generation"].to_string();
            let observed = text("observedGeneration") == generation;
            let present = self.sizes(rollout);
            if observed && text("phase") == phase && text("message") == message && present == sizes {
                return;
            }
            seen = format!("{} {:?} {present:?}", text("phase"), text("message"));
            #[expect(clippy::disallowed_methods, reason = "watches another process in real time")]
            std::thread::sleep(STATE_INTERVAL);
            waited += STATE_INTERVAL;
        }
        panic!("{rollout} should be {phase} {message:?} {sizes:?}, but is {seen}");
    }

    fn sizes(&self, rollout: &str) -> Vec<i64> {
        let list: serde_json::Value =
            serde_json::from_str(&self.kubectl(&format!("get replicasets -l app={rollout} -o json"))).unwrap();
        let mut sets: Vec<(i64, i64)> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| {
                let revision = set["metadata"]["annotations"]["rollout.argoproj.io/revision"].as_str().unwrap_or("0");
                (revision.parse().unwrap(), set["spec"]["replicas"].as_i64().unwrap())
            })
            .collect();
        sets.sort();
        sets.into_iter().map(|(_, size)| size).collect()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn kubectl_is_missing() -> bool {
    let missing = Command::new("kubectl").args(["version", "--client"]).stdout(Stdio::null()).status().is_err();
    assert!(!missing || std::env::var_os("CI").is_none(), "CI needs kubectl for this test");
    if missing {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: kubectl is not on PATH");
        }
    }
    missing
}

#[test]
fn a_new_user_walks_through_a_canary() {
    if kubectl_is_missing() {
        return;
    }
    let p = Playground::start("canary");
    let demo = "rollouts-demo";
    let image = |tag: &str| format!("set image {demo} {demo}=argoproj/rollouts-demo:{tag}");
    assert!(p.printed.iter().any(|line| line.contains("export KUBECONFIG=")), "{:?}", p.printed);

    p.wait(demo, "Healthy", "", &[5]);
    assert_eq!(p.plugin(&image("yellow")), "rollout \"rollouts-demo\" image updated\n");
    p.wait(demo, "Paused", "CanaryPauseStep", &[4, 1]);
    let tree = p.plugin(&format!("get rollout {demo} --no-color"));
    for part in ["Status:          ॥ Paused", "  Step:          1/8", "  SetWeight:     20", "canary", "stable"] {
        assert!(tree.contains(part), "{part:?} is missing:\n{tree}");
    }
    assert_eq!(p.plugin(&format!("promote {demo}")), "rollout 'rollouts-demo' promoted\n");
    p.wait(demo, "Healthy", "", &[0, 5]);

    p.plugin(&image("red"));
    p.wait(demo, "Paused", "CanaryPauseStep", &[0, 4, 1]);
    assert_eq!(p.plugin(&format!("abort {demo}")), "rollout 'rollouts-demo' aborted\n");
    p.wait(demo, "Degraded", "RolloutAborted: Rollout aborted update to revision 3", &[0, 5, 0]);
    p.plugin(&image("yellow"));
    p.wait(demo, "Healthy", "", &[0, 0, 5]);
    // Healthy without a promotion: the step that waits for a human was skipped.

    assert_eq!(p.plugin(&format!("undo {demo}")), "rollout 'rollouts-demo' undo\n");
    p.wait(demo, "Paused", "CanaryPauseStep", &[0, 4, 1]);
    assert_eq!(p.plugin(&format!("promote {demo} --full")), "rollout 'rollouts-demo' fully promoted\n");
    p.wait(demo, "Healthy", "", &[0, 0, 5]);
    let get = p.kubectl("get rollouts");
    assert!(get.starts_with("NAME"), "{get}");
    assert!(get.lines().any(|l| l.split_whitespace().take(5).eq([demo, "5", "5", "5", "5"])), "{get}");
}

#[test]
fn a_new_user_walks_through_a_blue_green() {
    if kubectl_is_missing() {
        return;
    }
    let p = Playground::start("bluegreen");
    let demo = "bluegreen-demo";
    let selected = |service: &str| {
        p.kubectl(&format!("get service {service} -o jsonpath={{.spec.selector.rollouts-pod-template-hash}}"))
    };
    p.wait(demo, "Healthy", "", &[2]);
    let first = selected("bluegreen-active");
    p.plugin(&format!("set image {demo} {demo}=argoproj/rollouts-demo:green"));
    p.wait(demo, "Paused", "BlueGreenPause", &[2, 2]);
    assert_eq!(selected("bluegreen-active"), first);
    assert_ne!(selected("bluegreen-preview"), first);
    p.plugin(&format!("promote {demo}"));
    p.wait(demo, "Healthy", "", &[2, 2]);
    assert_ne!(selected("bluegreen-active"), first);
    assert_eq!(p.plugin(&format!("status {demo}")), "Healthy\n");
    p.wait(demo, "Healthy", "", &[0, 2]);
}

#[test]
fn a_new_user_sees_a_bad_version_go_back_by_itself() {
    if kubectl_is_missing() {
        return;
    }
    let p = Playground::start("analysis");
    let demo = "analysis-demo";
    let image = |tag: &str| format!("set image {demo} {demo}=argoproj/rollouts-demo:{tag}");
    p.wait(demo, "Healthy", "", &[5]);
    p.plugin(&image("bad-red"));
    let message = "RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric \
                   \"error-rate\" assessed Failed due to failed (2) > failureLimit (1)";
    p.wait(demo, "Degraded", message, &[5, 0]);
    let tree = p.plugin(&format!("get rollout {demo} --no-color"));
    for part in ["Status:          ✖ Degraded", message, "AnalysisRun  ✖ Failed", "✖ 2"] {
        assert!(tree.contains(part), "{part:?} is missing:\n{tree}");
    }
    let runs = p.kubectl("get analysisruns");
    assert!(runs.lines().skip(1).all(|l| l.split_whitespace().nth(1) == Some("Failed")), "{runs}");
    let values = p.kubectl("get analysisruns -o jsonpath={.items[*].status.metricResults[*].measurements[*].value}");
    assert_eq!(values, "[0.2] [0.2]");

    p.plugin(&image("green"));
    p.wait(demo, "Healthy", "", &[0, 0, 5]);
    let runs = p.kubectl("get analysisruns");
    assert!(runs.lines().any(|l| l.split_whitespace().nth(1) == Some("Successful")), "{runs}");
}

#[test]
fn a_new_user_sees_where_requests_go() {
    if kubectl_is_missing() {
        return;
    }
    let p = Playground::start("traffic");
    let demo = "traffic-demo";
    p.wait(demo, "Healthy", "", &[5]);
    assert!(p.picture().contains("100.0 %  stable, 5 pods"), "{}", p.picture());
    p.plugin(&format!("set image {demo} {demo}=argoproj/rollouts-demo:yellow"));
    p.wait(demo, "Paused", "CanaryPauseStep", &[5, 1]);
    let shares = |picture: &str| -> Vec<String> {
        let shares = picture.lines().filter_map(|line| line.split_once("  █").map(|_| line));
        shares.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let picture = p.picture();
    assert!(picture.contains("weight 20\n"), "{picture}");
    assert_eq!(shares(&picture), ["blue", "yellow", "blue", "yellow"], "{picture}");
    p.plugin(&format!("promote {demo}"));
    p.wait(demo, "Paused", "CanaryPauseStep", &[5, 3]);
    let picture = p.picture();
    assert!(picture.contains("weight 60\n"), "{picture}");
    assert_eq!(shares(&picture), ["blue", "yellow", "yellow"], "testers see the new version: {picture}");
    let cookie = "-o jsonpath={.metadata.annotations.nginx\\.ingress\\.kubernetes\\.io/canary-by-cookie}";
    assert_eq!(p.kubectl(&format!("get ingress traffic-demo-traffic-canary {cookie}")), "tester");
    p.plugin(&format!("promote {demo}"));
    p.wait(demo, "Healthy", "", &[5, 5]);
    assert!(p.picture().contains("100.0 %  stable, 5 pods"), "{}", p.picture());
}

#[test]
fn the_manifests_of_the_documents_can_be_applied() {
    if kubectl_is_missing() {
        return;
    }
    let p = Playground::start("documents");
    let documents = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/traffic");
    let mut applied = 0;
    for entry in std::fs::read_dir(documents).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for block in text.split("```yaml manifest\n").skip(1) {
            let file = p.directory.join("manifest.yaml");
            std::fs::write(&file, block.split("```").next().unwrap()).unwrap();
            let printed = p.kubectl(&format!("apply -f {}", file.display()));
            let rollout =
                printed.lines().find_map(|l| l.strip_prefix("rollout.argoproj.io/")?.strip_suffix(" created"));
            p.wait(rollout.unwrap_or_else(|| panic!("{printed}")), "Healthy", "", &[5]);
            applied += 1;
        }
    }
    assert!(applied >= 9, "a page for each router");
}
