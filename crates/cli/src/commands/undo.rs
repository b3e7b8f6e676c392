//! `undo`: back to the pod template of an earlier revision.

pub(crate) mod history;

use super::Action;
use super::workload::Workload;
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::context::Context;
use crate::failure::Result;
use history::selector_text;
use rollouts_api::PodTemplate;
use rollouts_api::pod_template::equal_ignoring_hash;
use rollouts_kube::resource::{REPLICA_SETS, ROLLOUTS};
use rollouts_kube::rest::Query;
use rollouts_view::template;
use serde_json::{Value, json};

pub(super) fn command() -> Command<Action> {
    Command::new("undo ROLLOUT_NAME", "Undo a rollout", Arguments::Exactly(1), Action::Undo)
        .long("Sets the pod template of a rollout back to that of the previous, or of a given, revision.")
        .example(
            "  # Back to the previous revision\n  kubectl argo rollouts undo guestbook\n\n  \
             # Back to revision 3\n  kubectl argo rollouts undo guestbook --to-revision=3",
        )
        .flag(
            Flag::int("to-revision", 0, "The revision to return to; 0 is the one before the current one")
                .values(Values::Asked),
        )
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let revision = context.matches.int("to-revision");
    let rollout: Value = session.rest.get(&ROLLOUTS, &session.namespace, &name).await?;
    let history = Query::default().labels(selector_text(&rollout["spec"]["selector"]));
    let replica_sets = session
        .rest
        .list::<Value>(&REPLICA_SETS, Some(&session.namespace), &history)
        .await
        .map_err(|e| format!("failed to retrieve replica sets from rollout {name}: {e}"))?
        .items;
    let past = history::find(&rollout, &replica_sets, revision, &name)?;
    let template = template::of_replica_set(past);
    let own = rollout.pointer("/spec/template").filter(|t| !t.is_null());
    if own.is_some_and(|own| equal_ignoring_hash(&template, &PodTemplate::new(own))) {
        return context.print(&format!("skipped rollback (current template already matches revision {revision})"));
    }
    let failed = |problem: String| format!("failed restoring revision {revision}: {problem}");
    let workload = Workload::of(&rollout, &name).map_err(failed)?;
    let body = json!([{"op": "replace", "path": workload.template, "value": template.value()}]);
    session.json_patch(&workload.resource, &workload.name, &body).await.map_err(|e| failed(e.to_string()))?;
    context.print(&format!("rollout '{name}' undo\n"))
}
