//! Stopping the process: asked once it ends the work in hand, asked twice it ends.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use serde_json::json;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How long one state may take to come; generous, for machines that are busy building.
const STATE_TIMEOUT: Duration = Duration::from_secs(120);
/// How often it is looked for.
const STATE_INTERVAL: Duration = Duration::from_millis(50);

/// An API server with one new Rollout that lists what there is and answers nothing else; it counts the writes.
async fn stubborn_api_server(listener: TcpListener, writes: Arc<Semaphore>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, Arc::clone(&writes)));
    }
}

async fn serve(mut stream: TcpStream, writes: Arc<Semaphore>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read_exact(&mut byte).await.is_err() {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let request = head.lines().next().unwrap();
        if !request.starts_with("GET ") {
            writes.add_permits(1);
        }
        if !request.starts_with("GET ") || request.contains("watch=true") {
            return std::future::pending().await;
        }
        let template = json!({
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "main", "image": "shop/web:1" }] },
        });
        let rollout = json!({
            "metadata": { "name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1", "generation": 1 },
            "spec": {
                "replicas": 1, "selector": { "matchLabels": { "app": "web" } }, "template": template,
                "strategy": { "canary": {} },
            },
        });
        let items = if request.contains("/rollouts?") { json!([rollout]) } else { json!([]) };
        let list = json!({ "metadata": { "resourceVersion": "1" }, "items": items }).to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", list.len());
        stream.write_all((head + &list).as_bytes()).await.unwrap();
    }
}

/// The process, killed if the test fails.
struct Controller(Child);

impl Controller {
    fn terminate(&self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // It has ended, most likely.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let mut waited = Duration::ZERO;
    while !is_so() {
        assert!(waited < STATE_TIMEOUT, "{what}");
        tokio::time::sleep(STATE_INTERVAL).await;
        waited += STATE_INTERVAL;
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_process_whose_work_does_not_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("--server=http://{}", listener.local_addr().unwrap());
    let writes = Arc::new(Semaphore::new(0));
    tokio::spawn(stubborn_api_server(listener, Arc::clone(&writes)));

    let log = std::env::temp_dir().join(format!("rollouts-stop-{}.log", std::process::id()));
    let child = Command::new(env!("CARGO_BIN_EXE_rollouts"))
        .args(["controller", "--leader-elect=false", "--healthzPort=0", "--metricsport=0", &server])
        .env("KUBECONFIG", "/dev/null")
        .env_remove("RUST_LOG")
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut controller = Controller(child);
    let text = || std::fs::read_to_string(&log).unwrap();
    let write = tokio::time::timeout(STATE_TIMEOUT, writes.acquire()).await;
    write.unwrap_or_else(|_| panic!("nothing is written:\n{}", text())).unwrap().forget();

    controller.terminate();
    until("it is not told", || text().contains("Told to stop")).await;
    assert_eq!(controller.0.try_wait().unwrap(), None, "it waits for the answer:\n{}", text());
    controller.terminate();
    let mut status = None;
    until("it does not end", || {
        status = controller.0.try_wait().unwrap();
        status.is_some()
    })
    .await;
    assert_eq!(status.unwrap().code(), Some(1));
    std::fs::remove_file(&log).unwrap();
}
