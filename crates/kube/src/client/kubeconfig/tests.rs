use super::*;
use std::fs;

/// A directory of its own for each test, removed at its end.
struct Dir(PathBuf);

impl Dir {
    fn new(test: &str) -> Self {
        let dir = env::temp_dir().join(format!("rollouts-kubeconfig-{test}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a temporary directory");
        Dir(dir)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a temporary file");
        path
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // Nothing depends on it; the system cleans temporary directories as well.
        drop(fs::remove_dir_all(&self.0));
    }
}

const TWO_CLUSTERS: &str = r#"
apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {cluster: dev, user: alice, namespace: team}}
- {name: prod, context: {cluster: prod, user: bob}}
- {name: broken, context: {cluster: nowhere, user: bob}}
- {name: stranger, context: {cluster: dev, user: nobody}}
clusters:
- {name: dev, cluster: {server: "https://127.0.0.1:6443", certificate-authority: ca.crt}}
- {name: prod, cluster: {server: "https://prod.example.com", insecure-skip-tls-verify: true}}
users:
- {name: alice, user: {token: secret}}
- {name: bob, user: {username: bob, password: pw}}
"#;

fn options(path: &std::path::Path) -> ConnectOptions {
    ConnectOptions { kubeconfig: Some(path.into()), ..ConnectOptions::default() }
}

fn error(options: &ConnectOptions) -> String {
    load(options).map(|_| ()).expect_err("it cannot be used").to_string()
}

#[test]
fn takes_the_context_and_its_overrides() {
    let dir = Dir::new("overrides");
    dir.file("ca.crt", "");
    let base = options(&dir.file("config", TWO_CLUSTERS));
    let config = load(&base).expect("the current context");
    assert_eq!(config.cluster_url, "https://127.0.0.1:6443/");
    assert_eq!(config.default_namespace, "team");
    assert_eq!(config.root_cert, Some(vec![]), "paths are relative to the file");
    assert!(config.auth_info.token.is_some());

    let prod = ConnectOptions { context: Some("prod".into()), ..base.clone() };
    let config = load(&prod).expect("another context");
    assert_eq!((config.default_namespace.as_str(), config.accept_invalid_certs), ("default", true));
    assert_eq!(config.auth_info.username.as_deref(), Some("bob"));

    let all = ConnectOptions {
        cluster: Some("prod".into()),
        namespace: Some("other".into()),
        server: Some("10.0.0.1:8080".into()),
        token: Some("t".into()),
        r#as: Some("eve".into()),
        as_group: vec!["g1".into(), "g2".into()],
        as_uid: Some("u".into()),
        tls_server_name: Some("name".into()),
        client_certificate: Some("c.crt".into()),
        client_key: Some("c.key".into()),
        ..base
    };
    let config = load(&all).expect("all flags");
    assert_eq!(config.cluster_url, "http://10.0.0.1:8080/");
    assert_eq!(config.default_namespace, "other");
    assert_eq!(config.tls_server_name.as_deref(), Some("name"));
    let user = config.auth_info;
    assert_eq!((user.impersonate.as_deref(), user.impersonate_uid.as_deref()), (Some("eve"), Some("u")));
    assert_eq!(user.impersonate_groups, Some(vec!["g1".to_owned(), "g2".to_owned()]));
    assert_eq!((user.client_certificate.as_deref(), user.client_key.as_deref()), (Some("c.crt"), Some("c.key")));
}

#[test]
fn a_server_alone_is_enough() {
    let options = ConnectOptions {
        kubeconfig: None,
        server: Some("https://127.0.0.1:1".into()),
        token: Some("t".into()),
        insecure_skip_tls_verify: true,
        ..ConnectOptions::default()
    };
    let config = effective(Kubeconfig::default(), &options, &[]).expect("it says where to go");
    assert_eq!(config.cluster_url, "https://127.0.0.1:1/");
    assert!(config.accept_invalid_certs && config.auth_info.token.is_some());
}

#[test]
fn errors_name_the_file_and_the_problem() {
    let dir = Dir::new("errors");
    let missing = dir.0.join("missing");
    let missing_error = error(&options(&missing));
    assert!(missing_error.starts_with(&format!("kubeconfig {}: No such file", missing.display())), "{missing_error}");
    let garbage = dir.file("garbage", "clusters: 7");
    let garbage_error = error(&options(&garbage));
    assert!(
        garbage_error.starts_with(&format!("kubeconfig {}: not a kubeconfig:", garbage.display())),
        "{garbage_error}"
    );

    let config = dir.file("config", TWO_CLUSTERS);
    let with = |context: &str| {
        let text = error(&ConnectOptions { context: Some(context.into()), ..options(&config) });
        text.strip_suffix(&format!(" (kubeconfig: {})", config.display())).expect("the file is named").to_owned()
    };
    assert_eq!(with("other"), r#"context "other" does not exist"#);
    assert_eq!(with("broken"), r#"cluster "nowhere" does not exist"#);
    assert_eq!(with("stranger"), r#"auth info "nobody" does not exist"#);
    assert!(with("dev").contains("ca.crt"), "the CA file is missing: {}", with("dev"));
    let empty = dir.file("empty", "");
    let empty_error = error(&options(&empty));
    assert!(empty_error.starts_with("no context is chosen: set current-context or use --context"), "{empty_error}");
}

#[test]
fn a_list_of_files_is_one_configuration() {
    let dir = Dir::new("list");
    let contexts = "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n\
                    users: [{name: u, user: {token: first}}]\n";
    let clusters = "current-context: other\nclusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]\n\
                    users: [{name: u, user: {token: second}}, {name: v, user: {username: v, password: p}}]\n";
    let files = vec![dir.file("one", contexts), dir.0.join("none"), dir.file("two", clusters)];
    let found = read_files(files.clone(), false).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(found.files, [files[0].clone(), files[2].clone()], "what is missing is skipped");
    let kubeconfig = found.kubeconfig.expect("contents");
    let config = effective(kubeconfig.clone(), &ConnectOptions::default(), &found.files).expect("it is complete");
    assert_eq!(config.cluster_url, "https://127.0.0.1:1/");
    let token = serde_json::to_value(&config.auth_info).expect("JSON");
    assert!(token.to_string().contains("first") || token["token"].is_null(), "the first file wins: {token}");
    let other = ConnectOptions { user: Some("v".into()), ..ConnectOptions::default() };
    let config = effective(kubeconfig, &other, &found.files).expect("it is complete");
    assert_eq!(config.auth_info.username.as_deref(), Some("v"));
    assert!(read_files(vec![dir.0.join("none")], true).is_err(), "what is named must be there");
}

#[test]
fn looks_where_kubectl_looks() {
    let home = || Some(PathBuf::from("/users/me"));
    let config = PathBuf::from("/users/me/.kube/config");
    assert_eq!(search_path(None, home()), std::slice::from_ref(&config));
    assert_eq!(search_path(Some("".into()), home()), [config]);
    assert_eq!(search_path(Some("/a::b".into()), home()), [PathBuf::from("/a"), PathBuf::from("b")]);
    assert!(search_path(None, None).is_empty());
    let nowhere = ConnectError::Nowhere { tried: vec!["/a".into()] }.to_string();
    assert!(nowhere.starts_with("no cluster is configured: /a does not exist and"), "{nowhere}");
}
