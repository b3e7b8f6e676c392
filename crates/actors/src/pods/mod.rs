//! Simulated nodes: a scheduler, and one kubelet for all of them.

mod conditions;
mod containers;
mod kubelet;
mod nodes;
mod scheduler;
mod script;
mod timing;

use crate::machinery::Hub;

pub(crate) fn start(hub: &mut Hub) {
    nodes::start(hub);
    scheduler::start(hub);
    kubelet::start(hub);
}
