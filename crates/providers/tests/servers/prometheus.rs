//! The provider `prometheus` against Prometheus, which scrapes an exporter of the test.

use crate::{bench, bench_with, or_skip, said, until};
use futures::FutureExt;
use futures::future::BoxFuture;
use rollouts_providers::client::NetworkHttp;
use rollouts_providers::{Http, HttpError, Request, Response};
use rollouts_testing::servers::{Directory, Server, debian};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What is scraped.
const EXPORTED: &str = "app_up{pod=\"a\"} 0.5\napp_up{pod=\"b\"} 1\napp_odd NaN\n";

/// Users of the server: `me` with the password `open sesame`.
const USERS: &str = "basic_auth_users:\n  me: $2b$04$86IEDPe0iS8f.1R3.f3n6esTcfTDHo1SHTUaDkFKOAOMgDvIP6GQW\n";

/// Answers every request with what is exported.
async fn exporter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            // Requests are small: one read has all of it. Who hangs up early is not our concern.
            let _ = socket.read(&mut [0; 4096]).await;
            let length = EXPORTED.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = socket.write_all((head + EXPORTED).as_bytes()).await;
        }
    });
    address
}

async fn start() -> Result<Server, String> {
    let program = debian::unpacked("prometheus", &["prometheus"])?.join("usr/bin/prometheus");
    let directory = Directory::new("prometheus");
    let targets = format!("{{job_name: app, static_configs: [{{targets: ['{}']}}]}}", exporter().await);
    directory.write(
        "prometheus.yml",
        &format!("global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\nscrape_configs: [{targets}]\n"),
    );
    directory.write("web.yml", USERS);
    Ok(Server::start(directory, |directory, address| {
        let mut prometheus = directory.command(program);
        prometheus.args(["--config.file=prometheus.yml", "--web.config.file=web.yml", "--storage.tsdb.path=data"]);
        prometheus.arg(format!("--web.listen-address={address}"));
        prometheus
    }))
}

/// A gateway that lets only reading through, as many do.
#[derive(Debug)]
struct NoPost(NetworkHttp);

impl Http for NoPost {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        if request.method == "POST" {
            return async { Ok(Response { status: 403, ..Response::default() }) }.boxed();
        }
        self.0.send(request)
    }
}

#[tokio::test]
async fn a_real_prometheus() {
    let Some(server) = or_skip(start().await) else { return };
    let metric = |query: &str, condition: &str| -> Value {
        let user = json!({"basicAuth": {"username": "me", "password": "open sesame"}});
        let prometheus =
            json!({"address": format!("http://{}", server.address), "query": query, "authentication": user});
        json!({"name": "m", "successCondition": condition, "provider": {"prometheus": prometheus}})
    };
    let bench = bench();
    until(&bench, metric("sort(app_up)", "result[0] >= 0.5 && len(result) == 2"), "Successful [0.5,1]").await;
    let gateway = bench_with(Arc::new(NoPost(NetworkHttp::new())));
    let none = "could not evaluate successCondition \"result[0] < 1\": metric result is nil or empty: no data returned \
                from the metric provider";
    let table = [
        ("app_up{pod='b'}", "result[0] < 1", "Failed [1]".to_owned()),
        ("scalar(app_up{pod='a'})", "result == 0.5", "Successful 0.5".to_owned()),
        ("app_odd", "isNaN(result[0])", "Successful [NaN]".to_owned()),
        ("1 / vector(0)", "isInf(result[0])", "Successful [+Inf]".to_owned()),
        ("app_none", "len(result) == 0", "Successful []".to_owned()),
        ("app_none", "result[0] < 1", format!("Error {none}")),
    ];
    for (query, condition, want) in table {
        for bench in [&bench, &gateway] {
            assert_eq!(said(bench, metric(query, condition)).await, want, "{query}");
        }
    }
    // How they go on is the server's own business.
    for (query, begins) in [("app_up[", "Error bad_data: "), ("app_up + on(job) app_up", "Error execution: ")] {
        for bench in [&bench, &gateway] {
            let said = said(bench, metric(query, "true")).await;
            assert!(said.starts_with(begins), "{query}: {said}");
        }
    }
    let mut range = metric("app_up{pod='a'}", "all(result, # == 0.5) && len(result) > 0");
    range["provider"]["prometheus"]["rangeQuery"] =
        json!({"start": "now() - duration('1m')", "end": "now()", "step": "1s"});
    for bench in [&bench, &gateway] {
        let measured = said(bench, range.clone()).await;
        assert!(measured.starts_with("Successful [0.5"), "{measured}");
    }
    range["provider"]["prometheus"]["rangeQuery"]["step"] = json!("1ms");
    let too_many = said(&bench, range).await;
    assert!(too_many.starts_with("Error bad_data: exceeded maximum resolution of 11,000 points"), "{too_many}");
    let mut stranger = metric("app_up", "true");
    stranger["provider"]["prometheus"]["authentication"] = json!({});
    assert_eq!(said(&bench, stranger).await, "Error client_error: client error: 401");
}
