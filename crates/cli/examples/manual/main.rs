//! The manual of `kubectl argo rollouts`, made from the definitions that `--help` prints: Markdown pages and man pages.
//! Prints one JSON object, file names below the repository's root with their texts, for `cargo xtask gen`.

mod markdown;
mod roff;
mod surroundings;
mod text;

use serde_json::{Map, Value};
use std::io::Write;

/// Files by name.
fn files() -> Map<String, Value> {
    let pages = rollouts_cli::manual();
    let markdown = pages.iter().map(|page| (markdown::file(&page.path), markdown::page(page, &pages)));
    let man = pages.iter().map(|page| (roff::file(&page.path), roff::page(page)));
    markdown.chain(man).map(|(file, text)| (file, Value::String(text))).collect()
}

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(Value::Object(files()).to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_manual_in_the_repository_is_up_to_date() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (file, text) in super::files() {
            let present = std::fs::read_to_string(root.join(&file)).unwrap_or_default();
            assert!(text == present.as_str(), "{file} is out of date: run `cargo xtask gen`");
        }
    }
}
