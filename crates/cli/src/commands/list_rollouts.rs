//! `list rollouts`.

use super::Action;
use super::live::{Live, Source};
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::context::Context;
use crate::draw::{List, RolloutRow};
use crate::failure::Result;
use crate::output::{self, Output};
use crate::pruned;
use rollouts_kube::resource::ROLLOUTS;
use rollouts_kube::rest::Query;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

/// How long changes are collected before they are printed together.
const COLLECT_FOR: Duration = Duration::from_millis(500);

pub(super) fn command() -> Command<Action> {
    Command::new("rollouts", "List rollouts", Arguments::Any, Action::ListRollouts)
        .aliases(&["ro", "rollout"])
        .long("Lists the rollouts of a namespace.")
        .example(
            "  # List rollouts\n  kubectl argo rollouts list rollouts\n\n  \
             # List one\n  kubectl argo rollouts list rollouts --name guestbook\n\n  \
             # List those of all namespaces\n  kubectl argo rollouts list rollouts --all-namespaces\n\n  \
             # List those of a team\n  kubectl argo rollouts list rollouts -l team=blue\n\n  \
             # Their names, for a script\n  kubectl argo rollouts list rollouts -o name\n\n  \
             # List them and what changes\n  kubectl argo rollouts list rollouts --watch",
        )
        .flag(Flag::switch("all-namespaces", "List the rollouts of all namespaces").short('A'))
        .flag(Flag::text("name", "", "List the rollout of this name only").values(Values::Asked))
        .flag(output::flag())
        .flag(
            Flag::text("selector", "", "List those with these labels only, such as app=web,tier!=cache")
                .short('l')
                .values(Values::Unknown),
        )
        .flag(Flag::switch("timestamps", "Print the time in front of each line"))
        .flag(Flag::switch("watch", "Go on and print what changes").short('w'))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let matches = &context.matches;
    let output = Output::of(matches, matches.bool("watch"))?;
    let session = context.connect()?;
    let all = matches.bool("all-namespaces");
    let list = List { namespaces: all, timestamps: matches.bool("timestamps") };
    let name = matches.text("name").to_owned();
    let selector = matches.text("selector").to_owned();
    let namespace = (!all).then_some(session.namespace.as_str());
    if matches.bool("watch") {
        let source = Source { labels: &selector, ..Source::named(ROLLOUTS, &name) };
        let mut live = Live::start(&session, namespace, &[source]).await?;
        return watch(context, &mut live, list).await;
    }
    let mut query = Query::default().labels(selector);
    if !name.is_empty() {
        query = query.fields(format!("metadata.name={name}"));
    }
    if output != Output::Text {
        let rollouts: Vec<Value> = session.list_all(&ROLLOUTS, namespace, &query).await?;
        return context.print(&output.list(&ROLLOUTS, &rollouts));
    }
    let rollouts: Vec<Line> = session.list_all(&ROLLOUTS, namespace, &query).await?;
    if rollouts.is_empty() {
        return context.warn("No resources found.\n");
    }
    let now = context.now();
    let rows: Vec<_> = rollouts.iter().map(|Line(rollout)| RolloutRow::of(rollout, now)).collect();
    context.print(&list.rollouts(&rows, true, now))
}

/// What a row needs of a Rollout.
struct Line(Value);

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        pruned::without(pruned::HISTORY_AND_TEMPLATE, d).map(Line)
    }
}

/// Prints all rows, and then those that change, until the user asks to stop.
async fn watch(context: &mut Context<'_>, live: &mut Live, list: List) -> Result {
    let mut shown: BTreeMap<(String, String), RolloutRow> = BTreeMap::new();
    let mut titles = true;
    loop {
        let change = live.watch();
        let now = context.now();
        let mut rows = Vec::new();
        let mut present = BTreeMap::new();
        for rollout in live.list(0) {
            let row = RolloutRow::of(&rollout.value, now);
            let key = row.key();
            if shown.remove(&key).as_ref() != Some(&row) {
                rows.push(row.clone());
            }
            present.insert(key, row);
        }
        // What is left is gone.
        rows.extend(std::mem::replace(&mut shown, present).into_values().map(RolloutRow::deleted));
        if titles || !rows.is_empty() {
            context.print(&list.rollouts(&rows, titles, now))?;
            titles = false;
        }
        let go_on = live.run(async {
            tokio::select! {
                biased;
                () = context.shutdown() => false,
                () = async { change.await; sleep(COLLECT_FOR).await } => true,
            }
        });
        if !go_on.await {
            return Ok(());
        }
    }
}
