//! Objects that a recorded screen may have been drawn from.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A Rollout or Experiment and, in the order of the view's objects, what belongs to it.
pub(super) struct Rebuilt {
    pub(super) root: Value,
    pub(super) parts: [Vec<Value>; 4],
    images: Vec<(String, Vec<String>)>,
    now: Timestamp,
}

/// A line of the tree.
struct Line {
    depth: usize,
    sign: char,
    name: String,
    status: String,
    age: i64,
    info: String,
}

impl Rebuilt {
    pub(super) fn from_screen(screen: &str, strategy: &Value, now: Timestamp) -> Self {
        let plain = without_colours(screen);
        let (header, tree) = plain.split_once("\n\n").expect("a header and a tree");
        let mut built = Rebuilt { root: json!({}), parts: Default::default(), images: images(header), now };
        let lines: Vec<Line> = tree.lines().skip(1).map(line).collect();
        built.root = json!({"metadata": {"name": lines[0].name, "uid": "root", "namespace": value(header, "Namespace:"),
            "creationTimestamp": built.ago(lines[0].age)}});
        built.root["status"] = json!({"phase": lines[0].status, "message": value(header, "Message:")});
        let mut owners: Vec<String> = vec!["root".into()];
        let mut revision = String::new();
        for line in &lines[1..] {
            // Revisions are no objects: what is below them belongs to the Rollout.
            owners.resize(line.depth, "root".into());
            owners.push(if line.sign == '#' { "root".into() } else { line.name.clone() });
            if let Some(number) = line.name.strip_prefix("revision:") {
                revision = number.to_owned();
                continue;
            }
            built.add(line, &owners[line.depth - 1], &revision);
        }
        if !strategy.is_null() {
            built.finish_rollout(header, strategy);
            built.assign_roles(&lines);
        }
        built
    }

