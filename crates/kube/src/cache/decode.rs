//! Decoding of lists and watch lines, one object at a time.

use super::{Cached, Malformed};
use crate::error::Status;
use crate::queue::panic_text;
use crate::rest::PageMeta;
use rollouts_api::ObjectMeta;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::panic::catch_unwind;
use std::sync::Arc;

/// One object of a list or a watch.
pub(super) enum Item<T> {
    Good(T),
    Bad(Arc<Malformed>),
}

impl<T: Cached> Item<T> {
    pub(super) fn meta(&self) -> &ObjectMeta {
        match self {
            Item::Good(object) => object.meta(),
            Item::Bad(malformed) => &malformed.meta,
        }
    }
}

/// One line of a watch.
pub(super) enum Event<T> {
    /// The object was added or modified; which of the two is for the copy to know.
    Upsert(Item<T>),
    Deleted(Item<T>),
    /// Nothing happened up to this version.
    Bookmark(String),
    Error(Status),
}

/// Decodes `text` as an object. `Err` if not even its name can be told, so that there is nothing to file it under.
pub(super) fn object<T: Cached>(text: &str) -> Result<Item<T>, String> {
    // A decoder that panics is a mistake of ours, and still no reason to lose sight of the other objects.
    let problem = match catch_unwind(|| serde_json::from_str::<T>(text)) {
        Ok(Ok(object)) if object.meta().name.is_empty() => return Err("an object without a name".into()),
        Ok(Ok(mut object)) => {
            object.slim();
            return Ok(Item::Good(object));
        }
        Ok(Err(e)) => e.to_string(),
        Err(panic) => format!("the decoder panicked: {}", panic_text(&*panic)),
    };
    match meta(text) {
        Some(meta) if !meta.name.is_empty() => Ok(Item::Bad(Arc::new(Malformed { meta, error: problem }))),
        _ => Err(problem),
    }
}

/// The metadata of an object that does not decode, or its identity alone if not even the metadata does.
fn meta(text: &str) -> Option<ObjectMeta> {
    #[derive(Deserialize)]
    struct Whole {
        metadata: ObjectMeta,
    }
    #[derive(Deserialize)]
    struct Identity {
        metadata: IdentityMeta,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct IdentityMeta {
        name: String,
        namespace: String,
        uid: String,
        resource_version: String,
    }
    if let Ok(whole) = serde_json::from_str::<Whole>(text) {
        return Some(whole.metadata);
    }
    let IdentityMeta { name, namespace, uid, resource_version } = serde_json::from_str::<Identity>(text).ok()?.metadata;
    Some(ObjectMeta { name, namespace, uid, resource_version, ..ObjectMeta::default() })
}

/// A page of a list: where it ends, and its objects. `Err` is what is wrong with an object that cannot be named.
pub(super) type ItemPage<T> = (PageMeta, Vec<Result<Item<T>, String>>);

/// Cuts a page of a list into its objects and decodes each.
pub(super) fn page<T: Cached>(text: &[u8]) -> Result<ItemPage<T>, String> {
    #[derive(Deserialize)]
    struct RawPage<'a> {
        #[serde(default)]
        metadata: PageMeta,
        #[serde(borrow, default)]
        items: Option<Vec<&'a RawValue>>,
    }
    let page: RawPage<'_> = serde_json::from_slice(text).map_err(|e| e.to_string())?;
    let items = page.items.unwrap_or_default().into_iter().map(|raw| object(raw.get())).collect();
    Ok((page.metadata, items))
}

/// Decodes one line of a watch.
pub(super) fn event<T: Cached>(line: &[u8]) -> Result<Event<T>, String> {
    #[derive(Deserialize)]
    struct RawEvent<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[serde(borrow)]
        object: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Bookmark {
        metadata: PageMeta,
    }
    let raw: RawEvent<'_> = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let text = raw.object.get();
    match raw.kind {
        "ADDED" | "MODIFIED" => object(text).map(Event::Upsert),
        "DELETED" => object(text).map(Event::Deleted),
        "BOOKMARK" => {
            let bookmark: Bookmark = serde_json::from_str(text).map_err(|e| e.to_string())?;
            Ok(Event::Bookmark(bookmark.metadata.resource_version))
        }
        "ERROR" => serde_json::from_str(text).map(Event::Error).map_err(|e| e.to_string()),
        other => Err(format!("a watch event of unknown type {other:?}")),
    }
}
