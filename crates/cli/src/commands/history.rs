//! `history rollout`: the revisions of a Rollout, and how they ended.

use super::Action;
use super::revisions::Revisions;
use crate::cobra::{Arguments, Command, Flag};
use crate::context::{Context, Session};
use crate::draw;
use crate::failure::Result;
use rollouts_kube::Resource;
use rollouts_kube::resource::{ANALYSIS_RUNS, EVENTS, EXPERIMENTS};
use rollouts_kube::rest::Query;
use rollouts_view::{Objects, history, template};
use serde_json::{Value, json};

pub(super) fn command() -> Command<Action> {
    let rollout = Command::new(
        "rollout ROLLOUT_NAME",
        "Show the revisions of a rollout",
        Arguments::Exactly(1),
        Action::HistoryRollout,
    )
    .aliases(&["ro", "rollouts"])
    .long(
        "Shows the revisions of a rollout that are still there: their images, how each ended, and who made the \
             latest change, as far as that is noted.",
    )
    .example(
        "  # All revisions\n  kubectl argo rollouts history rollout guestbook\n\n  \
             # The pod template of revision 3\n  kubectl argo rollouts history rollout guestbook --revision 3",
    )
    .flag(Flag::switch("no-color", "Print no colours"))
    .flag(super::output::flag())
    .flag(Flag::int("revision", 0, "Show this revision with its pod template"));
    Command::group("history <rollout> RESOURCE_NAME", "Show the revisions of a rollout")
        .long("Shows the revisions of a rollout, and how they ended.")
        .example("  # All revisions\n  kubectl argo rollouts history rollout guestbook")
        .child(rollout)
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let as_json = super::output::is_json(&context.matches)?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let revision = context.matches.int("revision");
    let revisions = Revisions::read(&session, &name).await?;
    let writer = match revisions.writer(&session).await {
        Ok((_, writer)) => writer,
        // Who changed it last is all that is not known then.
        Err(_) => Value::Null,
    };
    let all = Query::default();
    let analysis_runs = readable(&session, &ANALYSIS_RUNS, &all).await?;
    let experiments = readable(&session, &EXPERIMENTS, &all).await?;
    let of_rollout = all.fields(format!("involvedObject.kind=Rollout,involvedObject.name={name}"));
    let events = readable(&session, &EVENTS, &of_rollout).await?;
    let sets: Vec<&Value> = revisions.replica_sets.iter().collect();
    let runs: Vec<&Value> = analysis_runs.iter().collect();
    let experiments: Vec<&Value> = experiments.iter().collect();
    let events: Vec<&Value> = events.iter().collect();
    let objects = Objects { replica_sets: &sets, pods: &[], experiments: &experiments, analysis_runs: &runs };
    let past = history::of(&revisions.rollout, &writer, objects, &events, context.now());
    if revision != 0 {
        let template = template::of_replica_set(revisions.set(revision)?).value();
        let Some(past) = past.iter().find(|past| past.revision == revision) else {
            return Err(format!("unable to find specified revision {revision} in history").into());
        };
        return match as_json {
            true => super::output::print_json(context, &past.json(Some(&template))),
            false => {
                let text = draw::revision(past, &template, context.now(), context.paint());
                context.print(&text)
            }
        };
    }
    if as_json {
        let shown = json!({
            "name": name, "namespace": session.namespace,
            "revisions": past.iter().map(|past| past.json(None)).collect::<Vec<_>>(),
        });
        return super::output::print_json(context, &shown);
    }
    let text = draw::history(&name, &past, context.now(), context.paint());
    context.print(&text)
}

/// Objects that only add to what is shown: nothing where they may not be read.
async fn readable(session: &Session, resource: &Resource, query: &Query) -> Result<Vec<Value>> {
    match session.rest.list::<Value>(resource, Some(&session.namespace), query).await {
        Ok(page) => Ok(page.items),
        Err(error) if error.is_forbidden() || error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
