//! What commands printed.

use super::{mask, sequence, usage};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Appends what differs: the command lines as a whole, and of each below `$ COMMAND LINE` what it printed and below
/// `exit code of $ COMMAND LINE` how it ended. The n-th of equal command lines is `$ COMMAND LINE #n`.
pub(super) fn compare(golden: &[Vec<Value>], ours: &[Vec<Value>], out: &mut String) {
    let lines = |commands: &[Vec<Value>]| commands.iter().filter_map(|c| c.first().cloned()).collect::<Vec<_>>();
    sequence("commands", &lines(golden), &lines(ours), out);
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (golden, ours) in golden.iter().zip(ours).filter(|(golden, ours)| golden.first() == ours.first()) {
        let line = golden.first().and_then(Value::as_str).unwrap_or_default();
        let time = times.entry(line).or_default();
        *time += 1;
        let name = if *time == 1 { format!("$ {line}") } else { format!("$ {line} #{time}") };
        let code = |command: &[Value]| command.get(1).cloned().into_iter().collect::<Vec<_>>();
        sequence(&format!("exit code of {name}"), &code(golden), &code(ours), out);
        let golden = masked(line, golden);
        let ours = masked(line, ours).into_iter().zip(&golden).map(|(ours, golden)| usage::without_more(ours, golden));
        sequence(&name, &elements(&golden), &elements(&ours.collect::<Vec<_>>()), out);
    }
}

/// The outputs.
fn masked(line: &str, command: &[Value]) -> Vec<String> {
    let text = |value: &Value| usage::shape(line, &mask::output(value.as_str().unwrap_or_default()));
    command.iter().skip(2).map(text).collect()
}

/// A line each: standard output, and standard error behind a mark.
fn elements(masked: &[String]) -> Vec<Value> {
    let mut elements = Vec::new();
    for (i, text) in masked.iter().enumerate() {
        let mark = if i == 1 { "stderr: " } else { "" };
        elements.extend(text.split_inclusive('\n').map(|line| json!(format!("{mark}{line}"))));
    }
    elements
}
