//! From objects to a [`rollouts_core::Snapshot`]: one piece of code for all who want to know what the controller decides.
//!
//! [`take`] says which objects a decision about a Rollout reads, and a [`Source`] where they come from. The controller has
//! them in its caches. [`Live`] reads them from the API server, once, with the rights of whoever asks: what
//! `explain rollout` prints is what `rollouts_core::plan` makes of that.
//!
//! The other way to the same end would have been to run the controller itself with a client that refuses to write. It was
//! not taken: its caches list and watch a dozen kinds for one question, which needs rights that users seldom have, and a
//! kind that may not be listed keeps it from beginning at all, when somebody wants to know what is wrong. And the plugin
//! would have to contain it, with its sources of metrics. What the two would have in common is here; what only the
//! controller knows, the answers of load balancers and its flags, a snapshot of [`Live`] lacks.

mod live;
mod parts;
mod routers;
mod source;
mod take;

pub use live::{Gap, Listed, Live};
pub use parts::{endpoints, pods};
pub use routers::{Found, Looks, closure, resource_of};
pub use source::{Analyses, Experiments, Source};
pub use take::{has_experiments, is_analysed, selects, take};
