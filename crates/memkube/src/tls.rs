//! HTTPS on a listener, under a certificate authority made for the run.

use crate::server::Server;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tower::ServiceExt as _;

/// How long an accepted connection may take over its TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed accept (out of file descriptors, mostly).
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A server certificate and the CA that signed it.
#[derive(Clone)]
pub struct Tls {
    ca_pem: String,
    config: Arc<ServerConfig>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

fn broken(e: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::other(e)
}

impl Tls {
    /// A new CA and a certificate for `localhost`, the loopback addresses, the service names of an API server and
    /// the further `addresses`.
    ///
    /// # Errors
    /// When the machine gives no randomness for keys.
    pub fn self_signed(addresses: &[IpAddr]) -> io::Result<Tls> {
        let ca_key = KeyPair::generate().map_err(broken)?;
        let mut ca = CertificateParams::new(Vec::new()).map_err(broken)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        ca.distinguished_name = name("memkube-ca");
        let ca_cert = ca.self_signed(&ca_key).map_err(broken)?;
        let mut names: Vec<String> = [
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "127.0.0.1",
            "::1",
        ]
        .map(str::to_owned)
        .to_vec();
        names.extend(addresses.iter().filter(|a| !a.is_unspecified()).map(ToString::to_string));
        let mut params = CertificateParams::new(names).map_err(broken)?;
        params.distinguished_name = name("memkube");
        let key = KeyPair::generate().map_err(broken)?;
        let issuer = Issuer::new(ca, ca_key);
        let cert = params.signed_by(&key, &issuer).map_err(broken)?;
        let chain = vec![CertificateDer::from(cert.der().to_vec())];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(broken)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(broken)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Tls { ca_pem: ca_cert.pem(), config: Arc::new(config) })
    }

    /// The CA's certificate in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

impl Server {
    /// A kubeconfig for the administrator.
    pub fn kubeconfig(&self, address: SocketAddr, tls: &Tls) -> String {
        use base64::Engine as _;
        let ca = base64::engine::general_purpose::STANDARD.encode(tls.ca_pem());
        let token = self.admin_token();
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: memkube\n  cluster:\n    server: https://{address}\n    \
             certificate-authority-data: {ca}\nusers:\n- name: memkube\n  user:\n    token: {token}\ncontexts:\n- \
             name: memkube\n  context:\n    cluster: memkube\n    user: memkube\n    namespace: default\n\
             current-context: memkube\npreferences: {{}}\n"
        )
    }

    /// Serves HTTPS (HTTP/1.1 and HTTP/2) until `shutdown` is ready, then ends all connections.
    ///
    /// # Errors
    /// When the listener is no socket any more.
    pub async fn serve_https(
        &self,
        listener: TcpListener,
        tls: Tls,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.serve_https_seen(listener, tls, |_| {}, shutdown).await
    }

    /// Like [`Self::serve_https`], and shows every request to `seen` before it is answered.
    ///
    /// # Errors
    /// When the listener is no socket any more.
    pub async fn serve_https_seen(
        &self,
        listener: TcpListener,
        tls: Tls,
        seen: impl Fn(&http::request::Parts) + Clone + Send + 'static,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        listener.local_addr()?;
        self.publish_ca(tls.ca_pem());
        let acceptor = TlsAcceptor::from(tls.config);
        let mut connections = tokio::task::JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let (server, acceptor, seen) = (self.clone(), acceptor.clone(), seen.clone());
                        connections.spawn(async move {
                            if let Err(e) = connection(server, acceptor, stream, seen).await {
                                tracing::debug!(%peer, error = %e, "connection ended");
                            }
                        });
                    }
                    Err(e) => {
                        tracing::warn!(error = %e, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_RETRY).await;
                    }
                },
            }
        }
        connections.shutdown().await;
        Ok(())
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn connection(
    server: Server,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    seen: impl Fn(&http::request::Parts) + Clone + Send + 'static,
) -> Result<(), AnyError> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
    let service = server.guarded_service().map_request(move |request: http::Request<_>| {
        let (parts, body) = request.into_parts();
        seen(&parts);
        http::Request::from_parts(parts, body)
    });
    let service = TowerToHyperService::new(service);
    auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await
}
