//! Reaching an API server: kubeconfig files, flags, in-cluster credentials, or a service in the same process.

mod credentials;
mod kubeconfig;
mod proxy;
mod reach;
mod throttle;
mod timeout;
mod token_file;

pub use kubeconfig::{KubeconfigEntries, kubeconfig_entries};

use crate::RequestError;
use http::{Request, Response};
use kube::client::ClientBuilder;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;
use throttle::ThrottleLayer;
use timeout::TimeoutLayer;
use token_file::TokenFile;
use tower::ServiceExt;

/// How to find the API server and who to be there: the connection flags of `kubectl`, each overriding what the
/// kubeconfig says. Empty fields override nothing.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// The only kubeconfig file to read, instead of the list in `KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// Context to use instead of the current one.
    pub context: Option<String>,
    /// Cluster to use instead of the context's.
    pub cluster: Option<String>,
    /// User to be instead of the context's.
    pub user: Option<String>,
    /// Namespace to use instead of the context's.
    pub namespace: Option<String>,
    /// URL of the API server.
    pub server: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// User name for basic authentication.
    pub username: Option<String>,
    /// Password for basic authentication.
    pub password: Option<String>,
    /// User to impersonate.
    pub r#as: Option<String>,
    /// Groups to impersonate.
    pub as_group: Vec<String>,
    /// UID to impersonate.
    pub as_uid: Option<String>,
    /// File with the CA certificates to trust.
    pub certificate_authority: Option<String>,
    /// File with the client certificate.
    pub client_certificate: Option<String>,
    /// File with the key of the client certificate.
    pub client_key: Option<String>,
    /// Trust any certificate.
    pub insecure_skip_tls_verify: bool,
    /// Name expected in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Proxy to go through.
    pub proxy_url: Option<String>,
    /// Give up a request whose answer has not begun after this long. Streams may go on longer.
    pub request_timeout: Option<Duration>,
    /// Ask for uncompressed answers. This client never asks for others, so the flag is always honoured.
    pub disable_compression: bool,
    /// `User-Agent` header; the API server names field managers after it.
    pub user_agent: Option<String>,
    /// At most so many requests, for all users of the client together.
    pub throttle: Option<Throttle>,
}

/// A limit on the rate of requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Requests a second in the long run.
    pub qps: f64,
    /// Requests at once after a quiet time.
    pub burst: u32,
}

/// Why there is no connection to an API server.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// A kubeconfig file cannot be used.
    #[error("kubeconfig {}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The merged kubeconfig and the flags do not say enough, or contradict each other.
    #[error("{problem} (kubeconfig: {})", list(files))]
    Config {
        /// The files that were read.
        files: Vec<PathBuf>,
        /// What is wrong.
        problem: String,
    },
    /// Nothing says where the API server is.
    #[error(
        "no cluster is configured: {} and this is not a pod of a cluster; set KUBECONFIG or use --kubeconfig or --server",
        missing(tried)
    )]
    Nowhere {
        /// The files that were looked for.
        tried: Vec<PathBuf>,
    },
    /// The credentials of the pod cannot be used.
    #[error("in-cluster configuration: {0}")]
    InCluster(String),
    /// The configuration is complete, but no client can be built from it.
    #[error("cannot set up the connection to {server}: {problem}")]
    Setup {
        /// URL of the API server.
        server: String,
        /// What is wrong.
        problem: String,
    },
}

fn list(files: &[PathBuf]) -> String {
    if files.is_empty() {
        return "none".into();
    }
    files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn missing(files: &[PathBuf]) -> String {
    match files {
        [] => "there is no home directory to look for .kube/config in".into(),
        [one] => format!("{} does not exist", one.display()),
        more => format!("none of {} exists", list(more)),
    }
}

/// Connects as `options` say and returns the client with the namespace to use where none is given. Nothing is sent
/// yet, so an unreachable server shows only with the first request. Must be called inside a tokio runtime.
pub fn connect(options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
    build(kubeconfig::load(options)?, options)
}

/// Connects to the cluster whose pod this is, whatever the files say. Of `options` those count that do not say where
/// and who. Must be called inside a tokio runtime.
pub fn connect_in_cluster(options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
    build(kubeconfig::in_cluster(options)?, options)
}

/// Connects as the text of a kubeconfig file says. Of `options` those count that do not say where and who. Must be called
/// inside a tokio runtime.
pub fn connect_with_kubeconfig(
    kubeconfig: &str,
    options: &ConnectOptions,
) -> Result<(kube::Client, String), ConnectError> {
    build(kubeconfig::of_text(kubeconfig, options)?, options)
}

fn build(mut config: kube::Config, options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
    let namespace = config.default_namespace.clone();
    let server = config.cluster_url.to_string();
    let setup = |problem: String| ConnectError::Setup { server: server.clone(), problem };
    // Whoever sends a request knows best whether to repeat it (`Rest` does so when the server names a time).
    config.default_retry = false;
    config.disable_compression = options.disable_compression;
    if let Some(agent) = &options.user_agent {
        let value = http::HeaderValue::from_str(agent).map_err(|e| setup(format!("user agent {agent:?}: {e}")))?;
        config.headers.push((http::header::USER_AGENT, value));
    }
    let file = config.auth_info.token_file.clone().filter(|_| config.auth_info.token.is_none());
    let file = file.map(|path| TokenFile::open(Path::new(&path))).transpose().map_err(&setup)?;
    config.auth_info.token_file = None;
    let exec = config.auth_info.exec.clone();
    let failed = |e: kube::Error| {
        let words = credentials::words(&e, exec.as_ref());
        setup(words.unwrap_or_else(|| RequestError::lost(&e).to_string()))
    };
    let builder = ClientBuilder::try_from(config).map_err(failed)?;
    let builder = builder
        .with_layer(&token_file::layer(file))
        .with_layer(&TimeoutLayer(options.request_timeout))
        .with_layer(&reach::layer(&server))
        .with_layer(&ThrottleLayer(options.throttle));
    Ok((builder.build(), namespace))
}

/// A client of an API server in the same process. Must be called inside a tokio runtime.
pub fn from_service<S, B>(service: S) -> kube::Client
where
    S: tower::Service<Request<kube::client::Body>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<tower::BoxError>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    kube::Client::new(service, "default")
}

/// The same for a client that says who it is: the API server names field managers after its `User-Agent`.
pub fn from_service_as<S, B>(service: S, user_agent: &'static str) -> kube::Client
where
    S: tower::Service<Request<kube::client::Body>, Response = Response<B>> + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<tower::BoxError>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    from_service(service.map_request(move |mut request: Request<kube::client::Body>| {
        request.headers_mut().insert(http::header::USER_AGENT, http::HeaderValue::from_static(user_agent));
        request
    }))
}

#[cfg(test)]
mod tests;
