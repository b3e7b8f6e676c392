//! `notifications template`.

use super::{Notifications, fail, leaf, name_and_resource, output, output_flag, source};
use crate::cobra::{Command, Flag};
use crate::commands::Action;
use crate::context::Context;
use crate::failure::Result;

/// Characters of a preview.
const PREVIEW_CHARS_MAX: usize = 100;

pub(super) const EXAMPLES: &str = "  \
    # The templates of the cluster\n  kubectl argo rollouts notifications template get\n\n  \
    # Render one for a rollout, and print it\n  \
    kubectl argo rollouts notifications template notify rollout-completed guestbook";

pub(super) fn get_command() -> Command<Action> {
    leaf("get", "List templates", Notifications::TemplateGet)
        .long("Lists the templates, or shows the one that is named.")
        .example(
            "  # All templates\n  kubectl argo rollouts notifications template get\n\n  \
             # One, as it is\n  kubectl argo rollouts notifications template get rollout-completed -o yaml",
        )
        .flag(output_flag())
}

pub(super) fn notify_command() -> Command<Action> {
    leaf("notify NAME RESOURCE_NAME", "Render a template and send it", Notifications::TemplateNotify)
        .long("Renders a template for a rollout, of the cluster or of a file, and sends it.")
        .example(
            "  # Print what would be sent\n  \
             kubectl argo rollouts notifications template notify rollout-completed guestbook\n\n  \
             # Send it\n  kubectl argo rollouts notifications template notify rollout-completed guestbook \
             --recipient slack:my-channel",
        )
        .flag(Flag::list("recipient", &["console:stdout"], "Who gets it; may be repeated"))
}

pub(super) async fn get(context: &mut Context<'_>) -> Result {
    let settings = match source::settings(context).await {
        Ok(settings) => settings,
        Err(problem) => return Err(output::failed_to_get(context, &problem)),
    };
    output::print(context, &settings.templates, &["NAME", "PREVIEW"], |name, template| {
        vec![vec![name.to_owned(), cut(&template.preview())]]
    })
}

/// At most so many characters, the last of which say that there are more.
fn cut(text: &str) -> String {
    match text.char_indices().nth(PREVIEW_CHARS_MAX) {
        Some(_) => text.chars().take(PREVIEW_CHARS_MAX - 1).chain("...".chars()).collect(),
        None => text.to_owned(),
    }
}

/// Checks everything; what is left is to send it.
pub(super) async fn notify(context: &mut Context<'_>) -> Result {
    let (name, resource) = name_and_resource(context)?;
    let settings = match source::settings(context).await {
        Ok(settings) => settings,
        Err(problem) => return Err(fail(context, &format!("failed to create API: {problem}"))),
    };
    if let Err(problem) = source::rollout(context, &resource).await {
        return Err(fail(context, &format!("failed to load resource: {problem}")));
    }
    for recipient in context.matches.list("recipient").to_vec() {
        let service = recipient.split(':').next().unwrap_or_default();
        let problem = if !settings.has_service(service) {
            format!("notification service '{service}' is not supported")
        } else if !settings.templates.contains_key(&name) {
            format!("template '{name}' is not supported")
        } else {
            continue;
        };
        return Err(fail(context, &format!("failed to notify '{recipient}': {problem}")));
    }
    Err("everything is there that this notification needs, but sending notifications is not available in this version"
        .into())
}
