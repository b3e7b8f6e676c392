//! Who asks: identities from headers and tokens.

use crate::errors::{ApiError, Result};
use crate::state::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The group that may do everything.
pub const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";

/// An authenticated (or anonymous) user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// User name.
    pub user: String,
    /// Uid; empty for none.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Further attributes.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Identity {
    /// The administrator that in-process clients are, unless headers say otherwise.
    pub fn admin() -> Self {
        Identity {
            user: "kubernetes-admin".into(),
            groups: vec![MASTERS.into(), AUTHENTICATED.into()],
            ..Identity::default()
        }
    }

    /// Nobody.
    pub fn anonymous() -> Self {
        Identity { user: "system:anonymous".into(), groups: vec![UNAUTHENTICATED.into()], ..Identity::default() }
    }

    /// A service account.
    pub fn service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Identity {
            user: format!("system:serviceaccount:{namespace}:{name}"),
            uid: uid.to_owned(),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}"),
                AUTHENTICATED.into(),
            ],
            extra: BTreeMap::new(),
        }
    }

    /// Whether it may do everything.
    pub fn is_master(&self) -> bool {
        self.groups.iter().any(|g| g == MASTERS)
    }

    /// `userInfo` of review objects.
    pub fn to_user_info(&self) -> Value {
        let mut info = json!({"username": self.user, "groups": self.groups});
        if !self.uid.is_empty() {
            info["uid"] = json!(self.uid);
        }
        if !self.extra.is_empty() {
            info["extra"] = json!(self.extra);
        }
        info
    }
}

/// A bearer token the server has issued.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// Namespace of the service account.
    pub namespace: String,
    /// Name of the service account.
    pub name: String,
    /// Uid the account had.
    pub uid: String,
    /// Seconds since the epoch; `None` never expires.
    pub expires: Option<i64>,
}

impl State {
    /// Issues a token for a service account: shaped like a JWT, valid by look-up.
    pub fn issue_token(&self, token: IssuedToken, audiences: &[String]) -> String {
        let now = self.now().as_second();
        let mut claims = json!({
            "aud": audiences, "iat": now, "nbf": now, "iss": ISSUER,
            "sub": format!("system:serviceaccount:{}:{}", token.namespace, token.name),
            "jti": self.rng.uid(),
            "kubernetes.io": {
                "namespace": token.namespace, "serviceaccount": {"name": token.name, "uid": token.uid},
            },
        });
        if let Some(expires) = token.expires {
            claims["exp"] = json!(expires);
        }
        let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let header = part(&json!({"alg": "RS256", "kid": "memkube"}));
        let signature = URL_SAFE_NO_PAD.encode(self.rng.hex(SIGNATURE_BYTES));
        let text = format!("{header}.{}.{signature}", part(&claims));
        self.tokens.borrow_mut().insert(text.clone(), token);
        text
    }

    /// The identity behind a bearer token.
    pub fn token_identity(&self, token: &str) -> Option<Identity> {
        if token == self.admin_token {
            return Some(Identity::admin());
        }
        let tokens = self.tokens.borrow();
        let issued = tokens.get(token)?;
        if issued.expires.is_some_and(|e| e <= self.now().as_second()) {
            return None;
        }
        let account = self.object("", "serviceaccounts", &issued.namespace, &issued.name)?;
        (crate::meta::uid(&account.value) == issued.uid)
            .then(|| Identity::service_account(&issued.namespace, &issued.name, &issued.uid))
    }

    /// Who sends these headers. `trusted` connections without a token are the administrator's.
    ///
    /// # Errors
    /// 401 for an unknown token, 403 for an impersonation that is not allowed.
    pub fn authenticate(&self, headers: &HeaderMap, trusted: bool) -> Result<Identity> {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let bearer = header("authorization").and_then(|a| a.strip_prefix("Bearer ")).map(str::trim);
        let identity = match bearer {
            Some(token) => self.token_identity(token).ok_or_else(ApiError::unauthorized)?,
            None if header("authorization").is_some() => return Err(ApiError::unauthorized()),
            None if trusted => Identity::admin(),
            None => Identity::anonymous(),
        };
        let Some(user) = header("impersonate-user") else { return Ok(identity) };
        let groups: Vec<String> =
            headers.get_all("impersonate-group").iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect();
        self.may_impersonate(&identity, user, &groups)?;
        Ok(impersonated(user, groups))
    }

    fn may_impersonate(&self, identity: &Identity, user: &str, groups: &[String]) -> Result<()> {
        let account = user.strip_prefix("system:serviceaccount:").and_then(|a| a.split_once(':'));
        let mut targets = match account {
            Some((namespace, name)) => vec![("serviceaccounts", namespace, name)],
            None => vec![("users", "", user)],
        };
        targets.extend(groups.iter().map(|g| ("groups", "", g.as_str())));
        for (plural, namespace, name) in targets {
            let attributes = crate::rbac::Attributes {
                verb: "impersonate",
                plural,
                namespace,
                name,
                ..crate::rbac::Attributes::default()
            };
            if !crate::rbac::allowed(self, identity, &attributes) {
                return Err(attributes.denied(identity));
            }
        }
        Ok(())
    }
}

fn impersonated(user: &str, mut groups: Vec<String>) -> Identity {
    if let Some(rest) = user.strip_prefix("system:serviceaccount:")
        && let Some((namespace, name)) = rest.split_once(':')
        && groups.is_empty()
    {
        return Identity::service_account(namespace, name, "");
    }
    let implied = if user == "system:anonymous" { UNAUTHENTICATED } else { AUTHENTICATED };
    if !groups.iter().any(|g| g == implied) {
        groups.push(implied.to_owned());
    }
    Identity { user: user.to_owned(), groups, ..Identity::default() }
}

/// Issuer of service-account tokens.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
const SIGNATURE_BYTES: usize = 32;
