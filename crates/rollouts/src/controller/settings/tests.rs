use super::*;
use crate::commands::{self, Action};
use rollouts_cli::cobra::{Outcome, Reply};

/// What becomes of a command line: settings and warnings, or an error.
fn read(args: &[&str]) -> Result<(Settings, String), String> {
    let args: Vec<String> = std::iter::once("controller").chain(args.iter().copied()).map(String::from).collect();
    match commands::tree().dispatch(&args) {
        Outcome::Run { action: Action::Controller, matches, warnings } => {
            let settings = Settings::read(&matches, "v1").map_err(|error| error.to_string())?;
            Ok((settings, warnings))
        }
        Outcome::Reply(Reply { stderr, .. }) => Err(stderr),
        other => panic!("{other:?}"),
    }
}

fn settings(args: &[&str]) -> Settings {
    read(args).expect("good flags").0
}

#[test]
fn defaults_are_those_of_the_go_controller() {
    let settings = settings(&[]);
    assert!(!settings.namespaced && settings.instance_id.is_none() && settings.without_effect.is_empty());
    assert_eq!((settings.rollout_workers, settings.analysis_workers, settings.service_workers), (10, 30, 10));
    assert_eq!((settings.controllers, settings.inconclusive_over_failed), (Controllers::All, false));
    assert_eq!((settings.pod_writes, settings.pod_write_tries), (10, 3));
    assert_eq!((settings.metrics_port, settings.healthz_port), (8090, 8080));
    assert_eq!(settings.resync, Some(Duration::from_secs(900)));
    let seconds = Duration::from_secs;
    let times = ElectionTimes { duration: seconds(15), renew_deadline: seconds(10), retry_period: seconds(2) };
    assert_eq!(settings.election, Some(times));
    assert_eq!(settings.connection.throttle, Some(Throttle { qps: 40.0, burst: 80 }));
    assert_eq!(settings.connection.user_agent.as_deref(), Some("rollouts-controller/v1"));
}

/// What the Helm chart passes, and what its values may add.
#[test]
fn the_arguments_of_the_helm_chart_start_it() {
    let chart = [
        "--healthzPort=8081",
        "--metricsport=8091",
        "--loglevel=info",
        "--logformat=text",
        "--kloglevel=0",
        "--namespaced",
        "--leader-elect",
    ];
    let (settings, warnings) = read(&chart).expect("good flags");
    assert!(settings.namespaced && settings.election.is_some());
    assert_eq!((settings.metrics_port, settings.healthz_port), (8091, 8081));
    assert_eq!(warnings, "Flag --metricsport has been deprecated, use --metricsPort instead\n");
    let values = [
        "--self-service-notification-enabled",
        "--aws-verify-target-group",
        "--enable-pprof-address=127.0.0.1:6060",
        "--alb-ingress-classes=alb",
        "--alb-ingress-classes=custom",
        "--istio-api-version=v1",
        "--instance-id=blue",
    ];
    let (settings, _) = read(&values).expect("good flags");
    assert_eq!(settings.instance_id.as_deref(), Some("blue"));
    let named = ["--enable-pprof-address", "--self-service-notification-enabled"];
    assert_eq!(settings.without_effect, named, "what does nothing is named");
    let routers =
        rollouts_traffic::Settings { istio_version: "v1".into(), aws_verify_target_group: true, ..Default::default() };
    assert_eq!(settings.routers, routers);
}

#[test]
fn flags_of_traffic_routers() {
    let routers = |args: &[&str]| read(args).map(|(settings, _)| settings.routers);
    assert_eq!(routers(&[]), Ok(rollouts_traffic::Settings::default()));
    let all = routers(&[
        "--ambassador-api-version=getambassador.io/v3alpha1",
        "--traffic-split-api-version=v1alpha3",
        "--traefik-api-group=traefik.containo.us",
        "--traefik-api-version=traefik.containo.us/v1alpha1",
        "--appmesh-crd-version=v1beta3",
        "--alb-verify-weight",
    ]);
    let expected = rollouts_traffic::Settings {
        ambassador_api_version: "getambassador.io/v3alpha1".into(),
        traffic_split_version: "v1alpha3".into(),
        traefik_group: "traefik.containo.us".into(),
        traefik_api_version: "traefik.containo.us/v1alpha1".into(),
        app_mesh_version: "v1beta3".into(),
        aws_verify_target_group: true,
        ..Default::default()
    };
    assert_eq!(all, Ok(expected));
    assert!(routers(&["--istio-api-version=networking.istio.io/v1"]).is_err());
    assert!(routers(&["--traefik-api-version=v1alpha1"]).is_err());
}

