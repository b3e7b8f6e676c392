//! Keys and certificates of one cluster, made for it alone.

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::net::SocketAddr;

/// Everything in PEM.
pub(crate) struct Certificates {
    pub ca: String,
    pub server: Pair,
    /// A member of `system:masters`, who may do everything.
    pub admin: Pair,
    /// Signs the tokens of service accounts.
    pub accounts: Keys,
}

/// A certificate with its key.
pub(crate) struct Pair {
    pub certificate: String,
    pub key: String,
}

/// A key with its public half.
pub(crate) struct Keys {
    pub private: String,
    pub public: String,
}

/// Names of the API server within a cluster and on this machine.
const SERVER_NAMES: [&str; 6] = [
    "localhost",
    "127.0.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

impl Certificates {
    pub fn new() -> Result<Certificates, rcgen::Error> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        ca.distinguished_name = name("cluster-ca", None);
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(ca, ca_key);

        let mut server = CertificateParams::new(SERVER_NAMES.map(str::to_owned))?;
        server.distinguished_name = name("kube-apiserver", None);
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let mut admin = CertificateParams::new(Vec::new())?;
        admin.distinguished_name = name("admin", Some("system:masters"));
        admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];

        let accounts = KeyPair::generate()?;
        Ok(Certificates {
            ca: ca_pem,
            server: signed(&server, &issuer)?,
            admin: signed(&admin, &issuer)?,
            accounts: Keys { private: accounts.serialize_pem(), public: accounts.public_key_pem() },
        })
    }

    /// A kubeconfig for the administrator.
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        let data = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: cluster\n  cluster:\n    server: https://{address}\n    \
             certificate-authority-data: {}\nusers:\n- name: admin\n  user:\n    client-certificate-data: {}\n    \
             client-key-data: {}\ncontexts:\n- name: cluster\n  context:\n    cluster: cluster\n    user: admin\n    \
             namespace: default\ncurrent-context: cluster\npreferences: {{}}\n",
            data(&self.ca),
            data(&self.admin.certificate),
            data(&self.admin.key),
        )
    }
}

fn name(common: &str, organization: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    if let Some(organization) = organization {
        name.push(DnType::OrganizationName, organization);
    }
    name
}

fn signed(params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Result<Pair, rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}
