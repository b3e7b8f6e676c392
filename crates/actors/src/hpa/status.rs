use super::recommend::{Reading, target_of};
use crate::machinery::whole_seconds;
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{
    ContainerResourceMetricStatus, ExternalMetricStatus, HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerStatus, MetricSpec, MetricStatus, MetricValueStatus, ObjectMetricStatus, PodsMetricStatus,
    ResourceMetricStatus,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// How a look at an autoscaler went.
pub(super) enum Verdict {
    /// The target has no size.
    NoScale(String),
    /// The target is at zero: autoscaling is off.
    Disabled,
    Sized {
        current: i32,
        desired: i32,
        limited: Option<(&'static str, &'static str)>,
        reading: Option<Box<Reading>>,
    },
}

pub(super) fn next(hpa: &HorizontalPodAutoscaler, verdict: &Verdict, now: Timestamp) -> HorizontalPodAutoscalerStatus {
    let mut status = hpa.status.clone().unwrap_or_default();
    let mut list = Conditions { list: status.conditions.take().unwrap_or_default(), now };
    status.observed_generation = hpa.metadata.generation;
    match verdict {
        Verdict::NoScale(message) => {
            let message = format!("the HPA controller was unable to get the target's current scale: {message}");
            list.set("AbleToScale", false, "FailedGetScale", &message);
        }
        Verdict::Disabled => {
            list.set(
                "AbleToScale",
                true,
                "SucceededGetScale",
                "the HPA controller was able to get the target's current scale",
            );
            let message = "scaling is disabled since the replica count of the target is zero";
            list.set("ScalingActive", false, "ScalingDisabled", message);
            (status.current_replicas, status.desired_replicas) = (Some(0), 0);
        }
        Verdict::Sized { current, desired, limited, reading } => {
            match desired == current {
                true => list.set("AbleToScale", true, "ReadyForNewScale", "recommended size matches current size"),
                false => {
                    let message = format!("the HPA controller was able to update the target scale to {desired}");
                    list.set("AbleToScale", true, "SucceededRescale", &message);
                    status.last_scale_time = Some(whole_seconds(now));
                }
            }
            match reading {
                Some(reading) => {
                    let what = reading.metric.resource.as_ref().map_or("metric".to_string(), |r| {
                        format!("{} resource utilization (percentage of request)", r.name)
                    });
                    let message = format!("the HPA was able to successfully calculate a replica count from {what}");
                    list.set("ScalingActive", true, "ValidMetricFound", &message);
                }
                None => {
                    let message = "the HPA was unable to compute the replica count: no scripted metric";
                    list.set("ScalingActive", false, "FailedGetResourceMetric", message);
                }
            }
            match limited {
                Some((reason, message)) => list.set("ScalingLimited", true, reason, message),
                None => {
                    let message = "the desired count is within the acceptable range";
                    list.set("ScalingLimited", false, "DesiredWithinRange", message);
                }
            }
            status.current_replicas = Some(*current);
            status.desired_replicas = *desired;
            status.current_metrics = reading.as_ref().map(|r| vec![measured(r)]);
        }
    }
    status.conditions = Some(list.list);
    status
}

fn measured(reading: &Reading) -> MetricStatus {
    let text = reading.value.to_string();
    let target = target_of(&reading.metric);
    let utilization = target.is_some_and(|t| t.average_utilization.is_some());
    let average = target.is_some_and(|t| t.average_value.is_some());
    let current = MetricValueStatus {
        average_utilization: utilization.then_some(reading.value as i32),
        average_value: average.then(|| Quantity(text.clone())),
        value: (!utilization && !average).then_some(Quantity(text)),
    };
    let MetricSpec { type_, resource, container_resource, pods, object, external } = reading.metric.clone();
    MetricStatus {
        type_,
        resource: resource.map(|m| ResourceMetricStatus { name: m.name, current: current.clone() }),
        container_resource: container_resource.map(|m| ContainerResourceMetricStatus {
            container: m.container,
            name: m.name,
            current: current.clone(),
        }),
        pods: pods.map(|m| PodsMetricStatus { metric: m.metric, current: current.clone() }),
        object: object.map(|m| ObjectMetricStatus {
            described_object: m.described_object,
            metric: m.metric,
            current: current.clone(),
        }),
        external: external.map(|m| ExternalMetricStatus { metric: m.metric, current }),
    }
}

struct Conditions {
    list: Vec<HorizontalPodAutoscalerCondition>,
    now: Timestamp,
}

impl Conditions {
    fn set(&mut self, kind: &str, on: bool, reason: &str, message: &str) {
        let status = if on { "True" } else { "False" };
        let at = self.list.iter().position(|c| c.type_ == kind).unwrap_or_else(|| {
            self.list.push(HorizontalPodAutoscalerCondition { type_: kind.into(), ..Default::default() });
            self.list.len() - 1
        });
        let condition = &mut self.list[at];
        if condition.status != status {
            condition.status = status.into();
            condition.last_transition_time = Some(whole_seconds(self.now));
        }
        condition.reason = Some(reason.into());
        condition.message = Some(message.into());
    }
}
