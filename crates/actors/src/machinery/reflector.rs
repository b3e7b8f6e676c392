//! Keeps a [`Store`] equal to the server's objects: list, then watch from there, for ever.

use super::object::Cached;
use super::{Backoff, Store, is_gone};
use futures::{StreamExt, TryStreamExt};
use http::Request;
use kube::Client;
use kube::core::WatchEvent;
use serde::Deserialize;
use std::pin::pin;
use std::time::Duration;

const PAGE_ITEMS: usize = 500;
const RETRY_BASE: Duration = Duration::from_millis(50);
const RETRY_CAP: Duration = Duration::from_secs(10);
/// A watch that lasted this long was healthy: its end is no reason to back off further.
const HEALTHY_WATCH: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<K> {
    #[serde(default)]
    metadata: Position,
    #[serde(default = "Vec::new")]
    items: Vec<K>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
struct Position {
    resource_version: String,
    r#continue: String,
}

enum Ended {
    /// Watch on from the last seen version.
    Resume,
    /// The server forgot that version, or somebody wants a fresh list.
    Relist,
}

/// Reflects the collection at `path` (such as `/api/v1/pods`) into `store`. Never returns: errors are retried.
pub(super) async fn reflect<K: Cached>(client: Client, path: String, store: &Store<K>) {
    let mut backoff = Backoff::new(RETRY_BASE, RETRY_CAP);
    loop {
        let mut version = match list(&client, &path, store).await {
            Ok(version) => version,
            Err(error) => {
                tracing::debug!(%path, %error, "cannot list");
                tokio::time::sleep(backoff.next()).await;
                continue;
            }
        };
        loop {
            let started = tokio::time::Instant::now();
            let ended = watch(&client, &path, store, &mut version).await;
            if started.elapsed() >= HEALTHY_WATCH {
                backoff.reset();
            }
            match ended {
                Ok(Ended::Relist) => break,
                Ok(Ended::Resume) => {}
                Err(error) if is_gone(&error) => break,
                Err(error) => tracing::debug!(%path, %error, "watch failed"),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }
}

async fn list<K: Cached>(client: &Client, path: &str, store: &Store<K>) -> kube::Result<String> {
    let refreshed = store.refreshes();
    let mut items = Vec::new();
    let mut token = String::new();
    loop {
        let uri = match token.is_empty() {
            true => format!("{path}?limit={PAGE_ITEMS}"),
            false => format!("{path}?limit={PAGE_ITEMS}&continue={}", encode(&token)),
        };
        let page: List<K> = client.request(get(uri)?).await?;
        items.extend(page.items);
        if page.metadata.r#continue.is_empty() {
            store.replace(items, page.metadata.resource_version.parse().unwrap_or_default(), refreshed);
            return Ok(page.metadata.resource_version);
        }
        token = page.metadata.r#continue;
    }
}

async fn watch<K: Cached>(client: &Client, path: &str, store: &Store<K>, version: &mut String) -> kube::Result<Ended> {
    let uri = format!("{path}?watch=true&resourceVersion={}", encode(version));
    let mut events = pin!(client.request_events::<WithVersion<K>>(get(uri)?).await?.fuse());
    loop {
        let event = tokio::select! {
            biased;
            () = store.relist_wanted() => return Ok(Ended::Relist),
            event = events.try_next() => event?,
        };
        match event {
            None => return Ok(Ended::Resume),
            Some(WatchEvent::Added(o) | WatchEvent::Modified(o)) => {
                *version = o.version;
                store.apply(o.object, false);
            }
            Some(WatchEvent::Deleted(o)) => {
                *version = o.version;
                store.apply(o.object, true);
            }
            Some(WatchEvent::Bookmark(b)) => {
                *version = b.metadata.resource_version;
                store.advance(version.parse().unwrap_or_default());
            }
            Some(WatchEvent::Error(status)) => return Err(kube::Error::Api(status)),
        }
    }
}

/// The object and its resource version as the server wrote it, to resume from.
#[derive(Clone)]
struct WithVersion<K> {
    object: K,
    version: String,
}

impl<'de, K: Cached> Deserialize<'de> for WithVersion<K> {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let object = K::deserialize(d)?;
        Ok(WithVersion { version: object.version_text().to_string(), object })
    }
}

fn get(uri: String) -> kube::Result<Request<Vec<u8>>> {
    Request::get(uri).body(Vec::new()).map_err(kube::Error::HttpError)
}

/// Percent-encodes all but unreserved characters.
fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
