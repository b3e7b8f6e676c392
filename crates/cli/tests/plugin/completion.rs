//! What shells are offered.

use crate::support::cluster::{Cluster, replica_set, rollout};
use crate::support::{Nowhere, World, run_in};
use rollouts_api::Clock;
use rollouts_kube::resource::ROLLOUTS;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// What `__complete` answers, without the part on standard error.
async fn complete(cluster: &Cluster, line: &str) -> String {
    cluster.run(&format!("__complete {line}")).await.stdout
}

#[tokio::test(start_paused = true)]
async fn names_of_objects() {
    let cluster = Cluster::start();
    for name in ["web", "worker", "api"] {
        cluster.create(rollout(name));
    }
    for (line, expected) in [
        ("abort w", "web\nworker\n:4\n"),
        ("set image ", "api\nweb\nworker\n:4\n"),
        // Further names, where a command takes several.
        ("abort web w", "worker\n:4\n"),
        ("retry rollout api ", "web\nworker\n:4\n"),
        ("promote web ", ":4\n"),
        ("abort -n other ", ":4\n"),
        ("list rollouts --name w", "web\nworker\n:4\n"),
        ("list rollouts -A -n other --name=a", "api\n:4\n"),
        ("version ", ":0\n"),
        ("status web --for P", "Paused\nProgressing\n:4\n"),
        ("get rollout web -o ", "json\nyaml\nname\n:4\n"),
        ("list rollouts -l ", ":4\n"),
        ("notifications template get -o w", "wide\n:4\n"),
        ("create analysisrun --from ", ":4\n"),
        ("get rollout -n de", "default\n:4\n"),
        ("--namespace=de", "default\n:4\n"),
        ("status web --loglevel d", "debug\n:4\n"),
        ("status web --kubeconfig ", ":0\n"),
        ("status web --timeout ", ":4\n"),
    ] {
        assert_eq!(complete(&cluster, line).await, expected, "{line}");
    }
    let bare = cluster.run("__completeNoDesc set image ").await;
    assert_eq!(bare.stdout, "api\nweb\nworker\n:4\n");
}

#[tokio::test(start_paused = true)]
async fn containers_with_their_images() {
    let cluster = Cluster::start();
    let mut web = rollout("web");
    web["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "prep", "image": "reg.example/prep:1"}]);
    cluster.create(web);
    let both = "web=\treg.example/web:1\nprep=\treg.example/prep:1\n:6\n";
    assert_eq!(complete(&cluster, "set image web ").await, both);
    assert_eq!(complete(&cluster, "set image web p").await, "prep=\treg.example/prep:1\n:6\n");
    assert_eq!(complete(&cluster, "set image web web=x").await, ":6\n");
    assert_eq!(complete(&cluster, "set image web web=x ").await, "prep=\treg.example/prep:1\n:6\n");
    assert_eq!(complete(&cluster, "set image nosuch ").await, ":4\n");

    let mut base = rollout("base");
    base["apiVersion"] = json!("apps/v1");
    base["kind"] = json!("Deployment");
    base["spec"].as_object_mut().expect("an object").remove("strategy");
    cluster.create(base);
    let mut byref = rollout("byref");
    let spec = byref["spec"].as_object_mut().expect("an object");
    spec.remove("template");
    spec.insert("workloadRef".into(), json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "base"}));
    cluster.create(byref);
    assert_eq!(complete(&cluster, "set image byref ").await, "web=\treg.example/web:1\n:6\n");
}

#[tokio::test(start_paused = true)]
async fn revisions_latest_first_without_the_present_one() {
    let cluster = Cluster::start();
    let web = cluster.create(rollout("web"));
    for revision in [1, 2, 10, 11] {
        cluster.create(replica_set(&web, revision, &format!("reg.example/web:{revision}")));
    }
    let expected = "10\treg.example/web:10\n2\treg.example/web:2\n1\treg.example/web:1\n:36\n";
    assert_eq!(complete(&cluster, "undo web --to-revision ").await, expected);
    assert_eq!(complete(&cluster, "undo web --to-revision=2").await, "2\treg.example/web:2\n:36\n");
    assert_eq!(complete(&cluster, "undo --to-revision ").await, ":4\n");
    assert_eq!(complete(&cluster, "undo nosuch --to-revision ").await, ":4\n");
    assert_eq!(cluster.get(&ROLLOUTS, "web")["spec"], web["spec"], "nothing is done");
}

#[tokio::test(start_paused = true)]
async fn entries_of_the_kubeconfig() {
    let file = std::env::temp_dir().join(format!("rollouts-completion-{}.yaml", std::process::id()));
    let text = "{contexts: [{name: 'arn:aws:eks:prod', context: {cluster: c, user: u}}, {name: dev, context: {cluster: d, \
                user: u}}], clusters: [{name: c, cluster: {server: 'https://x'}}, {name: d, cluster: {server: 'https://y'}}], \
                users: [{name: u, user: {}}]}";
    std::fs::write(&file, text).expect("a temporary file");
    let config = file.display();
    for (line, expected) in [
        (format!("--kubeconfig {config} --context "), "arn:aws:eks:prod\ndev\n:4\n"),
        (format!("get rollout --kubeconfig={config} web --context=arn:aws"), "arn:aws:eks:prod\n:4\n"),
        (format!("--kubeconfig {config} status --cluster "), "c\nd\n:4\n"),
        (format!("--kubeconfig {config} status --user "), "u\n:4\n"),
        (format!("--kubeconfig {config}.none status --user "), ":1\n"),
    ] {
        let world = World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH));
        assert_eq!(run_in(world, &format!("__complete {line}")).await.stdout, expected, "{line}");
    }
    std::fs::remove_file(&file).expect("it is removed");
}

#[tokio::test(start_paused = true)]
async fn no_cluster_or_a_slow_one_is_no_candidate() {
    let world = World::of(&Nowhere, Clock::new(|| jiff::Timestamp::UNIX_EPOCH));
    let output = run_in(world, "__complete get rollout ").await;
    assert_eq!((output.code, output.stdout.as_str()), (0, ":1\n"));
    assert_eq!(output.stderr, "Completion ended with directive: ShellCompDirectiveError\n");

    let start = Instant::now();
    let world = World::of(&Silent, Clock::new(|| jiff::Timestamp::UNIX_EPOCH));
    let output = run_in(world, "__complete get rollout ").await;
    assert_eq!((output.code, output.stdout.as_str()), (0, ":1\n"));
    assert!(start.elapsed() <= Duration::from_secs(3), "{:?}", start.elapsed());
}

/// An API server that never answers.
struct Silent;

impl rollouts_cli::Connector for Silent {
    fn connect(
        &self,
        _: &rollouts_kube::ConnectOptions,
    ) -> Result<(kube::Client, String), rollouts_kube::ConnectError> {
        let silence = tower::service_fn(|_: http::Request<kube::client::Body>| {
            std::future::pending::<Result<http::Response<kube::client::Body>, std::io::Error>>()
        });
        Ok((rollouts_kube::from_service(silence), "default".into()))
    }
}
