//! Every way of a kubeconfig to say who one is and how the server is reached, over real connections.

use rollouts_kube::resource::NAMESPACES;
use rollouts_kube::{ConnectOptions, RequestError, Rest, connect, system_clock};
use rollouts_memkube::{Config, Server, Tls};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An API server on a socket, a directory for files, and what the server was asked.
struct Served {
    address: SocketAddr,
    /// The administrator's kubeconfig.
    text: String,
    dir: PathBuf,
    /// The headers of requests.
    seen: Arc<Mutex<Vec<http::HeaderMap>>>,
    serving: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
        drop(fs::remove_dir_all(&self.dir));
    }
}

impl Served {
    async fn start(test: &str) -> Served {
        let server = Server::new(Config::new(system_clock()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let tls = Tls::self_signed(&[]).expect("a certificate");
        let text = server.kubeconfig(address, &tls);
        let dir = std::env::temp_dir().join(format!("rollouts-credentials-{test}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a temporary directory");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let see = move |request: &http::request::Parts| log.lock().expect("not poisoned").push(request.headers.clone());
        let serving = tokio::spawn(async move {
            server.serve_https_seen(listener, tls, see, std::future::pending()).await.expect("it serves");
        });
        Served { address, text, dir, seen, serving }
    }

    fn value(&self, key: &str) -> &str {
        self.text.lines().find_map(|line| line.trim().strip_prefix(key)).expect("a line of the kubeconfig")
    }

    fn token(&self) -> &str {
        self.value("token: ")
    }

    /// A kubeconfig with this user, and these lines about the cluster besides its authority.
    fn options(&self, cluster: &str, user: &str) -> ConnectOptions {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
             clusters:\n- name: c\n  cluster:\n    certificate-authority-data: {}\n{cluster}\n\
             users:\n- name: u\n  user:\n{user}\n",
            self.value("certificate-authority-data: ")
        );
        let path = self.dir.join("config");
        fs::write(&path, text).expect("a temporary file");
        ConnectOptions { kubeconfig: Some(path), ..ConnectOptions::default() }
    }

    fn user(&self, user: &str) -> ConnectOptions {
        self.options(&format!("    server: https://{}", self.address), user)
    }

    /// The user whom a command brings.
    fn exec(&self, version: &str, script: &str, more: &str) -> ConnectOptions {
        self.user(&format!(
            "    exec:\n      apiVersion: client.authentication.k8s.io/{version}\n      command: sh\n      \
             args: [-c, '{script}', sh, last]\n      interactiveMode: Never\n{more}"
        ))
    }
}

/// Connects and reads a namespace.
async fn read(options: &ConnectOptions) -> Result<Value, String> {
    let (client, _) = connect(options).map_err(|e| e.to_string())?;
    let read: Result<Value, RequestError> = Rest::new(client).get(&NAMESPACES, "", "default").await;
    read.map_err(|e| e.to_string())
}

#[tokio::test]
async fn a_command_brings_a_token() {
    let served = Served::start("exec").await;
    for version in ["v1", "v1beta1"] {
        // It gets its arguments, its environment, and the version that is asked for.
        let script = format!(
            r#"case "$KUBERNETES_EXEC_INFO" in *"/{version}\""*) ;; *) exit 9 ;; esac; test "$1" = last || exit 8; echo "{{\"apiVersion\":\"client.authentication.k8s.io/{version}\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"$WHO\"}}}}""#
        );
        let env = format!("      env: [{{name: WHO, value: {}}}]", served.token());
        let answer = read(&served.exec(version, &script, &env)).await;
        assert_eq!(answer.expect("the token is right")["metadata"]["name"], "default", "{version}");
    }
}

#[tokio::test]
async fn a_command_that_fails_is_named_with_its_last_word() {
    let served = Served::start("exec-fails").await;
    let fails = |problem: &str| {
        format!(
            "cannot set up the connection to https://{}/: getting credentials: executable {problem}",
            served.address
        )
    };
    let error = read(&served.exec("v1", "echo one >&2; echo the session has expired >&2; exit 3", "")).await;
    assert_eq!(error, Err(fails("sh failed with exit code 3: the session has expired")));
    let error = read(&served.exec("v1", "exit 4", "")).await;
    assert_eq!(error, Err(fails("sh failed with exit code 4; run it by hand to see why")));
    let error = read(&served.exec("v1", "echo hello", "")).await.expect_err("no credential");
    assert!(error.starts_with(&fails("sh printed no ExecCredential: ")) && !error.contains('\n'), "{error}");
    let missing = "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: no-such-login\n      \
                   installHint: |\n        Get it with\n        brew install no-such-login\n      interactiveMode: Never";
    let error = read(&served.user(missing)).await;
    assert_eq!(error, Err(fails("no-such-login not found; Get it with brew install no-such-login")));
    let without_hint = missing.replace("installHint", "other");
    let error = read(&served.user(&without_hint)).await;
    assert_eq!(error, Err(fails("no-such-login not found; install it, or choose another --user or --context")));
}

#[tokio::test]
async fn tokens_and_passwords() {
    let served = Served::start("tokens").await;
    fs::write(served.dir.join("token"), format!("{}\n", served.token())).expect("a temporary file");
    // Beside the kubeconfig, and with the newline that editors leave.
    assert!(read(&served.user("    tokenFile: token")).await.is_ok());
    let wrong = ConnectOptions { token: Some("wrong".into()), ..served.user("    tokenFile: token") };
    assert_eq!(read(&wrong).await, Err("Unauthorized".into()), "the flag counts");
    let missing = read(&served.user("    tokenFile: none")).await.expect_err("no file");
    assert!(missing.contains("token file") && missing.contains("none: No such file"), "{missing}");
    // base64 of `jane:secret`.
    drop(read(&served.user("    username: jane\n    password: secret")).await);
    let last = served.seen.lock().expect("not poisoned").pop().expect("a request");
    assert_eq!(last["authorization"], "Basic amFuZTpzZWNyZXQ=");
}

#[tokio::test]
async fn acting_as_somebody_else() {
    let served = Served::start("as").await;
    let token = format!("    token: {}\n", served.token());
    let user = format!("{token}    as: eve\n    as-groups: [g1]\n");
    drop(read(&served.user(&user)).await);
    let flags = ConnectOptions {
        r#as: Some("mallory".into()),
        as_group: vec!["g2".into(), "g3".into()],
        as_uid: Some("7".into()),
        ..served.user(&token)
    };
    drop(read(&flags).await);
    let seen = served.seen.lock().expect("not poisoned");
    let values = |i: usize, name: &str| {
        seen[i].get_all(name).iter().map(|v| v.to_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (values(0, "impersonate-user"), values(0, "impersonate-group")),
        (vec!["eve".into()], vec!["g1".into()])
    );
    assert_eq!(values(1, "impersonate-user"), ["mallory"]);
    assert_eq!(
        (values(1, "impersonate-group"), values(1, "impersonate-uid")),
        (vec!["g2".into(), "g3".into()], vec!["7".into()])
    );
}

#[tokio::test]
async fn certificates_that_are_not_right() {
    let served = Served::start("certificates").await;
    let token = format!("    token: {}", served.token());
    let other = Tls::self_signed(&[]).expect("a certificate");
    let authority = served.dir.join("other.crt");
    fs::write(&authority, other.ca_pem()).expect("a temporary file");
    let stranger =
        ConnectOptions { certificate_authority: Some(authority.display().to_string()), ..served.user(&token) };
    let begins = format!("cannot reach the API server at https://{}: invalid peer certificate: ", served.address);
    let error = read(&stranger).await.expect_err("another authority");
    assert!(error.starts_with(&begins) && !error.contains('\n'), "{error}");
    let name = ConnectOptions { tls_server_name: Some("other.example.com".into()), ..served.user(&token) };
    let error = read(&name).await.expect_err("another name");
    assert!(error.starts_with(&begins) && error.contains("not valid for name"), "{error}");
    let anyone = ConnectOptions { insecure_skip_tls_verify: true, ..stranger };
    assert!(read(&anyone).await.is_ok());
    let none = read(&served.user("    client-certificate: none.crt\n    client-key: none.key")).await;
    assert!(none.as_ref().is_err_and(|e| e.contains("none.crt")), "{none:?}");
}

/// A proxy for one connection: what it was asked first, and then everything to `to`.
async fn proxy(listener: TcpListener, to: SocketAddr) -> String {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.expect("an answer");
    let mut server = TcpStream::connect(to).await.expect("the server");
    // Whoever hangs up first ends it.
    drop(copy_bidirectional(&mut stream, &mut server).await);
    String::from_utf8(head).expect("text")
}

#[tokio::test]
async fn through_a_proxy() {
    let served = Served::start("proxy").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let proxy = tokio::spawn(proxy(listener, served.address));
    // A name that only the proxy knows where to find.
    let cluster = format!("    server: https://kubernetes.default.svc:6443\n    proxy-url: http://jane:pw@{address}");
    let options = served.options(&cluster, &format!("    token: {}", served.token()));
    assert!(read(&options).await.is_ok());
    let head = proxy.await.expect("no panic");
    assert!(head.starts_with("CONNECT kubernetes.default.svc:6443 HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("proxy-authorization: basic amfuztpwdw==\r\n"), "{head}");
}
