//! A server that lets only those in who show a certificate.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rollouts_kube::resource::NAMESPACES;
use rollouts_kube::{ConnectOptions, Rest, connect};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::ring};

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let ca_cert = ca.self_signed(&ca_key).expect("a certificate");
    let issuer = Issuer::new(ca, ca_key);
    let signed = |name: &str, usage| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, &issuer).expect("a certificate"), key)
    };
    let (server, server_key) = signed("localhost", ExtendedKeyUsagePurpose::ServerAuth);
    let (client, client_key) = signed("jane", ExtendedKeyUsagePurpose::ClientAuth);

    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca_cert.der().clone()).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier.expect("a verifier"))
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
        )
        .expect("a configuration");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serving = tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            // A client that was turned away is not there any more.
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await);
            drop(stream.shutdown().await);
        }
    });

    let dir = std::env::temp_dir().join(format!("rollouts-client-certificate-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a temporary directory");
    let file = |name: &str, text: String| {
        fs::write(dir.join(name), text).expect("a temporary file");
        Some(dir.join(name).display().to_string())
    };
    let base = ConnectOptions {
        kubeconfig: Some("/dev/null".into()),
        server: Some(format!("https://localhost:{port}")),
        certificate_authority: file("ca.crt", ca_cert.pem()),
        ..ConnectOptions::default()
    };
    let jane = ConnectOptions {
        client_certificate: file("jane.crt", client.pem()),
        client_key: file("jane.key", client_key.serialize_pem()),
        ..base.clone()
    };
    let read = async |options: &ConnectOptions| {
        let (client, _) = connect(options).expect("the options are complete");
        Rest::new(client).get::<Value>(&NAMESPACES, "", "default").await
    };
    assert_eq!(read(&jane).await.expect("a certificate"), json!({}));
    let stranger = read(&base).await.expect_err("no certificate").to_string();
    assert!(!stranger.contains('\n'), "{stranger}");
    serving.abort();
    fs::remove_dir_all(&dir).expect("the directory");
}
