//! A page of the documents.

use rollouts_actors::foreign;
use rollouts_kube::{Resource, resource};
use serde_json::Value;
use std::path::Path;

/// One manifest of a page, and what the page says comes of it: the blocks up to the next manifest.
pub struct Part {
    /// Where it stands: the file's name, and its number in there.
    pub name: String,
    /// What a reader applies.
    pub manifest: Vec<Value>,
    /// What they see then, and when.
    seen: Vec<(Vec<String>, Vec<Value>)>,
}

/// The parts of a page.
pub fn read(path: &Path) -> Vec<Part> {
    let file = path.file_name().expect("it is a file").to_string_lossy();
    let text = std::fs::read_to_string(path).expect("it can be read");
    let mut parts: Vec<Part> = Vec::new();
    for (info, yaml) in blocks(&text) {
        let Some(moments) = info.strip_prefix("yaml ") else { continue };
        let objects: Vec<Value> = serde_saphyr::from_multiple(&yaml).unwrap_or_else(|e| panic!("{file}: {info}: {e}"));
        match parts.last_mut() {
            _ if moments == "manifest" => {
                let name = format!("{file}, manifest {}", parts.len() + 1);
                parts.push(Part { name, manifest: objects, seen: Vec::new() });
            }
            Some(part) => part.seen.push((moments.split(", ").map(str::to_owned).collect(), objects)),
            None => panic!("{file}: {info}: there is no manifest yet"),
        }
    }
    assert!(!parts.is_empty(), "{file} has no manifest");
    parts
}

/// Blocks between fences, each with what stands behind the first fence.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        match (line.strip_prefix("```"), is_open, blocks.last_mut()) {
            (Some(info), false, _) => {
                is_open = true;
                blocks.push((info.to_owned(), String::new()));
            }
            (Some(_), true, _) => is_open = false,
            (None, true, Some((_, block))) => *block += &format!("{line}\n"),
            (None, ..) => {}
        }
    }
    blocks
}

impl Part {
    /// Asserts that it says something at the moments that matter most, and at none that do not exist.
    pub fn names_moments(&self, known: &[&str]) {
        for moment in self.seen.iter().flat_map(|(moments, _)| moments) {
            assert!(known.contains(&moment.as_str()), "{}: {moment:?} is no moment", self.name);
        }
        for moment in ["pause 1", "pause 2", "updated", "aborted"] {
            assert!(self.shown(moment).next().is_some(), "{}: {moment}: shows nothing", self.name);
        }
    }

    /// What a reader sees at a moment.
    pub fn shown(&self, moment: &str) -> impl Iterator<Item = &Value> {
        let is_meant = move |(moments, _): &&(Vec<String>, _)| moments.iter().any(|of| of == moment);
        self.seen.iter().filter(is_meant).flat_map(|(_, objects)| objects)
    }
}

/// Where objects like this one are.
pub fn place(object: &Value) -> Option<Resource> {
    let (api_version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let own = [resource::INGRESSES];
    own.into_iter().chain(foreign::resources()).find(|r| r.kind == kind && r.group == group)
}
