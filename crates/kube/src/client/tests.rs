//! The whole client against a socket: what goes over the wire is what the options say.

use super::*;
use crate::Rest;
use crate::resource::PODS;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// No kubeconfig, whatever lies in the home directory of who runs the tests.
fn nothing() -> ConnectOptions {
    ConnectOptions { kubeconfig: Some("/dev/null".into()), ..ConnectOptions::default() }
}

/// Answers one request with an empty object and returns its head, in lower case.
async fn answer_one(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.expect("a request");
        head.push(byte[0]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await.expect("an answer");
    String::from_utf8(head).expect("a text").to_lowercase()
}

#[tokio::test]
async fn sends_what_the_options_say() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let options = ConnectOptions {
        server: Some(format!("http://{address}/prefix")),
        token: Some("secret".into()),
        namespace: Some("team".into()),
        r#as: Some("eve".into()),
        as_group: vec!["g1".into(), "g2".into()],
        as_uid: Some("u".into()),
        user_agent: Some("rollouts-controller/1.0".into()),
        throttle: Some(Throttle { qps: 40.0, burst: 80 }),
        request_timeout: Some(Duration::from_secs(30)),
        ..nothing()
    };
    let (client, namespace) = connect(&options).expect("enough is said");
    assert_eq!(namespace, "team");
    let server = tokio::spawn(answer_one(listener));
    let answer: Value = Rest::new(client).get(&PODS, "ns", "a").await.expect("an answer");
    assert_eq!(answer, serde_json::json!({}));
    let head = server.await.expect("no panic");
    let expected = [
        "get /prefix/api/v1/namespaces/ns/pods/a http/1.1",
        "authorization: bearer secret",
        "user-agent: rollouts-controller/1.0",
        "impersonate-user: eve",
        "impersonate-group: g1",
        "impersonate-group: g2",
        "impersonate-uid: u",
        "accept: application/json",
    ];
    for line in expected {
        assert!(head.lines().any(|l| l == line), "{line:?} is missing in\n{head}");
    }
}

#[tokio::test]
async fn says_who_does_not_answer() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let options = ConnectOptions { server: Some(format!("http://{address}")), ..nothing() };
    let (client, _) = connect(&options).expect("enough is said");
    let error = Rest::new(client).get::<Value>(&PODS, "ns", "a").await.expect_err("nobody is there");
    assert!(error.is_transient());
    assert!(error.to_string().to_lowercase().contains("connection refused"), "{error}");
}