#[test]
fn values_reach_their_places() {
    let settings = settings(&[
        "--leader-elect=false",
        "--rollout-resync=0",
        "--qps=0.5",
        "--burst=7",
        "--rollout-threads=3",
        "--analysis-threads=4",
        "--controllers=analysis",
        "--analysis-inconclusive-over-failed",
        "--ephemeral-metadata-threads=5",
        "--ephemeral-metadata-update-pod-retries=1",
        "--server=https://api:6443",
        "--proxy-url=http://proxy:3128",
        "--as-group=a",
        "--as-group=b",
        "--request-timeout=1m",
        "-n=shop",
    ]);
    assert!(settings.election.is_none() && settings.resync.is_none());
    assert_eq!(settings.connection.throttle, Some(Throttle { qps: 0.5, burst: 7 }));
    assert_eq!((settings.rollout_workers, settings.analysis_workers), (3, 4));
    assert_eq!((settings.controllers, settings.inconclusive_over_failed), (Controllers::Analysis, true));
    assert_eq!((settings.pod_writes, settings.pod_write_tries), (5, 1));
    let connection = settings.connection;
    assert_eq!(connection.server.as_deref(), Some("https://api:6443"));
    assert_eq!(connection.proxy_url.as_deref(), Some("http://proxy:3128"));
    assert_eq!(connection.as_group, ["a", "b"]);
    assert_eq!(connection.request_timeout, Some(Duration::from_secs(60)));
    assert_eq!(connection.namespace.as_deref(), Some("shop"));
}

#[test]
fn rates_are_read_as_go_reads_them() {
    let throttle = |args: &[&str]| settings(args).connection.throttle;
    let rate = |qps, burst| Some(Throttle { qps, burst });
    assert_eq!(throttle(&["--qps=0"]), rate(5.0, 80));
    assert_eq!(throttle(&["--qps=0", "--burst=0"]), rate(5.0, 10));
    assert_eq!(throttle(&["--qps=2"]), rate(2.0, 80));
    assert_eq!(throttle(&["--qps=-1"]), None);
    assert_eq!(throttle(&["--qps=-1", "--burst=0"]), None);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let table = [
        ("--no-such-flag", "Error: unknown flag: --no-such-flag\n"),
        ("--controllers=rollouts", "unsupported controller: rollouts"),
        ("--controllers=analysis,rollouts", "unsupported controller: rollouts"),
        ("--analysis-threads=1001", "--analysis-threads: must be from 1 to 1000"),
        ("--rollout-threads=0", "--rollout-threads: must be from 1 to 1000"),
        ("--healthzPort=70000", "--healthzPort: 70000 is not a port"),
        ("--leader-election-lease-duration=10s", "leaseDuration must be greater than renewDeadline"),
        ("--leader-election-retry-period=9s", "renewDeadline must be greater than retryPeriod*JitterFactor"),
        (
            "--burst=0",
            "burst is required to be greater than 0 when RateLimiter is not set and QPS is set to greater than 0",
        ),
        ("--rollout-resync=-1", "--rollout-resync: must not be negative"),
        (
            "--qps=fast",
            r#"invalid argument "fast" for "--qps" flag: strconv.ParseFloat: parsing "fast": invalid syntax"#,
        ),
    ];
    for (flag, message) in table {
        assert_eq!(read(&[flag]).map(drop), Err(message.into()), "{flag}");
    }
}

#[test]
fn flags_without_effect_are_declared() {
    for flag in WITHOUT_EFFECT {
        assert!(!settings(&[]).without_effect.iter().any(|given| given == flag));
        let args = vec!["controller".to_string(), "--help".to_string()];
        let Outcome::Reply(help) = commands::tree().dispatch(&args) else { panic!("help") };
        assert!(help.stdout.contains(&format!("--{flag} ")) || *flag == "alb-verify-weight", "{flag}");
    }
}
