//! `set image`: a new image for a container.

use super::Action;
use super::workload::Workload;
use crate::cobra::{Arguments, Command};
use crate::context::Context;
use crate::failure::Result;
use rollouts_kube::RequestError;
use rollouts_kube::resource::ROLLOUTS;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// How often to write again after someone else wrote in between.
const ATTEMPTS: u32 = 5;

pub(super) fn command() -> Command<Action> {
    let arguments = Arguments::Accepted(|args| match args {
        [_, pairs @ ..] => !pairs.is_empty() && pairs.iter().all(|pair| pair.matches('=').count() == 1),
        [] => false,
    });
    Command::new("image ROLLOUT_NAME CONTAINER=IMAGE", "Update the image of a rollout", arguments, Action::SetImage)
        .long(
            "Sets the images of containers, init containers or ephemeral containers, any number of them at once; of all\n\
             of them with '*'. When the rollout refers to a workload, the workload is changed.",
        )
        .example(
            "  # Set the image of one container\n  kubectl argo rollouts set image guestbook www=image:v2\n\n  \
             # Set those of two containers in one update\n  \
             kubectl argo rollouts set image guestbook www=image:v2 proxy=proxy:v7\n\n  \
             # Set the image of all containers\n  kubectl argo rollouts set image guestbook '*=image:v2'",
        )
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let images: Vec<(&str, &str)> =
        context.matches.args().iter().skip(1).filter_map(|pair| pair.split_once('=')).collect();
    let mut attempt = 1;
    let workload = loop {
        let rollout: Value = session.rest.get(&ROLLOUTS, &session.namespace, &name).await?;
        let workload = Workload::of(&rollout, &name)?;
        let mut object = match workload.resource == ROLLOUTS {
            true => rollout,
            false => session.rest.get(&workload.resource, &session.namespace, &workload.name).await?,
        };
        for (container, image) in &images {
            if !set_image(&mut object, &workload, container, image) {
                return Err(format!("unable to find container named {container:?}").into());
            }
        }
        let replaced: Result<IgnoredAny, RequestError> =
            session.rest.replace(&workload.resource, &session.namespace, &workload.name, None, &object).await;
        match replaced {
            Ok(_) => break workload,
            Err(e) if e.is_conflict() && attempt < ATTEMPTS => attempt += 1,
            Err(e) => return Err(e.into()),
        }
    };
    context.print(&format!("{} {:?} image updated\n", workload.kind(), workload.name))
}

/// Sets the image of the containers of that name, or of all for `*`. Says whether there are any.
fn set_image(object: &mut Value, workload: &Workload, container: &str, image: &str) -> bool {
    let mut found = false;
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let pointer = format!("{}/spec/{list}", workload.template);
        let containers = object.pointer_mut(&pointer).and_then(Value::as_array_mut).into_iter().flatten();
        for entry in containers.filter(|entry| entry.is_object()) {
            if container == "*" || entry["name"] == container {
                entry["image"] = json!(image);
                found = true;
            }
        }
    }
    found
}
