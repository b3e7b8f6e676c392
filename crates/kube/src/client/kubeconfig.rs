//! From files, environment and flags to one configuration.

mod entries;

pub use entries::{KubeconfigEntries, kubeconfig_entries};

use super::{ConnectError, ConnectOptions, credentials, proxy};
use crate::RequestError;
use kube::Config;
use kube::config::{
    AuthInfo, Cluster, Context, KubeConfigOptions, Kubeconfig, KubeconfigError, NamedAuthInfo, NamedCluster,
    NamedContext,
};
use serde_json::json;
use std::env;
use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::path::PathBuf;

/// Name of the entries made up when there is no kubeconfig but `--server`.
const MADE_UP: &str = "command-line";

pub(super) fn load(options: &ConnectOptions) -> Result<Config, ConnectError> {
    let Found { tried, files, kubeconfig } = read(options)?;
    match kubeconfig {
        Some(kubeconfig) => effective(kubeconfig, options, &files),
        None if options.server.is_some() => effective(Kubeconfig::default(), options, &files),
        None if env::var_os("KUBERNETES_SERVICE_HOST").is_some() => in_cluster(options),
        None => Err(ConnectError::Nowhere { tried }),
    }
}

/// What a text says that is as long as a file, and is in none.
pub(super) fn of_text(text: &str, options: &ConnectOptions) -> Result<Config, ConnectError> {
    let problem = |e: KubeconfigError| ConnectError::Config { problem: without_path(&e), files: Vec::new() };
    let kubeconfig = Kubeconfig::from_yaml(text).map_err(problem)?;
    let nothing_else = ConnectOptions {
        user_agent: options.user_agent.clone(),
        request_timeout: options.request_timeout,
        ..ConnectOptions::default()
    };
    effective(kubeconfig, &nothing_else, &[])
}

/// What is on disk.
struct Found {
    /// The files looked for.
    tried: Vec<PathBuf>,
    /// Those that exist.
    files: Vec<PathBuf>,
    /// Their merged contents, if they say anything.
    kubeconfig: Option<Kubeconfig>,
}

/// Reads the kubeconfig files.
fn read(options: &ConnectOptions) -> Result<Found, ConnectError> {
    match &options.kubeconfig {
        Some(path) => read_files(vec![path.clone()], true),
        None => read_files(search_path(env::var_os("KUBECONFIG"), env::home_dir()), false),
    }
}

/// Reads and merges these files. Missing ones are skipped, as by kubectl, unless they were named `explicit`ly.
fn read_files(tried: Vec<PathBuf>, explicit: bool) -> Result<Found, ConnectError> {
    let (mut files, mut merged) = (Vec::new(), None::<Kubeconfig>);
    for path in &tried {
        let file_error = |problem: String| ConnectError::File { path: path.clone(), problem };
        match std::fs::metadata(path) {
            Err(e) if e.kind() == ErrorKind::NotFound && !explicit => continue,
            Err(e) => return Err(file_error(e.to_string())),
            Ok(_) => {}
        }
        let next = Kubeconfig::read_from(path).map_err(|e| file_error(without_path(&e)))?;
        files.push(path.clone());
        merged = Some(match merged {
            Some(before) => before.merge(next).map_err(|e| file_error(e.to_string()))?,
            None => next,
        });
    }
    // A file without contents says nothing, wherever it lies.
    let kubeconfig = merged.filter(|k| !k.clusters.is_empty() || !k.contexts.is_empty() || explicit);
    Ok(Found { tried, files, kubeconfig })
}

/// The words of an error about one file, without the file's name.
fn without_path(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(e, _) => e.to_string(),
        KubeconfigError::Parse(e) => format!("not a kubeconfig: {e}"),
        other => RequestError::lost(other).to_string(),
    }
}

fn search_path(variable: Option<OsString>, home: Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(list) = variable {
        let list: Vec<PathBuf> = env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()).collect();
        if !list.is_empty() {
            return list;
        }
    }
    home.map(|home| home.join(".kube").join("config")).into_iter().collect()
}

