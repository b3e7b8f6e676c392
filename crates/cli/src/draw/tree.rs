//! The tree of what belongs to a Rollout or an Experiment.

use super::Paint;
use rollouts_view::duration::human;
use rollouts_view::{
    AnalysisRunInfo, ExperimentInfo, Icon, JobInfo, PodInfo, ReplicaSetInfo, RolloutInfo, ScaleDown, table,
};

/// One line of the tree with those below it.
struct Node {
    /// Sign of the kind and name.
    label: String,
    kind: &'static str,
    status: String,
    age: String,
    info: String,
    children: Vec<Node>,
}

pub(crate) fn rollout_tree(info: &RolloutInfo, paint: Paint) -> String {
    let revisions = info.revisions().into_iter().map(|revision| {
        let children = (revision.replica_sets.iter().map(|x| replica_set(x, paint)))
            .chain(revision.experiments.iter().map(|x| experiment(x, paint)))
            .chain(revision.analysis_runs.iter().map(|x| analysis_run(x, paint)))
            .collect();
        let label = format!("# revision:{}", revision.number);
        Node { label, kind: "", status: " ".into(), age: String::new(), info: String::new(), children }
    });
    draw(&Node {
        label: format!("⟳ {}", info.name),
        kind: "Rollout",
        status: paint.status(info.icon, &info.phase.name),
        age: human(info.age),
        info: String::new(),
        children: revisions.collect(),
    })
}

pub(crate) fn experiment_tree(info: &ExperimentInfo, paint: Paint) -> String {
    draw(&experiment(info, paint))
}

fn experiment(info: &ExperimentInfo, paint: Paint) -> Node {
    Node {
        label: format!("Σ {}", paint.unless_done(&info.name, &info.status)),
        kind: "Experiment",
        status: paint.status(info.icon, &info.status),
        age: human(info.age),
        info: String::new(),
        children: (info.replica_sets.iter().map(|x| replica_set(x, paint)))
            .chain(info.analysis_runs.iter().map(|x| analysis_run(x, paint)))
            .collect(),
    }
}

fn replica_set(info: &ReplicaSetInfo, paint: Paint) -> Node {
    let roles = (!info.roles.is_empty()).then(|| paint.tags(&info.roles, ","));
    let delay = info.scale_down.map(|scale_down| match scale_down {
        ScaleDown::In(left) => format!("delay:{}", human(left)),
        ScaleDown::Passed => "delay:passed".into(),
        ScaleDown::Unreadable => "delay:".into(),
    });
    Node {
        label: format!("⧉ {}", paint.replica_set(info)),
        kind: "ReplicaSet",
        status: paint.status(info.icon, &info.status),
        age: human(info.age),
        info: roles.into_iter().chain(delay).collect::<Vec<_>>().join(","),
        children: info.pods.iter().map(|x| pod(x, paint)).collect(),
    }
}

fn pod(info: &PodInfo, paint: Paint) -> Node {
    let mut text = format!("ready:{}/{}", info.ready, info.containers);
    if info.restarts > 0 {
        text.push_str(&format!(",restarts:{}", info.restarts));
    }
    Node {
        label: format!("□ {}", info.name),
        kind: "Pod",
        status: paint.status(info.icon, &info.status),
        age: human(info.age),
        info: text,
        children: Vec::new(),
    }
}

fn analysis_run(info: &AnalysisRunInfo, paint: Paint) -> Node {
    let counts = [
        (Icon::Ok, info.counts.successful),
        (Icon::Bad, info.counts.failed),
        (Icon::Unknown, info.counts.inconclusive),
        (Icon::Warning, info.counts.error),
    ];
    let counts = counts.into_iter().filter(|(_, n)| *n > 0).map(|(icon, n)| format!("{} {n}", paint.icon(icon)));
    Node {
        label: format!("α {}", paint.unless_done(&info.name, &info.status)),
        kind: "AnalysisRun",
        status: paint.status(info.icon, &info.status),
        age: human(info.age),
        info: counts.collect::<Vec<_>>().join(","),
        children: info.jobs.iter().map(|x| job(x, paint)).collect(),
    }
}

fn job(info: &JobInfo, paint: Paint) -> Node {
    Node {
        label: format!("⊞ {}", paint.unless_done(&info.name, &info.status)),
        kind: "Job",
        status: paint.status(info.icon, &info.status),
        age: human(info.age),
        info: String::new(),
        children: Vec::new(),
    }
}

fn draw(root: &Node) -> String {
    let mut rows = vec![["NAME", "KIND", "STATUS", "AGE", "INFO"].map(String::from).to_vec()];
    add(root, "", "", &mut rows);
    table::layout(&rows)
}

/// Adds the row of `node`, behind `lead`, and those below it, behind `indent`.
fn add(node: &Node, lead: &str, indent: &str, rows: &mut Vec<Vec<String>>) {
    let name = format!("{lead}{}", node.label);
    rows.push(vec![name, node.kind.into(), node.status.clone(), node.age.clone(), node.info.clone()]);
    for (i, child) in node.children.iter().enumerate() {
        let (branch, below) = if i + 1 == node.children.len() { ("└──", "   ") } else { ("├──", "│  ") };
        add(child, &format!("{indent}{branch}"), &format!("{indent}{below}"), rows);
    }
}
