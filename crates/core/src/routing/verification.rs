//! Weights that somebody else must confirm: load balancers, which follow what is written with a delay (traffic.md §2.3).

use super::VERIFY_RETRY_SECONDS;
use crate::EventType;
use crate::reconcile::Reconcile;
use rollouts_api::RolloutStatus;
use rollouts_api::rollout::{AlbStatus, TrafficWeights};
use rollouts_traffic::{Context, Event, Inquiry, Route, Router};

/// From one look for load balancers to the next while nothing waits for them.
const FIND_RETRY_SECONDS: i64 = 60;

impl Reconcile<'_> {
    /// Whether something waits for load balancers to have this weight: a step, or the end of the update. So does an
    /// aborted canary, which must not lose its pods before its traffic.
    pub(super) fn awaits(&self, weight: i32) -> bool {
        if self.ro.status.stable_rs.is_empty() || self.fully_promoted() {
            return false;
        }
        match self.current_step() {
            _ if self.aborted() => true,
            Some(step) => step.set_weight.is_some(),
            None => weight == self.max_weight(),
        }
    }

    /// Whether the data plane has these weights, once they are written. Asks if that is not known yet, and if something
    /// depends on it, be it only that the status tells which load balancers there are.
    pub(super) fn verify(
        &mut self,
        router: &dyn Router,
        cx: &Context<'_>,
        route: &Route,
        weights: &TrafficWeights,
        inquiry: Inquiry,
    ) -> Option<bool> {
        let awaits = self.awaits(weights.canary.weight);
        let is_confirmed = self.recorded_weights().is_some_and(|w| w.verified == Some(true) && is_same(w, weights));
        if is_found(&self.ro.status) && (is_confirmed || !awaits) {
            return awaits.then_some(true);
        }
        let confirmed = self.hear(router, cx, route, inquiry, awaits && !is_confirmed);
        awaits.then_some(confirmed || is_confirmed)
    }

    fn hear(
        &mut self,
        router: &dyn Router,
        cx: &Context<'_>,
        route: &Route,
        inquiry: Inquiry,
        is_awaited: bool,
    ) -> bool {
        let Some(answered) = self.ask(inquiry) else { return false };
        let heard = router.heard(cx, route, &self.snapshot.routers, &answered.answer);
        self.traffic.load_balancers.extend(heard.load_balancers);
        self.traffic.confirmations.extend(heard.confirmations);
        heard.obstacles.into_iter().for_each(|event| self.plan.warn(event.reason, event.message));
        match is_awaited {
            true if !heard.confirmed => self.ask_again(&answered, VERIFY_RETRY_SECONDS),
            true => {}
            false => self.ask_again(&answered, FIND_RETRY_SECONDS),
        }
        heard.confirmed
    }

    /// Tells once what the load balancers have confirmed: when the status says so for the first time.
    pub(super) fn tell_confirmed(&mut self, new: &TrafficWeights) {
        let confirmations = std::mem::take(&mut self.traffic.confirmations);
        let is_old = |old: &TrafficWeights| old.verified == Some(true) && is_same(old, new);
        if new.verified == Some(true) && !self.recorded_weights().is_some_and(is_old) {
            for Event { reason, message, .. } in confirmations {
                self.status_event(EventType::Normal, &reason, message);
            }
        }
    }

    /// `status.alb` and `status.albs`: what was found now, and what was found before of Ingresses that are still used.
    pub(super) fn load_balancer_status(&self, next: &mut RolloutStatus) {
        let alb = self.ro.spec.traffic_routing().and_then(|routing| routing.alb.as_ref());
        let Some(alb) = alb.filter(|_| self.snapshot.router_settings.aws_verify_target_group) else {
            (next.alb, next.albs) = (None, Vec::new());
            return;
        };
        let names = Some(&alb.ingress).filter(|name| !name.is_empty()).into_iter().chain(&alb.ingresses);
        let known: Vec<AlbStatus> = next.albs.drain(..).chain(next.alb.take()).collect();
        let of = |name: &String| {
            let mut all = self.traffic.load_balancers.iter().chain(&known);
            all.find(|status| status.ingress == *name).cloned()
        };
        next.albs = names.filter_map(of).collect();
        next.alb = next.albs.first().filter(|_| !alb.ingress.is_empty()).cloned();
    }
}

/// Whether the status names all load balancers, with the groups that are made for a Rollout.
fn is_found(status: &RolloutStatus) -> bool {
    let is_whole = |alb: &AlbStatus| !alb.canary_target_group.arn.is_empty() && !alb.stable_target_group.arn.is_empty();
    !status.albs.is_empty() && status.albs.iter().all(is_whole)
}

/// Whether they say the same of where traffic goes.
pub(super) fn is_same(a: &TrafficWeights, b: &TrafficWeights) -> bool {
    a.canary == b.canary && a.stable == b.stable && a.additional == b.additional
}
