//! The objects that a tree is made of besides its root.

use super::live::PARTS;
use crate::context::Session;
use crate::failure::Result;
use crate::objects::Object;
use futures::future::try_join_all;
use rollouts_kube::rest::Query;
use rollouts_view::Objects;
use serde_json::Value;
use std::sync::Arc;

/// The objects of [`PARTS`], read once.
pub(super) struct Parts([Vec<Value>; 4]);

/// References to the objects of [`PARTS`].
pub(super) struct Slices<'a>([Vec<&'a Value>; 4]);

impl Parts {
    pub(super) async fn read(session: &Session) -> Result<Parts> {
        let all = Query::default();
        let lists = PARTS.iter().map(|(resource, _)| session.rest.list(resource, Some(&session.namespace), &all));
        let mut parts: [Vec<Value>; 4] = Default::default();
        for (part, page) in parts.iter_mut().zip(try_join_all(lists).await?) {
            *part = page.items;
        }
        Ok(Parts(parts))
    }

    pub(super) fn slices(&self) -> Slices<'_> {
        Slices(self.0.each_ref().map(|part| part.iter().collect()))
    }
}

impl<'a> Slices<'a> {
    pub(super) fn of(parts: &'a [Vec<Arc<Object>>; 4]) -> Self {
        Slices(parts.each_ref().map(|part| part.iter().map(|object| &object.value).collect()))
    }

    pub(super) fn objects(&self) -> Objects<'_> {
        let [replica_sets, pods, experiments, analysis_runs] = &self.0;
        Objects { replica_sets, pods, experiments, analysis_runs }
    }
}
