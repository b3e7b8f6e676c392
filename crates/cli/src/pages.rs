//! Long lists, read in pages.

use crate::context::Session;
use crate::failure::Result;
use rollouts_kube::rest::{Page, Query};
use rollouts_kube::{RequestError, Resource};
use serde::de::DeserializeOwned;

/// Objects of a page: as many as kubectl asks for.
const PAGE_OBJECTS: &str = "500";
/// Code of the answer to a page of a list that the server no longer has.
const GONE: u16 = 410;

impl Session {
    /// Reads all objects that match, page by page.
    pub(crate) async fn list_all<T: DeserializeOwned>(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        query: &Query,
    ) -> Result<Vec<T>> {
        let mut items = Vec::new();
        let mut next = String::new();
        loop {
            let page = query.clone().with("limit", PAGE_OBJECTS).with("continue", next);
            let Page { metadata, items: more } = match self.rest.list(resource, namespace, &page).await {
                Ok(page) => page,
                // It took too long: the whole list at once.
                Err(RequestError::Refused(status)) if status.code == GONE && !items.is_empty() => {
                    return Ok(self.rest.list(resource, namespace, query).await?.items);
                }
                Err(error) => return Err(error.into()),
            };
            items.extend(more);
            next = metadata.next;
            if next.is_empty() {
                return Ok(items);
            }
        }
    }
}