/// Applies the flags to the kubeconfig and resolves it.
fn effective(mut kubeconfig: Kubeconfig, options: &ConnectOptions, files: &[PathBuf]) -> Result<Config, ConnectError> {
    let error = |problem: String| ConnectError::Config { files: files.to_vec(), problem };
    let context = choose_context(&mut kubeconfig, options).map_err(error)?;
    if let Some(namespace) = &options.namespace {
        context_mut(&mut kubeconfig, &context.name).namespace = Some(namespace.clone());
    }
    override_cluster(cluster_mut(&mut kubeconfig, &context.cluster), options);
    let user = user_mut(&mut kubeconfig, &context.user);
    override_user(user, options);
    credentials::settle_interaction(user, std::io::stdin().is_terminal()).map_err(error)?;
    let proxied = cluster_mut(&mut kubeconfig, &context.cluster).proxy_url.clone().filter(|url| !url.is_empty());
    let cluster = cluster_mut(&mut kubeconfig, &context.cluster);
    let server = cluster.server.clone().filter(|s| !s.is_empty());
    let server = server.ok_or_else(|| error(format!("cluster {:?} has no server", context.cluster)))?;
    let server = if server.contains("://") { server } else { format!("http://{server}") };
    cluster.server = Some(server);

    let options =
        KubeConfigOptions { context: Some(context.name), cluster: Some(context.cluster), user: Some(context.user) };
    // Reading files is all this does, so the future is ready at once.
    let load = futures::FutureExt::now_or_never(Config::from_custom_kubeconfig(kubeconfig, &options));
    let config = load.ok_or_else(|| error("loading the kubeconfig did not finish".into()))?;
    let mut config = config.map_err(|e| error(RequestError::lost(&e).to_string()))?;
    if proxied.is_none() {
        config.proxy_url = match proxy::from_environment(&config.cluster_url) {
            Some(url) => Some(url.parse().map_err(|e| error(format!("proxy {url:?}: {e}")))?),
            None => None,
        };
    }
    Ok(config)
}

/// The names that are in effect.
struct Chosen {
    name: String,
    cluster: String,
    user: String,
}

/// Finds context, cluster and user, with kubectl's words for those that do not exist. Without any kubeconfig the
/// entries are made up, for the flags to fill.
fn choose_context(kubeconfig: &mut Kubeconfig, options: &ConnectOptions) -> Result<Chosen, String> {
    let current = kubeconfig.current_context.clone().filter(|name| !name.is_empty());
    let name = match options.context.clone().or(current) {
        Some(name) => name,
        None if options.cluster.is_some() || options.server.is_some() => MADE_UP.to_owned(),
        None => return Err("no context is chosen: set current-context or use --context".into()),
    };
    let known = kubeconfig.contexts.iter().find(|c| c.name == name).and_then(|c| c.context.clone());
    let context = match known {
        Some(context) => context,
        None if name == MADE_UP => made_up(kubeconfig, options),
        None => return Err(format!("context {name:?} does not exist")),
    };
    let cluster = options.cluster.clone().unwrap_or(context.cluster);
    if !kubeconfig.clusters.iter().any(|c| c.name == cluster) {
        return Err(format!("cluster {cluster:?} does not exist"));
    }
    let user = options.user.clone().or(context.user).filter(|u| !u.is_empty()).unwrap_or_else(|| MADE_UP.into());
    if user != MADE_UP && !kubeconfig.auth_infos.iter().any(|u| u.name == user) {
        return Err(format!("auth info {user:?} does not exist"));
    }
    Ok(Chosen { name, cluster, user })
}

fn made_up(kubeconfig: &mut Kubeconfig, options: &ConnectOptions) -> Context {
    if options.cluster.is_none() {
        let cluster = Some(Cluster::default());
        kubeconfig.clusters.push(NamedCluster { name: MADE_UP.into(), cluster, ..NamedCluster::default() });
    }
    let context = Context { cluster: options.cluster.clone().unwrap_or_else(|| MADE_UP.into()), ..Context::default() };
    let named = NamedContext { name: MADE_UP.into(), context: Some(context.clone()), ..NamedContext::default() };
    kubeconfig.contexts.push(named);
    context
}

