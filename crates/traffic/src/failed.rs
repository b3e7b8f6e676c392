//! What is told of an object that could not be written, beside that routing failed: the words that are known of each router
//! (traffic.md §2).

use crate::{Event, Write};

/// The event of the router whose object it is, if it has one. `error` is what the API server said.
pub fn write_failed(write: &Write, error: &str) -> Option<Event> {
    let at = write.at();
    let (name, doing) = (&at.name, doing(write));
    let event = match (&*at.kind.kind, write) {
        ("TrafficSplit", Write::Create { .. }) => {
            // No warning, for those who filter by that.
            Event::normal("TrafficSplitNotCreated", format!("TrafficSplit `{name}` failed creation: {error}"))
        }
        ("TraefikService", Write::Patch { .. }) => {
            Event::warning("TraefikServiceUpdateError", format!("Error updating traefik service {name:?}: {error}"))
        }
        ("ApisixRoute", _) => {
            let reason = ["ApisixRouteCreateError", "ApisixRouteUpdateError", "ApisixRouteDeleteError"];
            Event::warning(reason[doing.0], format!("Error {} apisix route {name:?}: {error}", doing.1))
        }
        ("Mapping" | "AmbassadorMapping", _) => {
            let reason = ["CanaryMappingCreationError", "CanaryMappingUpdateError", "CanaryMappingCleanupError"];
            Event::warning(reason[doing.0], format!("Error {} Ambassador mapping {name:?}: {error}", doing.1))
        }
        _ => return None,
    };
    Some(event)
}

fn doing(write: &Write) -> (usize, &'static str) {
    match write {
        Write::Create { .. } => (0, "creating"),
        Write::Patch { .. } => (1, "updating"),
        Write::Delete { .. } => (2, "deleting"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{INGRESSES, Kind};
    use serde_json::Value;

    #[test]
    fn routers_have_their_own_words() {
        let of = |kind: &'static str| Kind::fixed("g", "v1", kind, "objects").named("ns", "web");
        let create = |kind| Write::Create { at: of(kind), object: Value::Null };
        let patch = |kind| Write::Patch { at: of(kind), body: Value::Null };
        let delete = |kind| Write::Delete { at: of(kind) };
        let told = |write: Write| write_failed(&write, "no").map(|event| format!("{} {}", event.reason, event.message));
        let expected = [
            (create("TrafficSplit"), Some("TrafficSplitNotCreated TrafficSplit `web` failed creation: no")),
            (patch("TrafficSplit"), None),
            (patch("TraefikService"), Some("TraefikServiceUpdateError Error updating traefik service \"web\": no")),
            (create("ApisixRoute"), Some("ApisixRouteCreateError Error creating apisix route \"web\": no")),
            (patch("ApisixRoute"), Some("ApisixRouteUpdateError Error updating apisix route \"web\": no")),
            (delete("ApisixRoute"), Some("ApisixRouteDeleteError Error deleting apisix route \"web\": no")),
            (create("Mapping"), Some("CanaryMappingCreationError Error creating Ambassador mapping \"web\": no")),
            (
                delete("AmbassadorMapping"),
                Some("CanaryMappingCleanupError Error deleting Ambassador mapping \"web\": no"),
            ),
            (Write::Delete { at: INGRESSES.named("ns", "web") }, None),
        ];
        for (write, expected) in expected {
            assert_eq!(told(write).as_deref(), expected);
        }
    }
}
