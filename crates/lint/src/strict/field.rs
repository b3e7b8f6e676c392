//! Data: Go's names of the structs of `argoproj.io/v1alpha1`, by the field that has one. Its decoder says them.

/// The struct behind a field, or of a kind.
pub fn struct_of(field: &str) -> String {
    let known = STRUCTS.iter().find(|(name, _)| *name == field).map(|(_, name)| *name);
    known.map_or_else(|| capitalised(field), str::to_string)
}

/// The struct of the spec of a kind.
pub fn spec_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Rollout" => "RolloutSpec",
        "AnalysisRun" => "AnalysisRunSpec",
        "AnalysisTemplate" | "ClusterAnalysisTemplate" => "AnalysisTemplateSpec",
        "Experiment" => "ExperimentSpec",
        _ => return None,
    })
}

/// For those that are not listed.
fn capitalised(field: &str) -> String {
    let mut letters = field.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const STRUCTS: &[(&str, &str)] = &[
    ("workloadRef", "ObjectRef"),
    ("selector", "LabelSelector"),
    ("strategy", "RolloutStrategy"),
    ("canary", "CanaryStrategy"),
    ("blueGreen", "BlueGreenStrategy"),
    ("steps", "CanaryStep"),
    ("pause", "RolloutPause"),
    ("experiment", "RolloutExperimentStep"),
    ("analysis", "RolloutAnalysis"),
    ("prePromotionAnalysis", "RolloutAnalysis"),
    ("postPromotionAnalysis", "RolloutAnalysis"),
    ("analyses", "RolloutExperimentStepAnalysisTemplateRef"),
    ("templates", "AnalysisTemplateRef"),
    ("args", "AnalysisRunArgument"),
    ("valueFrom", "ArgumentValueFrom"),
    ("antiAffinity", "AntiAffinity"),
    ("trafficRouting", "RolloutTrafficRouting"),
    ("alb", "ALBTrafficRouting"),
    ("nginx", "NginxTrafficRouting"),
    ("istio", "IstioTrafficRouting"),
    ("virtualService", "IstioVirtualService"),
    ("virtualServices", "IstioVirtualService"),
    ("destinationRule", "IstioDestinationRule"),
    ("smi", "SMITrafficRouting"),
    ("ambassador", "AmbassadorTrafficRouting"),
    ("appMesh", "AppMeshTrafficRouting"),
    ("traefik", "TraefikTrafficRouting"),
    ("apisix", "ApisixTrafficRouting"),
    ("managedRoutes", "MangedRoutes"),
    ("pingPong", "PingPongSpec"),
    ("canaryMetadata", "PodTemplateMetadata"),
    ("stableMetadata", "PodTemplateMetadata"),
    ("activeMetadata", "PodTemplateMetadata"),
    ("previewMetadata", "PodTemplateMetadata"),
    ("rollbackWindow", "RollbackWindowSpec"),
    ("metrics", "Metric"),
    ("provider", "MetricProvider"),
    ("prometheus", "PrometheusMetric"),
    ("web", "WebMetric"),
    ("datadog", "DatadogMetric"),
    ("newRelic", "NewRelicMetric"),
    ("wavefront", "WavefrontMetric"),
    ("kayenta", "KayentaMetric"),
    ("cloudWatch", "CloudWatchMetric"),
    ("graphite", "GraphiteMetric"),
    ("influxdb", "InfluxdbMetric"),
    ("skywalking", "SkyWalkingMetric"),
    ("job", "JobMetric"),
];
