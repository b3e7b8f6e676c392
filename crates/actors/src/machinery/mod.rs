//! What every actor needs: caches kept by watches, work queues, an event recorder, and small helpers.
//!
//! All actors share one cache a kind ([`Hub`]), are triggered by its changes, and decide from it alone. A reconcile
//! ends only when the caches have seen what it wrote ([`Store::seen`]), so that the next one never acts twice on
//! old news; this replaces the expectations of kube-controller-manager and needs no timeout.

mod backoff;
mod condition;
mod discovery;
mod error;
mod events;
mod hub;
mod object;
mod objects;
mod owner;
mod pod;
mod queue;
mod reflector;
pub(crate) mod request;
mod rng;
mod selector;
mod store;
mod text;
mod worker;

pub(crate) use backoff::Backoff;
pub(crate) use condition::cond;
pub(crate) use discovery::{ServedResource, discover};
pub(crate) use error::{is_conflict, is_exists, is_gone, is_namespace_terminating, is_not_found, is_uncertain};
pub(crate) use events::{Note, Recorder, write_events};
pub(crate) use hub::{Context, Hub, Reflecting, reflect_path};
pub(crate) use object::{Cached, Key, Slim, meta_uid};
pub(crate) use owner::{claim, controller_of, controller_ref, owned_by};
pub(crate) use pod::*;
pub(crate) use queue::Queue;
pub(crate) use rng::Rng;
pub(crate) use selector::Selector;
pub(crate) use store::{Change, Store};
pub(crate) use text::{percent_or_int, whole_seconds};
pub(crate) use worker::{Next, drive};
