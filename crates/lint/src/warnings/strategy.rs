//! What both strategies have, and blue-green.

use crate::finding::About;
use crate::rollout::Subject;
use crate::rules;
use rollouts_api::rollout::BlueGreenStrategy;

/// Seconds in which kube-proxies and routers surely have followed a change.
const FOLLOWING_SECONDS: i32 = 30;

pub(super) fn check(subject: &Subject<'_>, found: &mut About<'_>) {
    let spec = &subject.rollout().spec;
    if spec.revision_history_limit() == 0 {
        let message = "no old ReplicaSet is kept: `undo` has nothing to go back to";
        found.add(&rules::NO_REVISION_HISTORY, "spec.revisionHistoryLimit", message);
    }
    let n = spec.replicas();
    let is_blue_green = spec.strategy.blue_green.is_some();
    if !is_blue_green && n > 0 && spec.traffic_routing().is_none() && spec.max_unavailable(n) >= n {
        let message = format!("maxUnavailable lets an update take down all {n} pods at once");
        let field = if n == 1 { "spec.strategy.canary.maxSurge" } else { "spec.strategy.canary.maxUnavailable" };
        found.add(&rules::NO_SPARE_CAPACITY, field, message);
    }
    let delay = spec.strategy.canary.as_ref().map(|c| ("canary", c.scale_down_delay_seconds));
    let delay = delay.or(spec.strategy.blue_green.as_ref().map(|b| ("blueGreen", b.scale_down_delay_seconds)));
    let is_routed = is_blue_green || spec.traffic_routing().is_some();
    if let Some((strategy, Some(seconds))) = delay.filter(|_| is_routed)
        && (0..FOLLOWING_SECONDS).contains(&seconds)
    {
        let message = format!(
            "old pods go after {seconds} s: nodes and routers may still send them requests; \
                               {FOLLOWING_SECONDS} s is the default"
        );
        found.add(&rules::SHORT_SCALE_DOWN_DELAY, &format!("spec.strategy.{strategy}.scaleDownDelaySeconds"), message);
    }
    if is_routed && spec.explicit_abort_scale_down_delay_seconds() == Some(0) {
        let strategy = if is_blue_green { "blueGreen" } else { "canary" };
        let message = "0 is for ever: the pods of an aborted update stay until the next one";
        let field = format!("spec.strategy.{strategy}.abortScaleDownDelaySeconds");
        found.add(&rules::KEPT_AFTER_ABORT, &field, message);
    }
    if let Some(blue_green) = &spec.strategy.blue_green {
        preview(blue_green, found);
    }
}

fn preview(blue_green: &BlueGreenStrategy, found: &mut About<'_>) {
    let is_seen = !blue_green.auto_promotion_enabled()
        || blue_green.auto_promotion_seconds > 0
        || blue_green.pre_promotion_analysis.is_some();
    if !blue_green.preview_service.is_empty() && !is_seen {
        let message = "the new version is promoted as soon as its pods are available: nobody sees the preview; set \
                       autoPromotionEnabled: false, autoPromotionSeconds or prePromotionAnalysis";
        found.add(&rules::PREVIEW_UNSEEN, "spec.strategy.blueGreen.previewService", message);
    }
}
