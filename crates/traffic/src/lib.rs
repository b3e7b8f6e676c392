//! What the objects of traffic routers must say (traffic.md). Pure: from the objects as they are and the [`Route`] that is
//! wanted to the writes that lead there. One module a router; each is a [`Router`], and [`used`] lists those of a Rollout
//! in the order in which they are told.

mod alb;
mod ambassador;
mod apisix;
pub mod app_mesh;
pub mod bindings;
mod draft;
pub mod evaluate;
mod failed;
mod gateway_api;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
mod ingress;
mod inquiry;
pub mod istio;
mod kind;
mod managed;
mod methods;
mod nginx;
mod objects;
mod owner;
mod regex;
#[cfg(test)]
mod robust;
mod route;
mod router;
mod settings;
mod smi;
mod traefik;

pub use alb::{TargetGroup, TargetRole, target_groups};
pub use draft::{Change, Draft, Event, Write, merge_patch};
pub use failed::write_failed;
pub use inquiry::{Answer, FoundGroup, Heard, Inquiry, LoadBalancer, Targets};
pub use kind::{Kind, ObjectRef};
pub use managed::ROUTE_OF as MANAGED_ROUTE_OF;
pub use objects::{Objects, Want, divided_services, selects};
pub use route::{Block, Managed, Matches, Pattern, Route, Side};
pub use router::{Context, RouteError, Router, used, wants};
pub use settings::{INGRESSES, Settings};
