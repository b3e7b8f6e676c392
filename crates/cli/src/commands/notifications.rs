//! `notifications`: looks at the settings of notifications, and tries them out.

mod output;
mod settings;
mod source;
mod template;
mod trigger;

use super::Action;
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::context::Context;
use crate::failure::{Failure, Result};

/// What the groups below `notifications` answer when they are run bare.
const BARE: &str = "select child command";

/// What the commands below `notifications` do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notifications {
    TemplateGet,
    TemplateNotify,
    TriggerGet,
    TriggerRun,
}

pub(super) async fn run(what: Notifications, context: &mut Context<'_>) -> Result {
    match what {
        Notifications::TemplateGet => template::get(context).await,
        Notifications::TemplateNotify => template::notify(context).await,
        Notifications::TriggerGet => trigger::get(context).await,
        Notifications::TriggerRun => trigger::run(context).await,
    }
}

pub(super) fn command() -> Command<Action> {
    let template = Command::group("template", "Templates of notifications")
        .long("Shows the templates of notifications, and tries one out.")
        .example(template::EXAMPLES)
        .child(template::get_command())
        .child(template::notify_command());
    let trigger = Command::group("trigger", "Triggers of notifications")
        .long("Shows the triggers of notifications, and tries one out.")
        .example(trigger::EXAMPLES)
        .child(trigger::get_command())
        .child(trigger::run_command());
    Command::group("notifications", "Look at and try out the settings of notifications")
        .long(
            "Looks at the settings of notifications, and tries them out: those of the ConfigMap\n\
             argo-rollouts-notification-configmap and the Secret argo-rollouts-notification-secret of a namespace,\n\
             or of files.",
        )
        .example(
            "  # The templates of a file, before they are applied\n  \
             kubectl argo rollouts notifications template get --config-map ./config.yaml --secret :empty\n\n  \
             # The triggers of the cluster\n  kubectl argo rollouts notifications trigger get -n argo-rollouts",
        )
        .helpful()
        // The engine of these commands never looked at the level of logging.
        .check(|_| Ok(()))
        .persistent(flags())
        .child(template.refusing(BARE))
        .child(trigger.refusing(BARE))
}

/// A command that does something.
fn leaf(usage: &'static str, short: &'static str, what: Notifications) -> Command<Action> {
    Command::new(usage, short, Arguments::Any, Action::Notifications(what))
}

fn output_flag() -> Flag {
    Flag::text("output", "wide", "How to print: json, yaml, wide or name")
        .short('o')
        .values(Values::Words(&["json", "yaml", "wide", "name"]))
}

/// The engine of these commands brings its own copies of the connection flags.
fn flags() -> Vec<Flag> {
    let text = |name, usage| Flag::text(name, "", usage);
    vec![
        text("as", "User to act as"),
        Flag::list("as-group", &[], "Group to act as a member of; may be repeated"),
        text("as-uid", "UID to act with"),
        text("certificate-authority", "File with the certificates of the authorities to trust"),
        text("client-certificate", "File with the client's TLS certificate"),
        text("client-key", "File with the key of the client's TLS certificate"),
        text("cluster", "Cluster of the kubeconfig to use"),
        text("config-map", "File with the ConfigMap argo-rollouts-notification-configmap; '-' is standard input"),
        text("context", "Context of the kubeconfig to use"),
        Flag::switch("disable-compression", "Ask the API server for uncompressed answers"),
        Flag::switch("insecure-skip-tls-verify", "Do not check the certificate of the API server"),
        text("kubeconfig", "The kubeconfig file"),
        text("namespace", "Namespace to work in").short('n'),
        text("password", "Password for basic authentication"),
        text("proxy-url", "Proxy to connect through"),
        Flag::text("request-timeout", "0", "How long to wait for the answer to one request"),
        text(
            "secret",
            "File with the Secret argo-rollouts-notification-secret; '-' is standard input, ':empty' stands for an empty one",
        ),
        text("server", "Address and port of the API server"),
        text("tls-server-name", "Name expected in the certificate of the API server"),
        text("token", "Bearer token to authenticate with"),
        text("user", "User of the kubeconfig to be"),
        text("username", "User name for basic authentication"),
    ]
}

/// The two arguments of a command that tries something out on a Rollout: the name, and the Rollout or a file.
fn name_and_resource(context: &Context<'_>) -> Result<(String, String)> {
    match context.matches.args() {
        [name, resource] => Ok((name.clone(), resource.clone())),
        args => Err(format!("expected two arguments, got {}", args.len()).into()),
    }
}

/// Fails with these words alone, as the engine of these commands does.
fn fail(context: &mut Context<'_>, message: &str) -> Failure {
    match context.warn(&format!("{message}\n")) {
        Ok(()) => Failure::Silent,
        Err(failure) => failure,
    }
}
