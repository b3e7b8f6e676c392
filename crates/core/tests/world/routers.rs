//! Objects of traffic routers.

use super::World;
use rollouts_traffic::{Event, ObjectRef, Write};
use serde_json::Value;
use std::sync::Arc;

impl World {
    /// Adds, or replaces, an object.
    pub fn with_object(mut self, at: ObjectRef, object: Value) -> Self {
        self.routers.insert(at, Arc::new(object));
        self
    }

    pub(super) fn route(&mut self, write: Write, events: Vec<Event>) {
        self.routed.push(match &write {
            Write::Patch { at, body } => format!("patch {at} {body}"),
            Write::Create { at, object } => format!("create {at} {}", object["spec"]),
            Write::Delete { at } => format!("delete {at}"),
        });
        write.apply(&mut self.routers);
        self.events.extend(events.into_iter().map(|e| format!("{} {}", e.reason, e.message)));
    }
}
