//! The documents about traffic routers are true: every manifest in `docs/traffic/` goes through an update under the real
//! controller, and the objects that a page shows are seen at the moment that it says.
//!
//! A page has a block that begins with ```` ```yaml manifest ````, which is applied, and any number of blocks that begin
//! with ```` ```yaml MOMENT ```` or ```` ```yaml MOMENT, MOMENT ````, where a moment is one of [`MOMENTS`]. What such a block says of an object must be so then;
//! it need not say everything. `null` means that there is no such field. Another manifest begins anew, in an empty cluster.

mod contains;
mod page;

use page::Part;
use rollouts_sim::cluster::Cluster;
use rollouts_sim::scenario::plugin;
use rollouts_sim::virtual_time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a block may be about: after the installation, at the pauses of the update, and after its end; after another update was
/// aborted at its first pause; after the Rollout was deleted.
const MOMENTS: [&str; 6] = ["installed", "pause 1", "pause 2", "updated", "aborted", "deleted"];
/// How long one state may take.
const STATE: Duration = Duration::from_secs(120);
/// How long everything is left alone before it is looked at: longer than any delay.
const ALONE: Duration = Duration::from_secs(60);
/// Where the manifests go that name no namespace.
const NAMESPACE: &str = "default";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/traffic")
}

/// A user with a page in front of them.
struct Reader {
    part: Part,
    cluster: Cluster,
    name: String,
}

impl Reader {
    async fn read(part: Part) {
        let mut cluster = Cluster::new(0).expect("a cluster");
        cluster.start_actors(cluster.client.clone());
        cluster.start_controller(cluster.client.clone());
        for object in &part.manifest {
            let refused = |error| panic!("{}: {} is refused: {error:?}", part.name, object["kind"]);
            cluster.server.create(object.clone()).unwrap_or_else(refused);
        }
        let rollout =
            part.manifest.iter().find(|object| object["kind"] == "Rollout").expect("a manifest has a Rollout");
        let name = rollout["metadata"]["name"].as_str().expect("it has a name").to_owned();
        let steps = rollout["spec"]["strategy"]["canary"]["steps"].as_array().cloned().expect("it has steps");
        let reader = Reader { part, cluster, name };
        reader.walk(&steps).await;
        reader.cluster.stop();
    }

    async fn walk(&self, steps: &[Value]) {
        self.wait("Healthy", None).await;
        self.look("installed").await;
        self.set_image("yellow").await;
        let (mut weight, mut pauses) = (0, 0);
        for (index, step) in steps.iter().enumerate() {
            weight = step["setWeight"].as_i64().unwrap_or(weight);
            if step["pause"].is_object() {
                pauses += 1;
                self.wait("Paused", Some(index)).await;
                self.look(&format!("pause {pauses}")).await;
                self.expect_weight(weight);
                self.plugin(&["promote", &self.name]).await;
            }
        }
        assert!(pauses > 0, "{}: nobody can look at an update without a pause", self.part.name);
        self.wait("Healthy", None).await;
        self.look("updated").await;
        self.expect_weight(0);
        self.set_image("red").await;
        self.wait("Paused", None).await;
        self.plugin(&["abort", &self.name]).await;
        self.wait("Degraded", None).await;
        self.look("aborted").await;
        self.expect_weight(0);
        self.set_image("yellow").await;
        self.wait("Healthy", None).await;
        self.delete().await;
        self.look("deleted").await;
    }

    fn rollout(&self) -> Value {
        let found = self.cluster.server.get("argoproj.io", "rollouts", NAMESPACE, &self.name);
        found.expect("the Rollout is there")
    }

    async fn set_image(&self, tag: &str) {
        let image = format!("*=argoproj/rollouts-demo:{tag}");
        self.plugin(&["set", "image", &self.name, &image]).await;
    }

    async fn plugin(&self, args: &[&str]) {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let output = plugin::run(&args, &self.cluster.client, NAMESPACE, &self.cluster.clock).await;
        assert_eq!(output.code, 0, "{}: {args:?}: {}", self.part.name, output.stderr);
    }

    async fn delete(&self) {
        use rollouts_kube::{Rest, resource, rest::Delete};
        let rest = Rest::new(self.cluster.client.clone());
        let answer = rest.delete(&resource::ROLLOUTS, NAMESPACE, &self.name, &Delete::default()).await;
        answer.expect("the Rollout can be deleted");
    }

    /// Waits for a phase of the present generation, and a step if one is given.
    async fn wait(&self, phase: &str, step: Option<usize>) {
        let end = Instant::now() + STATE;
        loop {
            let rollout = self.rollout();
            let status = &rollout["status"];
            let is_observed = status["observedGeneration"].as_str().and_then(|g| g.parse().ok())
                == rollout["metadata"]["generation"].as_i64();
            let is_there = step.is_none_or(|step| status["currentStepIndex"] == step);
            let is_over = phase != "Healthy" || status["stableRS"] == status["currentPodHash"];
            if is_observed && status["phase"] == phase && is_there && is_over {
                return;
            }
            let part = &self.part.name;
            assert!(Instant::now() < end, "{part}: should be {phase} at step {step:?}, but is {status:#}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn expect_weight(&self, weight: i64) {
        let rollout = self.rollout();
        assert_eq!(rollout["status"]["canary"]["weights"]["canary"]["weight"], weight, "{}", self.part.name);
    }

    /// Compares everything that the page shows for this moment.
    async fn look(&self, moment: &str) {
        sleep(ALONE).await;
        let part = &self.part.name;
        for expected in self.part.shown(moment) {
            let at = page::place(expected).unwrap_or_else(|| panic!("{part}: {} is no known kind", expected["kind"]));
            let name = expected["metadata"]["name"].as_str().expect("an object has a name");
            let found = self.cluster.server.get(&at.group, &at.plural, NAMESPACE, name);
            let found = found.unwrap_or_else(|| panic!("{part}: {moment}: there is no {at} {name}"));
            // The same object may be read in several versions.
            let mut expected = expected.clone();
            expected["apiVersion"] = found["apiVersion"].clone();
            if let Some(difference) = contains::difference(&found, &expected) {
                panic!("{part}: {moment}: {at} {name}: {difference}\n{found:#}");
            }
        }
    }
}

fn read(name: &str) {
    for part in page::read(&directory().join(name).with_extension("md")) {
        part.names_moments(&MOMENTS);
        virtual_time::block_on(Reader::read(part)).expect("a runtime");
    }
}

macro_rules! pages {
    ($($test:ident $name:literal;)*) => {
        $(#[test]
        fn $test() {
            read($name);
        })*

        #[test]
        fn every_page_is_read() {
            let file = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("a document").file_name();
            let present = std::fs::read_dir(directory()).expect("there are documents").map(file);
            let present: BTreeSet<String> = present.map(|name| name.to_string_lossy().into_owned()).collect();
            assert_eq!(present, [$(concat!($name, ".md")),*].map(str::to_owned).into());
        }
    };
}

pages! {
    alb "alb";
    ambassador "ambassador";
    apisix "apisix";
    app_mesh "app-mesh";
    gateway_api "gateway-api";
    istio "istio";
    nginx "nginx";
    smi "smi";
    traefik "traefik";
}
