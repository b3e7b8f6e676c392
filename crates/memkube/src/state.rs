//! Everything behind the server's one lock.

use crate::auth::IssuedToken;
use crate::builtin::{Ctx, World};
use crate::config::Config;
use crate::registry::Registry;
use crate::resource::StoreKey;
use crate::rng::Rng;
use crate::store::{Stored, Stores};
use jiff::Timestamp;
use rollouts_api::Time;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The objects, what is served, and what is needed to write.
#[derive(Debug)]
pub struct State {
    /// The objects.
    pub stores: Stores,
    /// What is served.
    pub registry: Arc<Registry>,
    /// Randomness.
    pub rng: Rng,
    /// Configuration.
    pub config: Config,
    /// Tokens of service accounts.
    pub tokens: RefCell<BTreeMap<String, IssuedToken>>,
    /// The administrator's token.
    pub admin_token: String,
    /// Certificate of the CA that signs the server's certificate, in PEM.
    pub ca_pem: String,
}

impl State {
    /// An empty cluster.
    pub fn new(config: Config) -> Self {
        let rng = Rng::new(config.seed);
        let admin_token = rng.hex(ADMIN_TOKEN_BYTES);
        State {
            stores: Stores::new(config.history(), config.event_ttl, config.clock.clone()),
            registry: Arc::new(Registry::new()),
            rng,
            config,
            tokens: RefCell::default(),
            admin_token,
            ca_pem: String::new(),
        }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// The present as Kubernetes writes it.
    pub fn now_text(&self) -> String {
        Time::new(self.now()).to_string()
    }

    /// A stored object.
    pub fn object(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<&Arc<Stored>> {
        self.stores.get(&StoreKey::new(group, plural), &crate::meta::store_key(namespace, name))
    }

    /// What admission of built-in kinds may use.
    pub fn ctx(&self) -> Ctx<'_> {
        Ctx { now: self.now(), rng: &self.rng, world: self }
    }
}

const ADMIN_TOKEN_BYTES: usize = 24;

impl World for State {
    fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.object(group, plural, namespace, name).map(|o| &o.value)
    }

    fn list(&self, group: &str, plural: &str) -> Vec<&Value> {
        self.stores.range(&StoreKey::new(group, plural), None).map(|o| &o.value).collect()
    }

    fn mint_token(&self, namespace: &str, service_account: &str, uid: &str) -> String {
        let token = IssuedToken {
            namespace: namespace.to_owned(),
            name: service_account.to_owned(),
            uid: uid.to_owned(),
            expires: None,
        };
        self.issue_token(token, &[crate::auth::ISSUER.to_owned()])
    }

    fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
}
