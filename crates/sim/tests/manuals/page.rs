//! A page of the documents.

use rollouts_actors::foreign;
use rollouts_kube::{Resource, resource};
use serde_json::Value;
use std::path::Path;

/// What is tried of a page.
pub struct Page {
    /// Its file's name.
    pub name: String,
    /// What a reader applies.
    pub manifest: Vec<Value>,
    /// What they see then, and when.
    seen: Vec<(Vec<String>, Vec<Value>)>,
}

impl Page {
    pub fn read(path: &Path) -> Page {
        let name = path.file_name().expect("it is a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("it can be read");
        let mut blocks: Vec<(String, Vec<Value>)> = Vec::new();
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            open = match (open.take(), line.strip_prefix("```")) {
                (None, Some(info)) => Some((info.to_owned(), String::new())),
                (Some((info, yaml)), Some(_)) => {
                    if let Some(moment) = info.strip_prefix("yaml ") {
                        let read = serde_saphyr::from_multiple(&yaml);
                        blocks.push((moment.to_owned(), read.unwrap_or_else(|e| panic!("{name}: {moment}: {e}"))));
                    }
                    None
                }
                (Some((info, yaml)), None) => Some((info, yaml + line + "\n")),
                (None, None) => None,
            };
        }
        let (manifests, seen): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|(moment, _)| moment == "manifest");
        assert_eq!(manifests.len(), 1, "{name} has one manifest");
        let moments = |(info, objects): (String, _)| (info.split(", ").map(str::to_owned).collect(), objects);
        let manifest = manifests.into_iter().flat_map(|(_, objects)| objects).collect();
        Page { name, manifest, seen: seen.into_iter().map(moments).collect() }
    }

    pub fn names_known_moments(&self, known: &[&str]) {
        for moment in self.seen.iter().flat_map(|(moments, _)| moments) {
            assert!(known.contains(&moment.as_str()), "{}: {moment:?} is no moment", self.name);
        }
        let is_shown = |moment| self.shown(moment).next().is_some();
        for moment in ["pause 1", "pause 2", "updated", "aborted"] {
            assert!(is_shown(moment), "{}: {moment}: shows no weights", self.name);
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
