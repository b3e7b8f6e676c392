//! The server.

use crate::bootstrap;
use crate::config::Config;
use crate::errors::Result;
use crate::service::Service;
use crate::state::State;
use crate::store::Stored;
use crate::write::{self, Write};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// An embedded Kubernetes API server. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
}

impl Server {
    /// A server with the namespaces, roles and service of a fresh cluster.
    pub fn new(config: Config) -> Server {
        let mut state = State::new(config);
        bootstrap::populate(&mut state);
        Server { state: Arc::new(Mutex::new(state)) }
    }

    /// The server as a `tower::Service` for in-process clients, who are administrators unless headers say otherwise.
    pub fn service(&self) -> Service {
        Service::new(self.clone(), true)
    }

    /// The server as a `tower::Service` that asks for bearer tokens.
    pub fn guarded_service(&self) -> Service {
        Service::new(self.clone(), false)
    }

    /// Runs `f` under the server's lock.
    pub(crate) fn with_state<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The present.
    pub fn now(&self) -> jiff::Timestamp {
        self.with_state(|s| s.now())
    }

    /// The resourceVersion of the last write.
    pub fn resource_version(&self) -> u64 {
        self.with_state(|s| s.stores.rv())
    }

    /// A stored object; an empty namespace for cluster scope.
    pub fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        self.with_state(|s| s.object(group, plural, namespace, name).map(|o| o.value.clone()))
    }

    /// All stored objects of a resource in key order; an empty namespace for all.
    pub fn list(&self, group: &str, plural: &str, namespace: &str) -> Vec<Value> {
        let key = crate::resource::StoreKey::new(group, plural);
        let scope = (!namespace.is_empty()).then_some(namespace);
        self.with_state(|s| s.stores.range(&key, scope).map(|o| o.value.clone()).collect())
    }

    /// All stored objects of all resources.
    pub fn dump(&self) -> Vec<Value> {
        self.with_state(|s| s.stores.all().map(|(_, o)| o.value.clone()).collect())
    }

    /// Creates an object as an administrator would; its apiVersion and kind say where.
    ///
    /// # Errors
    /// What the server would answer.
    pub fn create(&self, object: Value) -> Result<Value> {
        let stored: Arc<Stored> = self.with_state(|s| {
            let api_version = object["apiVersion"].as_str().unwrap_or_default().to_owned();
            let (group, version) = crate::resource::split_api_version(&api_version);
            let kind = object["kind"].as_str().unwrap_or_default();
            let resource = s.registry.find_kind(group, version, kind).cloned();
            let resource = resource.ok_or_else(crate::errors::ApiError::no_route)?;
            let namespace = match (resource.namespaced, crate::meta::namespace(&object)) {
                (false, _) => String::new(),
                (true, "") => "default".to_owned(),
                (true, ns) => ns.to_owned(),
            };
            write::create(s, &Write::internal(), &resource, &namespace, object)
        })?;
        Ok(stored.value.clone())
    }

    /// Stores an object as it is, with its uid, status and times, as from a backup; only its resourceVersion is new. Not for
    /// definitions of resources.
    ///
    /// # Errors
    /// When no resource has its apiVersion and kind.
    pub fn restore(&self, object: Value) -> Result<()> {
        self.with_state(|s| {
            let api_version = object["apiVersion"].as_str().unwrap_or_default();
            let (group, version) = crate::resource::split_api_version(api_version);
            let kind = object["kind"].as_str().unwrap_or_default();
            let resource = s.registry.find_kind(group, version, kind).ok_or_else(crate::errors::ApiError::no_route)?;
            let key = crate::meta::store_key(crate::meta::namespace(&object), crate::meta::name(&object));
            s.stores.put(&resource.store_key(), &key, object);
            Ok(())
        })
    }

    /// Forgets the watch history up to a version: watches and lists from older ones answer 410.
    pub fn compact(&self, resource_version: u64) {
        self.with_state(|s| s.stores.compact(resource_version));
    }

    /// Ends all open watches, as a restarted server would.
    pub fn drop_watches(&self) {
        self.with_state(|s| s.stores.drop_watches());
    }

    /// Makes the CA known inside the cluster: in the `kube-root-ca.crt` of every namespace.
    pub(crate) fn publish_ca(&self, pem: &str) {
        self.with_state(|s| {
            pem.clone_into(&mut s.ca_pem);
            crate::hooks::republish_ca(s);
        });
    }

    /// The administrator's bearer token.
    pub fn admin_token(&self) -> String {
        self.with_state(|s| s.admin_token.clone())
    }
}
