//! A real Prometheus, as Debian packages it, that watches itself alone.

use anyhow::{Result, anyhow};
use rollouts_providers::client::NetworkHttp;
use rollouts_providers::{Http as _, Request};
use rollouts_testing::servers::{Directory, Server, debian};
use std::time::Duration;
use tokio::time::sleep;

const CONFIGURATION: &str = "\
global: {scrape_interval: 5s}
scrape_configs: [{job_name: prometheus, static_configs: [{targets: ['ADDRESS']}]}]
";

/// How often it is asked whether it has something to say, and the time between.
const STARTING: (usize, Duration) = (120, Duration::from_millis(500));

/// Starts it, and waits until it has measured once.
pub async fn start() -> Result<Server> {
    let program = debian::unpacked("prometheus", &["prometheus"]).map_err(|why| anyhow!("no Prometheus: {why}"))?;
    let program = program.join("usr/bin/prometheus");
    let server = Server::start(Directory::new("bench-prometheus"), |directory, address| {
        directory.write("prometheus.yml", &CONFIGURATION.replace("ADDRESS", &address.to_string()));
        let mut prometheus = directory.command(program);
        prometheus.args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        prometheus.arg(format!("--web.listen-address={address}"));
        prometheus
    });
    let (tries, pause) = STARTING;
    let http = NetworkHttp::new();
    for _ in 0..tries {
        let url = format!("http://{}/api/v1/query?query=up", server.address);
        let answer = http.send(Request::new("GET", url, pause)).await;
        if answer.is_ok_and(|answer| answer.text().contains(r#","1"]"#)) {
            return Ok(server);
        }
        sleep(pause).await;
    }
    Err(anyhow!("Prometheus does not start: {}", server.log()))
}
