//! The table of shared definitions: unpacked once, each parsed when first looked at.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::Schema;

const SCHEMAS: &[u8] = include_bytes!("../../data/schemas.gz");

/// One of the shared definitions that built-in schemas refer to; parsed when first looked at.
pub struct Definition {
    name: &'static str,
    json: &'static str,
    parsed: OnceLock<Arc<Schema>>,
}

impl Definition {
    /// `io.k8s.api.core.v1.PodSpec`
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The parsed schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        self.parsed.get_or_init(|| {
            let json: Value = serde_json::from_str(self.json).expect("generated definitions are JSON");
            Arc::new(Schema::parse_builtin(self.name, &json))
        })
    }
}

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the schema: definitions are cyclic.
        f.debug_tuple("Definition").field(&self.name).finish()
    }
}

struct Table {
    by_name: BTreeMap<&'static str, Definition>,
    /// `apps/v1/Deployment` to the definition's name.
    by_kind: BTreeMap<&'static str, &'static str>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let text: &'static str = Box::leak(unpack(SCHEMAS).into_boxed_str());
        let mut table = Table { by_name: BTreeMap::new(), by_kind: BTreeMap::new() };
        for (name, kinds, json) in rows(text) {
            for kind in kinds.split(',').filter(|kind| !kind.is_empty()) {
                table.by_kind.insert(kind, name);
            }
            table.by_name.insert(name, Definition { name, json, parsed: OnceLock::new() });
        }
        table
    })
}

/// Unpacks one of the generated files.
pub(crate) fn unpack(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).expect("the generated file is gzipped UTF-8");
    text
}

/// The rows of a generated file: name, kinds, JSON.
pub(crate) fn rows(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.lines().filter_map(|line| {
        let mut columns = line.splitn(3, '\t');
        Some((columns.next()?, columns.next()?, columns.next()?))
    })
}

/// A definition by name: `io.k8s.api.core.v1.PodSpec`.
pub(crate) fn definition(name: &str) -> Option<&'static Definition> {
    table().by_name.get(name)
}

/// The definition of a kind.
pub(crate) fn by_kind(group: &str, version: &str, kind: &str) -> Option<&'static Definition> {
    let table = table();
    let key = format!("{group}/{version}/{kind}");
    table.by_name.get(table.by_kind.get(key.as_str())?)
}
