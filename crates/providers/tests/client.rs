//! Requests over sockets of this machine, to a server that says what it is told.

use rollouts_providers::client::NetworkHttp;
use rollouts_providers::{Http as _, Request, http::BODY_MAX};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Answers each connection in turn with the next text, and tells what it read. Requests are small: one read has all.
async fn server(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let told = tokio::spawn(async move {
        let mut read = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut buffer = vec![0; 4096];
            let n = socket.read(&mut buffer).await.expect("a request");
            read.push(String::from_utf8_lossy(&buffer[..n]).into_owned());
            // A client that has read enough hangs up.
            let _ = socket.write_all(&answer).await;
        }
        read
    });
    (address, told)
}

fn get(url: String) -> Request {
    Request::new("GET", url, Duration::from_secs(30))
}

#[tokio::test]
async fn an_answer_with_status_headers_and_body() {
    let (url, told) =
        server(vec![b"HTTP/1.1 429 Slow\r\nX-A: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".to_vec()]).await;
    let mut request =
        Request::new("PATCH", format!("{url}/a?b=%20c"), Duration::from_secs(30)).header("X-Team", "blue");
    request = request.body("hi");
    let response = NetworkHttp::new().send(request).await.expect("an answer");
    assert_eq!((response.status, response.header("x-a"), response.text().as_str()), (429, Some("b"), "no"));
    let seen = told.await.expect("told").remove(0).to_lowercase();
    assert!(seen.starts_with("patch /a?b=%20c http/1.1\r\n"), "{seen}");
    for part in ["x-team: blue\r\n", "accept-encoding: gzip\r\n", "content-length: 2\r\n", "\r\n\r\nhi"] {
        assert!(seen.contains(part), "{part} in {seen}");
    }
}

#[tokio::test]
async fn redirects() {
    let there = |code: u16| {
        format!("HTTP/1.1 {code} There\r\nLocation: /there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    };
    let fine = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    let (url, told) = server(vec![there(302), fine]).await;
    let request = Request::new("POST", url, Duration::from_secs(30)).body("x");
    assert_eq!(NetworkHttp::new().send(request).await.expect("an answer").status, 200);
    assert!(told.await.expect("told")[1].starts_with("GET /there "));

    let (url, _told) = server(vec![there(302); 12]).await;
    let error = NetworkHttp::new().send(get(url.clone())).await.expect_err("no end");
    assert_eq!(error.to_string(), format!("Get \"{url}\": stopped after 10 redirects"));
}

#[tokio::test]
async fn what_goes_wrong() {
    let http = NetworkHttp::new();
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let error = http.send(get(format!("http://{nobody}/x"))).await.expect_err("nobody is there");
    let said = format!("Get \"http://{nobody}/x\": dial tcp {nobody}: connect: connection refused");
    assert_eq!(error.to_string(), said);

    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; BODY_MAX + 1]].concat();
    let (url, _told) = server(vec![endless]).await;
    let error = http.send(get(url.clone())).await.expect_err("too long");
    assert_eq!(error.to_string(), format!("Get \"{url}\": the response body is longer than 10 MiB"));

    let (url, _told) = server(vec![b"garbage\r\n\r\n".to_vec()]).await;
    assert!(http.send(get(url)).await.is_err());

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let request = Request::new("GET", url.clone(), Duration::from_millis(50));
    let error = http.send(request).await.expect_err("silence");
    assert_eq!(error.to_string(), format!("Get \"{url}\": context deadline exceeded"));

    for (method, header) in [("a b", "X"), ("GET", "x y")] {
        let request = Request::new(method, url.clone(), Duration::from_secs(1)).header(header, "v");
        assert!(http.send(request).await.is_err_and(|e| e.to_string().contains("net/http: invalid ")));
    }
}

/// Answers any number of connections with a certificate that nobody knows.
async fn unknown_server() -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Who does not trust the certificate hangs up.
            if let Ok(mut socket) = acceptor.accept(socket).await {
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await;
            }
        }
    });
    format!("https://localhost:{port}")
}

#[tokio::test]
async fn any_certificate_will_do_where_the_metric_says_so() {
    let (http, url) = (NetworkHttp::new(), unknown_server().await);
    let error = http.send(get(url.clone())).await.expect_err("an unknown certificate");
    assert!(error.to_string().contains("certificate"), "{error}");
    let request = Request { insecure: true, ..get(url) };
    assert_eq!(http.send(request).await.expect("an answer").text(), "hi");
}

#[tokio::test]
async fn compressed_answers_are_bounded_by_what_they_hold() {
    let answer = |text: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).expect("memory");
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n".to_vec();
        [head, gzip.finish().expect("memory")].concat()
    };
    let (url, _told) = server(vec![answer(b"plain")]).await;
    assert_eq!(NetworkHttp::new().send(get(url)).await.expect("an answer").text(), "plain");
    let (url, _told) = server(vec![answer(&vec![0; BODY_MAX + 1])]).await;
    let error = NetworkHttp::new().send(get(url.clone())).await.expect_err("too long");
    assert_eq!(error.to_string(), format!("Get \"{url}\": the response body is longer than 10 MiB"));
}
