//! Over a real connection: certificates, tokens, watches. The only test here on the machine's time.

use crate::config_map::{ConfigMap, config_map};
use rollouts_kube::resource::CONFIG_MAPS;
use rollouts_kube::{Cache, ConnectOptions, Rest, connect, system_clock};
use rollouts_memkube::{Config, Server, Tls};
use serde_json::Value;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A kubeconfig file that is removed at the end.
struct Kubeconfig(PathBuf);

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

#[tokio::test]
async fn a_kubeconfig_is_enough() {
    let server = Server::new(Config::new(system_clock()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let tls = Tls::self_signed(&[]).expect("a certificate");
    let path = std::env::temp_dir().join(format!("rollouts-kube-https-{}", std::process::id()));
    std::fs::write(&path, server.kubeconfig(address, &tls)).expect("a temporary file");
    let file = Kubeconfig(path);
    let stop = CancellationToken::new();
    let serving = tokio::spawn({
        let (server, stop) = (server.clone(), stop.clone());
        async move { server.serve_https(listener, tls, stop.cancelled_owned()).await }
    });

    let options = ConnectOptions { kubeconfig: Some(file.0.clone()), ..ConnectOptions::default() };
    let (client, namespace) = connect(&options).expect("the kubeconfig is complete");
    assert_eq!(namespace, "default");
    let cache = Cache::<ConfigMap>::builder(client.clone(), CONFIG_MAPS).start(&stop);
    cache.synced().await;
    let _: Value = Rest::new(client).create(&CONFIG_MAPS, &namespace, &config_map("a", "1")).await.expect("created");
    let mut changes = cache.changes();
    while cache.get(&namespace, "a").is_none() {
        changes.changed().await;
    }

    let stranger = ConnectOptions { token: Some("wrong".into()), ..options.clone() };
    let (client, _) = connect(&stranger).expect("the options are complete");
    let refused = Rest::new(client).get::<Value>(&CONFIG_MAPS, &namespace, "a").await.expect_err("a wrong token");
    assert_eq!(refused.status().expect("an answer").code, 401);

    let distrustful = ConnectOptions { tls_server_name: Some("other.example.com".into()), ..options.clone() };
    let (client, _) = connect(&distrustful).expect("the options are complete");
    let error = Rest::new(client).get::<Value>(&CONFIG_MAPS, &namespace, "a").await.expect_err("a wrong name");
    assert!(error.to_string().contains("certificate"), "{error}");

    let trustful = ConnectOptions { insecure_skip_tls_verify: true, ..distrustful };
    let (client, _) = connect(&trustful).expect("the options are complete");
    let _: Value = Rest::new(client).get(&CONFIG_MAPS, &namespace, "a").await.expect("any certificate will do");

    stop.cancel();
    serving.await.expect("no panic").expect("the server ends in peace");
}
