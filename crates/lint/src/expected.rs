//! What is not there.

use crate::finding::About;
use crate::object::Object;
use crate::rules;
use crate::strict::missing_fields;
use crate::world::World;
use crate::yaml::Node;

/// Fields without which an API server refuses the object, unless the controller's words are about them already.
pub(crate) fn required(object: &Object, found: &mut About<'_>) {
    let metadata = object.node.get("metadata");
    let has = |name: &str| metadata.and_then(|m| m.get(name)).and_then(Node::text).is_some_and(|text| !text.is_empty());
    if !has("name") && !has("generateName") {
        found.add(&rules::REQUIRED_FIELD, "metadata.name", "Required value: name or generateName is required");
    }
    for (at, path) in missing_fields(&object.node, &object.id.kind) {
        let last = path.as_str().rsplit('.').next().unwrap_or_default();
        if !found.knows(last) {
            found.add_at(&rules::REQUIRED_FIELD, at, path.as_str(), "Required value", None);
        }
    }
}

/// Warns of an absent object that is referred to, if others of its kind are there. It may be in the cluster; but who gives
/// some of a kind mostly means to give all of them.
pub(crate) fn absent(world: &World<'_>, kind: &str, field: &str, what: &str, found: &mut About<'_>) {
    if !world.all(kind).is_empty() {
        let message = format!("{what} in the input, which has other objects of the kind {kind}");
        found.add(&rules::REFERENCE_NOT_FOUND, field, message);
    }
}