fn context_mut<'a>(kubeconfig: &'a mut Kubeconfig, name: &str) -> &'a mut Context {
    let named = kubeconfig.contexts.iter_mut().find(|c| c.name == name).expect("the context was found before");
    named.context.get_or_insert_default()
}

fn cluster_mut<'a>(kubeconfig: &'a mut Kubeconfig, name: &str) -> &'a mut Cluster {
    let named = kubeconfig.clusters.iter_mut().find(|c| c.name == name).expect("the cluster was found before");
    named.cluster.get_or_insert_default()
}

/// The user's entry; a nameless user gets one, for the flags to fill.
fn user_mut<'a>(kubeconfig: &'a mut Kubeconfig, name: &str) -> &'a mut AuthInfo {
    let users = &mut kubeconfig.auth_infos;
    let index = users.iter().position(|u| u.name == name).unwrap_or_else(|| {
        users.push(NamedAuthInfo { name: name.to_owned(), ..NamedAuthInfo::default() });
        users.len() - 1
    });
    users[index].auth_info.get_or_insert_default()
}

fn override_cluster(cluster: &mut Cluster, options: &ConnectOptions) {
    if let Some(server) = &options.server {
        cluster.server = Some(server.clone());
    }
    if let Some(path) = &options.certificate_authority {
        cluster.certificate_authority = Some(path.clone());
        cluster.certificate_authority_data = None;
    }
    if options.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
    }
    if let Some(name) = &options.tls_server_name {
        cluster.tls_server_name = Some(name.clone());
    }
    if let Some(url) = &options.proxy_url {
        cluster.proxy_url = Some(url.clone());
    }
}

fn override_user(user: &mut AuthInfo, options: &ConnectOptions) {
    // kube keeps secrets in a type of a crate it does not export; decoding is the way to make one.
    let secrets = json!({"token": options.token, "password": options.password});
    let secrets: AuthInfo = serde_json::from_value(secrets).expect("two strings are an AuthInfo");
    if options.token.is_some() {
        user.token = secrets.token;
        (user.token_file, user.exec, user.auth_provider) = (None, None, None);
        (user.username, user.password) = (None, None);
    }
    if options.username.is_some() || options.password.is_some() {
        user.username = options.username.clone().or(user.username.take());
        user.password = secrets.password.or(user.password.take());
        (user.token, user.token_file) = (None, None);
    }
    if let Some(path) = &options.client_certificate {
        user.client_certificate = Some(path.clone());
        user.client_certificate_data = None;
    }
    if let Some(path) = &options.client_key {
        user.client_key = Some(path.clone());
        user.client_key_data = None;
    }
    impersonate(user, options);
}

fn impersonate(user: &mut AuthInfo, options: &ConnectOptions) {
    if let Some(name) = &options.r#as {
        user.impersonate = Some(name.clone());
    }
    if let Some(uid) = &options.as_uid {
        user.impersonate_uid = Some(uid.clone());
    }
    if !options.as_group.is_empty() {
        user.impersonate_groups = Some(options.as_group.clone());
    }
}

/// The credentials of the pod this runs in.
pub(super) fn in_cluster(options: &ConnectOptions) -> Result<Config, ConnectError> {
    let mut config = Config::incluster().map_err(|e| ConnectError::InCluster(RequestError::lost(&e).to_string()))?;
    if let Some(namespace) = &options.namespace {
        config.default_namespace.clone_from(namespace);
    }
    impersonate(&mut config.auth_info, options);
    config.proxy_url = match options.proxy_url.clone().or_else(|| proxy::from_environment(&config.cluster_url)) {
        Some(url) => Some(url.parse().map_err(|e| ConnectError::InCluster(format!("proxy {url:?}: {e}")))?),
        None => None,
    };
    Ok(config)
}

#[cfg(test)]
mod tests;
