//! Commands that are known but not in this version: they have their place in the tree, so that help, completion and
//! wrong flags are answered, and say so when they are run.

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::failure::Result;

/// What the groups below `notifications` answer when they are run bare.
const BARE: &str = "select child command";

pub(super) fn commands() -> Vec<Command<Action>> {
    vec![create(), dashboard(), notifications()]
}

pub(super) fn run(what: &str) -> Result {
    Err(format!("{what} is not available in this version").into())
}

fn create() -> Command<Action> {
    let run = Command::new(
        "analysisrun",
        "Create an AnalysisRun from a template",
        Arguments::Any,
        Action::Later("create analysisrun"),
    )
    .aliases(&["ar"])
    .long("Creates an AnalysisRun from a template of the cluster or of a file.")
    .flag(Flag::list("argument", &[], "An argument of the template, NAME=VALUE; may be repeated").short('a'))
    .flag(Flag::text("from", "", "Name of the template in the cluster"))
    .flag(Flag::text("from-file", "", "File with the template"))
    .flag(Flag::text("generate-name", "", "Beginning of the name of the run"))
    .flag(Flag::switch("global", "Use a ClusterAnalysisTemplate instead of an AnalysisTemplate"))
    .flag(Flag::text("instance-id", "", "Controller instance that is to run it"))
    .flag(Flag::text("name", "", "Name of the run"));
    Command::new("create", "Create resources from files", Arguments::Any, Action::Later("create"))
        .long("Creates a Rollout, Experiment, AnalysisTemplate, ClusterAnalysisTemplate or AnalysisRun from a file.")
        .flag(Flag::list("filename", &[], "File with the resource; may be repeated").short('f'))
        .flag(Flag::switch("no-color", "Print no colours"))
        .flag(Flag::switch("watch", "Follow the resource once it is created").short('w'))
        .child(run)
}

fn dashboard() -> Command<Action> {
    Command::new("dashboard", "Start the dashboard", Arguments::Any, Action::Later("dashboard"))
        .flag(Flag::int("port", 3100, "Port to listen on").short('p'))
        .flag(Flag::text("root-path", "rollouts", "Path under which the dashboard is served"))
}

fn notifications() -> Command<Action> {
    let output = || Flag::text("output", "wide", "How to print: json, yaml, wide or name").short('o');
    let what = Action::Later("notifications");
    let template = Command::group("template", "Templates of notifications")
        .child(Command::new("get", "List templates", Arguments::Any, what).flag(output()))
        .child(
            Command::new("notify NAME RESOURCE_NAME", "Render a template and send it", Arguments::Any, what)
                .flag(Flag::list("recipient", &["console:stdout"], "Who gets it; may be repeated")),
        );
    let trigger = Command::group("trigger", "Triggers of notifications")
        .child(Command::new("get", "List triggers", Arguments::Any, what).flag(output()))
        .child(Command::new("run NAME RESOURCE_NAME", "Evaluate a trigger", Arguments::Any, what));
    Command::group("notifications", "Look at and try out the settings of notifications")
        .helpful()
        // The engine of these commands never looked at the level of logging.
        .check(|_| Ok(()))
        .persistent(notification_flags())
        .child(template.refusing(BARE))
        .child(trigger.refusing(BARE))
}

/// The engine of these commands brings its own copies of the connection flags.
fn notification_flags() -> Vec<Flag> {
    let text = |name, usage| Flag::text(name, "", usage);
    vec![
        text("as", "User to act as"),
        Flag::list("as-group", &[], "Group to act as a member of; may be repeated"),
        text("as-uid", "UID to act with"),
        text("certificate-authority", "File with the certificates of the authorities to trust"),
        text("client-certificate", "File with the client's TLS certificate"),
        text("client-key", "File with the key of the client's TLS certificate"),
        text("cluster", "Cluster of the kubeconfig to use"),
        text("config-map", "File with the ConfigMap argo-rollouts-notification-configmap"),
        text("context", "Context of the kubeconfig to use"),
        Flag::switch("disable-compression", "Ask the API server for uncompressed answers"),
        Flag::switch("insecure-skip-tls-verify", "Do not check the certificate of the API server"),
        text("kubeconfig", "The kubeconfig file"),
        text("namespace", "Namespace to work in").short('n'),
        text("password", "Password for basic authentication"),
        text("proxy-url", "Proxy to connect through"),
        Flag::text("request-timeout", "0", "How long to wait for the answer to one request"),
        text("secret", "File with the Secret argo-rollouts-notification-secret; ':empty' stands for an empty one"),
        text("server", "Address and port of the API server"),
        text("tls-server-name", "Name expected in the certificate of the API server"),
        text("token", "Bearer token to authenticate with"),
        text("user", "User of the kubeconfig to be"),
        text("username", "User name for basic authentication"),
    ]
}
