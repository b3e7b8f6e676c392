//! Pods that must be known to AWS's target groups before others go (traffic.md §2.3).

use super::VERIFY_RETRY_SECONDS;
use crate::reconcile::Reconcile;
use rollouts_traffic::{Answer, Inquiry, Targets};

impl Reconcile<'_> {
    /// Whether the load balancer can do without what was replaced: the target groups of the stable Service have all its
    /// endpoints, and these are of the stable version. What is to be told once pods go because of it is in the answer.
    pub(super) fn has_targets(&mut self) -> Option<Vec<String>> {
        let Some(inquiry) = self.inquiry_of_targets() else { return Some(Vec::new()) };
        let Inquiry::Targets { service, serves, .. } = &inquiry else { return Some(Vec::new()) };
        let (service, serves) = (service.clone(), *serves);
        let who = |group: &str| format!("Service {service} (TargetGroup {group})");
        let answered = self.ask(inquiry)?;
        let groups = match &answered.answer {
            Answer::Targets(groups) => groups,
            Answer::Failed { group, problem } => {
                let who = who(group.as_deref().unwrap_or("unknown"));
                self.plan.warn("TargetGroupVerifyError", format!("Failed to verify {who}: {problem}"));
                self.ask_again(&answered, VERIFY_RETRY_SECONDS);
                return None;
            }
            Answer::LoadBalancers(_) => return None,
        };
        let missing: Vec<&Targets> = groups.iter().filter(|targets| !targets.is_complete(serves)).collect();
        if missing.is_empty() {
            let told = |t: &Targets| format!("{} verified: {} endpoints registered", who(&t.group), t.registered);
            return Some(groups.iter().map(told).collect());
        }
        for Targets { group, endpoints, registered } in missing {
            let message = format!("{} not verified: {registered}/{endpoints} endpoints registered", who(group));
            self.plan.warn("TargetGroupUnverified", message);
        }
        self.ask_again(&answered, VERIFY_RETRY_SECONDS);
        None
    }

    /// `None` when nothing depends on target groups.
    fn inquiry_of_targets(&self) -> Option<Inquiry> {
        let settings = self.snapshot.router_settings.clone();
        let routing = self.ro.spec.traffic_routing()?;
        routing.alb.as_ref().filter(|_| settings.aws_verify_target_group)?;
        let router = rollouts_traffic::used(routing).into_iter().find(|router| router.name() == "ALB")?;
        let (_, service) = self.role_services(router);
        let stable = self.stable_set().filter(|_| !service.is_empty())?;
        Some(Inquiry::Targets {
            service,
            replica_set: stable.metadata.name.clone(),
            serves: stable.available() > 0,
            binding_api_version: settings.target_group_binding_api_version.clone(),
        })
    }
}
