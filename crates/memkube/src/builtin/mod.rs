//! What the built-in kinds do beyond their schemas: defaults, generated and immutable fields, validation and
//! table rows.

mod defaults;
#[cfg(test)]
mod golden;
mod printers;
mod strategy;
mod validate;

use crate::rng::Rng;
use crate::table::Table;
use jiff::Timestamp;
use rollouts_schema::FieldError;
use serde_json::Value;

/// What admission may know of the rest of the cluster.
pub trait World {
    /// A stored object, in its storage version.
    fn get(&self, group: &str, plural: &str, namespace: &str, name: &str) -> Option<&Value>;
    /// All stored objects of a resource, across namespaces.
    fn list(&self, group: &str, plural: &str) -> Vec<&Value>;
    /// A new bearer token that never expires for that service account (for legacy token secrets).
    fn mint_token(&self, namespace: &str, service_account: &str, uid: &str) -> String;
    /// The CA certificate of the server, in PEM.
    fn ca_pem(&self) -> &str;
}

/// What the preparation of one write may use.
pub struct Ctx<'a> {
    /// The present.
    pub now: Timestamp,
    /// The only source of randomness.
    pub rng: &'a Rng,
    /// Read access to the stored objects.
    pub world: &'a dyn World,
}

/// Fills in what the real server fills in on every write of that kind.
pub fn default_object(group: &str, kind: &str, obj: &mut Value) {
    defaults::apply(group, kind, obj);
}

/// Resets status and sets generated fields on create.
pub fn prepare_create(group: &str, kind: &str, obj: &mut Value, ctx: &Ctx<'_>) {
    strategy::create(group, kind, obj, ctx);
}

/// Keeps what an update of the main resource may not touch.
pub fn prepare_update(group: &str, kind: &str, obj: &mut Value, old: &Value, ctx: &Ctx<'_>) {
    strategy::update(group, kind, obj, old, ctx);
}

/// Whether the cluster could give a Service this address.
pub fn is_service_address(ip: std::net::Ipv4Addr) -> bool {
    strategy::in_network(ip)
}

/// Checks the object; `old` is what it replaces.
pub fn validate(group: &str, kind: &str, obj: &Value, old: Option<&Value>) -> Vec<FieldError> {
    validate::check(group, kind, obj, old)
}

/// The cells of `kubectl get`; `None` for kinds without columns of their own.
pub fn table(group: &str, kind: &str, objs: &[&Value], now: Timestamp) -> Option<Table> {
    printers::table(group, kind, objs, now)
}
