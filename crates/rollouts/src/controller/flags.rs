//! The flags of the controller: names, defaults and meaning are those of the Go controller, so that its Deployment and
//! its Helm chart start this one unchanged.

use rollouts_cli::cobra::Flag;

/// Flags of what this version does not have. They are accepted, so that nobody's arguments are in the way of a switch,
/// and named in the log when they are given.
pub const WITHOUT_EFFECT: &[&str] = &["enable-pprof-address", "self-service-notification-enabled"];

/// All flags.
pub fn all() -> Vec<Flag> {
    let mut flags = process();
    flags.extend(election());
    flags.extend(connection());
    flags.extend(routers());
    flags.extend(without_effect());
    flags
}

fn process() -> Vec<Flag> {
    vec![
        Flag::switch("version", "Print the version and exit"),
        Flag::switch("namespaced", "Work in one namespace alone: --namespace, or else the one of the context or pod"),
        Flag::text(
            "instance-id",
            "",
            "Handle only objects with this instance id; without it only those that have none",
        ),
        Flag::int("rollout-threads", 10, "How many Rollouts are reconciled at once"),
        Flag::int("experiment-threads", 10, "How many Experiments are reconciled at once"),
        Flag::int("analysis-threads", 30, "How many AnalysisRuns are reconciled at once"),
        Flag::int("service-threads", 10, "How many Services are cleaned up at once"),
        Flag::int(
            "ephemeral-metadata-threads",
            10,
            "To how many pods of a Rollout the metadata of their role is written at once",
        ),
        Flag::int(
            "ephemeral-metadata-update-pod-retries",
            3,
            "How often that is tried with each pod before the Rollout is looked at again",
        ),
        Flag::int("rollout-resync", 900, "Seconds between two looks at everything, changed or not; 0 means never"),
        Flag::int("metricsPort", 8090, "Port for metrics"),
        Flag::int("metricsport", 8090, "Port for metrics").deprecated("use --metricsPort instead"),
        Flag::int("healthzPort", 8080, "Port for probes: /healthz, /readyz and /livez"),
        Flag::text("loglevel", "info", "One of trace, debug, info, warn, error, fatal, panic"),
        Flag::text("logformat", "", "One of text, json"),
        Flag::int("kloglevel", 0, "How much the Kubernetes client logs: from 6 each request, from 8 all it knows"),
        Flag::text(
            "qps",
            "40",
            "Requests a second to the API server in the long run; 0 means 5, a negative one no limit",
        ),
        Flag::int("burst", 80, "Requests at once to the API server after a quiet time"),
        Flag::text("controllers", "", "Run only these controllers (comma-separated): analysis"),
        Flag::switch(
            "analysis-inconclusive-over-failed",
            "A metric beyond both its failureLimit and its inconclusiveLimit is Inconclusive, and not Failed",
        ),
    ]
}

fn election() -> Vec<Flag> {
    vec![
        Flag::switch_on(
            "leader-elect",
            "Work only while holding the lease; without it there must be one process alone",
        ),
        Flag::duration_of("leader-election-lease-duration", 15, "Others take over after so long without a renewal"),
        Flag::duration_of("leader-election-renew-deadline", 10, "Stop working after so long without a renewal"),
        Flag::duration_of("leader-election-retry-period", 2, "Time between attempts to acquire or renew the lease"),
    ]
}

fn connection() -> Vec<Flag> {
    vec![
        Flag::text("kubeconfig", "", "Path to a kubeconfig (default: KUBECONFIG, ~/.kube/config, in-cluster)"),
        Flag::text("context", "", "Context of the kubeconfig to use"),
        Flag::text("cluster", "", "Cluster of the kubeconfig to use"),
        Flag::text("user", "", "User of the kubeconfig to be"),
        Flag::text("namespace", "", "Namespace to work in with --namespaced").short('n'),
        Flag::text("server", "", "Address and port of the API server"),
        Flag::text("token", "", "Bearer token to authenticate with"),
        Flag::text("username", "", "User name for basic authentication"),
        Flag::text("password", "", "Password for basic authentication"),
        Flag::text("as", "", "User to act as"),
        Flag::list("as-group", &[], "Group to act as a member of; may be repeated"),
        Flag::text("as-uid", "", "UID to act with"),
        Flag::text("certificate-authority", "", "File with the certificates of the authorities to trust"),
        Flag::text("client-certificate", "", "File with the client's TLS certificate"),
        Flag::text("client-key", "", "File with the key of the client's TLS certificate"),
        Flag::switch("insecure-skip-tls-verify", "Do not check the certificate of the API server"),
        Flag::text("tls-server-name", "", "Name expected in the certificate of the API server, if not the host's"),
        Flag::text("proxy-url", "", "Proxy to reach the API server through"),
        Flag::text("request-timeout", "0", "How long to wait for an answer to begin, such as 30s; 0 means no limit"),
        Flag::switch("disable-compression", "Ask the API server for uncompressed answers"),
    ]
}

fn routers() -> Vec<Flag> {
    const NEEDLESS: &str = "Not needed: an Ingress is looked at because a Rollout names it";
    let d = rollouts_traffic::Settings::default();
    vec![
        Flag::text("istio-api-version", d.istio_version, "Version of VirtualServices and DestinationRules"),
        Flag::text("ambassador-api-version", d.ambassador_api_version, "Group and version of Ambassador's Mappings"),
        Flag::text("traffic-split-api-version", d.traffic_split_version, "Version of SMI's TrafficSplits"),
        Flag::text("traefik-api-group", d.traefik_group, "Group of TraefikServices"),
        Flag::text("traefik-api-version", d.traefik_api_version, "Group and version of TraefikServices"),
        Flag::text("appmesh-crd-version", d.app_mesh_version, "Version of App Mesh's objects"),
        Flag::switch("aws-verify-target-group", "Wait until load balancers of AWS have the weights"),
        Flag::switch("alb-verify-weight", "Wait until load balancers of AWS have the weights")
            .deprecated("use --aws-verify-target-group instead"),
        Flag::text(
            "aws-target-group-binding-api-version",
            d.target_group_binding_api_version,
            "Group and version of TargetGroupBindings",
        ),
        Flag::text("alb-tag-key-resource-id", d.target_group_tag, "Tag by which target groups of AWS are told apart"),
        Flag::list("alb-ingress-classes", &["alb"], NEEDLESS),
        Flag::list("nginx-ingress-classes", &["nginx"], NEEDLESS),
        Flag::int("ingress-threads", 10, NEEDLESS),
        Flag::text("ingress-api-version", "", "Not needed: Ingresses are read and written as networking.k8s.io/v1"),
    ]
}

fn without_effect() -> Vec<Flag> {
    const NONE: &str = "No effect in this version";
    let text = |name, default: &str| Flag::text(name, default, NONE);
    vec![text("enable-pprof-address", ""), Flag::switch("self-service-notification-enabled", NONE)]
}