    fn ago(&self, seconds: i64) -> String {
        let then = self.now.checked_sub(SignedDuration::from_secs(seconds)).expect("a recent time");
        then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn add(&mut self, line: &Line, owner: &str, revision: &str) {
        let mut object = json!({"metadata": {
            "name": line.name, "uid": line.name, "creationTimestamp": self.ago(line.age),
            "ownerReferences": [{"uid": owner}], "labels": {"rollouts-pod-template-hash": line.name},
            "annotations": {"rollout.argoproj.io/revision": revision},
        }});
        let part = match line.sign {
            '⧉' => {
                self.describe_replica_set(&mut object, line, owner);
                0
            }
            '□' => {
                describe_pod(&mut object, line);
                self.count_pod(line, owner);
                1
            }
            'Σ' => {
                object["status"] = json!({"phase": line.status});
                2
            }
            'α' => {
                describe_run(&mut object, line);
                3
            }
            '⊞' => {
                let started = self.ago(line.age);
                let run =
                    self.parts[3].iter_mut().find(|run| run["metadata"]["name"] == owner).expect("the run of the job");
                let job = json!({"metadata": {"job-name": line.name}, "phase": line.status, "startedAt": started});
                run["status"]["metricResults"][0]["measurements"].as_array_mut().expect("a list").push(job);
                return;
            }
            other => panic!("unknown sign {other}"),
        };
        self.parts[part].push(object);
    }

    fn describe_replica_set(&self, rs: &mut Value, line: &Line, owner: &str) {
        let tags: Vec<&str> = line.info.split(',').filter(|t| !t.is_empty() && !t.starts_with("delay:")).collect();
        let role = format!("Σ:{}", line.name.rsplit('-').next().unwrap_or(""));
        let is_experiment = owner != "root" || self.images.iter().any(|(_, on)| on.contains(&role));
        if is_experiment {
            rs["metadata"]["annotations"]["experiment-template-name"] = json!(line.name.rsplit('-').next());
        }
        if let Some(delay) = line.info.split(',').find_map(|part| part.strip_prefix("delay:")) {
            let left = SignedDuration::from_secs(seconds(delay));
            let deadline = self.now.checked_add(left).expect("a near time").strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            rs["metadata"]["annotations"]["scale-down-deadline"] = json!(deadline);
        }
        let runs = |on: &[String]| match tags.as_slice() {
            [] if is_experiment => on.contains(&role),
            [] => on.is_empty(),
            tags => on.iter().any(|tag| tags.contains(&tag.as_str())),
        };
        let containers: Vec<_> =
            self.images.iter().filter(|(_, on)| runs(on)).map(|(i, _)| json!({"image": i})).collect();
        let replicas = if line.status == "ScaledDown" { 0 } else { 1 };
        rs["spec"] = json!({"replicas": replicas, "template": {"spec": {"containers": containers}}});
        rs["status"] = json!({"replicas": 0, "availableReplicas": 0});
        if line.status == "Progressing" {
            rs["spec"]["replicas"] = json!(100);
        }
    }

    fn count_pod(&mut self, line: &Line, owner: &str) {
        let rs =
            self.parts[0].iter_mut().find(|rs| rs["metadata"]["name"] == owner).expect("the ReplicaSet of the pod");
        let add = |value: &mut Value| *value = json!(value.as_i64().unwrap_or(0) + 1);
        add(&mut rs["status"]["replicas"]);
        let (ready, all) = ready(&line.info);
        if ready == all && line.status == "Running" {
            add(&mut rs["status"]["availableReplicas"]);
        }
    }

    fn finish_rollout(&mut self, header: &str, strategy: &Value) {
        self.root["spec"] = json!({"strategy": strategy});
        let number = |label: &str| json!(value(header, label).parse::<i64>().expect("a number"));
        self.root["spec"]["replicas"] = number("  Desired:");
        let aborted = value(header, "Message:").starts_with("RolloutAborted");
        let step = value(header, "  Step:");
        let status = &mut self.root["status"];
        status["replicas"] = number("  Current:");
        status["updatedReplicas"] = number("  Updated:");
        status["readyReplicas"] = number("  Ready:");
        status["availableReplicas"] = number("  Available:");
        status["abort"] = json!(aborted);
        if let Some((index, _)) = step.split_once('/') {
            status["currentStepIndex"] = json!(index.parse::<i64>().expect("a step"));
        }
    }

    /// Makes the status name the ReplicaSets by their roles.
    fn assign_roles(&mut self, lines: &[Line]) {
        let status = &mut self.root["status"];
        for line in lines.iter().filter(|line| line.sign == '⧉') {
            for tag in line.info.split(',') {
                let name = json!(line.name);
                match tag {
                    "stable" => status["stableRS"] = name,
                    "canary" => status["currentPodHash"] = name,
                    "active" => status["blueGreen"]["activeSelector"] = name,
                    "preview" => status["blueGreen"]["previewSelector"] = name,
                    _ => {}
                }
            }
        }
    }
}

fn describe_pod(pod: &mut Value, line: &Line) {
    let (ready, all) = ready(&line.info);
    let containers = |n: i64| (0..n).map(|i| json!({"name": i.to_string()})).collect::<Vec<_>>();
    pod["spec"] = json!({"containers": containers(all)});
    let mut statuses: Vec<_> = (0..ready).map(|_| json!({"ready": true, "state": {"running": {}}})).collect();
    if line.status != "Running" {
        statuses.push(json!({"state": {"waiting": {"reason": line.status}}}));
    }
    pod["status"] = json!({"phase": "Running", "containerStatuses": statuses});
    if line.status == "Terminating" {
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
}

fn describe_run(run: &mut Value, line: &Line) {
    let mut result = json!({"measurements": []});
    for count in line.info.split(',').filter(|part| !part.is_empty()) {
        let (sign, n) = count.split_once(' ').expect("a sign and a number");
        let field = match sign {
            "✔" => "successful",
            "✖" => "failed",
            "?" => "inconclusive",
            _ => "error",
        };
        result[field] = json!(n.parse::<i64>().expect("a number"));
    }
    run["status"] = json!({"phase": line.status, "metricResults": [result]});
}

/// `ready:1/2`.
fn ready(info: &str) -> (i64, i64) {
    let text = info.strip_prefix("ready:").and_then(|text| text.split(',').next()).expect("readiness");
    let (ready, all) = text.split_once('/').expect("a fraction");
    (ready.parse().expect("a number"), all.parse().expect("a number"))
}

/// `9s` or `89m`.
fn seconds(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    number.parse::<i64>().expect("a number") * if unit == "m" { 60 } else { 1 }
}

fn value<'a>(header: &'a str, label: &str) -> &'a str {
    header.lines().find_map(|line| line.strip_prefix(label)).unwrap_or("").trim()
}

/// Images with their tags.
fn images(header: &str) -> Vec<(String, Vec<String>)> {
    let lines = header
        .lines()
        .skip_while(|line| !line.starts_with("Images:"))
        .take_while(|line| !line.starts_with("Replicas:"));
    let entry = |line: &str| match line.trim_start_matches("Images:").trim().split_once(" (") {
        Some((image, tags)) => (image.to_owned(), tags.trim_end_matches(')').split(", ").map(str::to_owned).collect()),
        None => (line.trim_start_matches("Images:").trim().to_owned(), Vec::new()),
    };
    lines.map(entry).collect()
}

fn line(text: &str) -> Line {
    let indent = text.chars().take_while(|c| " │├└─".contains(*c)).count();
    let rest: String = text.chars().skip(indent).collect();
    let cells: Vec<&str> = rest.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let (sign, name) = cells[0].split_once(' ').expect("a sign and a name");
    let cell = |n: usize| cells.get(n).copied().unwrap_or("");
    Line {
        depth: indent / 3,
        sign: sign.chars().next().expect("a sign"),
        name: name.to_owned(),
        status: cell(2).split_once(' ').map_or("", |(_, status)| status).to_owned(),
        age: if cell(3).is_empty() { 0 } else { seconds(cell(3)) },
        info: cell(4).to_owned(),
    }
}

fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split('\u{1b}');
    plain.push_str(parts.next().unwrap_or(""));
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}
