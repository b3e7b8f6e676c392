//! Elastic Load Balancing over sockets of this machine.

use rollouts_api::Clock;
use rollouts_providers::client::NetworkHttp;
use rollouts_providers::elb::Elb;
use rollouts_providers::testing::{FakeSecrets, LoadBalancers};
use rollouts_providers::{Http as _, Request, Tools};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Lets the double answer what comes over sockets; gives back its URL.
async fn serve(service: LoadBalancers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let request = read(&mut socket).await;
            let response = service.send(request).await.expect("an answer");
            let (status, length) = (response.status, response.body.len());
            let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let answer = [head.into_bytes(), response.body].concat();
            // A client that has read enough hangs up.
            let _ = socket.write_all(&answer).await;
        }
    });
    url
}

async fn read(socket: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let n = socket.read(&mut buffer).await.expect("a request");
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8(bytes.clone()).expect("a text");
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let mut first = lines.next().expect("a line").split(' ');
        let (method, path) = (first.next().expect("a method"), first.next().expect("a path"));
        let headers: Vec<(String, String)> =
            lines.filter_map(|line| line.split_once(": ")).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let header = |name: &str| headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        if header("content-length").parse() == Ok(body.len()) {
            let url = format!("http://{}{path}", header("host"));
            let mut request = Request::new(method, url, Duration::from_secs(1)).body(body);
            request.headers = headers;
            return request;
        }
    }
}

#[tokio::test]
async fn load_balancers_are_asked_over_the_network() {
    let service = LoadBalancers::new();
    let split = [("shop/web-canary:80", 20), ("shop/web-stable:80", 80)];
    service.add("web", &split);
    let url = serve(service.clone()).await;
    let clock = Clock::new(|| "2026-01-02T03:04:05Z".parse().unwrap_or_default());
    let tools = Tools::new(Arc::new(NetworkHttp::new()), Arc::new(FakeSecrets::default()), clock, "argo-rollouts");
    let mut variables = LoadBalancers::variables();
    variables.insert("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2".into(), url);
    let elb = Elb::new(Tools { variables, ..tools });
    let host = LoadBalancers::host("web");
    let found = elb.load_balancers(std::slice::from_ref(&host), "ingress.k8s.aws/resource").await.expect("an answer");
    let web = found[&host].as_ref().expect("a load balancer");
    for (resource, weight) in split {
        let group = web.groups.iter().find(|group| group.resource == resource).expect("its group");
        assert!(web.rules.iter().all(|rule| rule[&group.arn] == weight), "{web:?}");
    }
    service.register("shop/web-stable:80", &[("10.0.0.1".into(), 8080)]);
    let targets = elb.targets(&LoadBalancers::group("shop/web-stable:80")).await.expect("an answer");
    assert_eq!(targets, [("10.0.0.1".to_owned(), 8080)].into());
}
