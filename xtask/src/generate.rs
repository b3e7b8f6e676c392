//! Files that are made from the code.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// Contents by path relative to the repository.
type Generated = BTreeMap<String, String>;

fn all() -> Result<Generated> {
    Ok(Generated::new())
}

/// Writes all generated files that are not as they should be.
pub(crate) fn write(root: &Path) -> Result<()> {
    for (name, text) in outdated(root)? {
        let path = root.join(&name);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).with_context(|| format!("cannot make the directory of {name}"))?;
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
        println!("wrote {name}");
    }
    Ok(())
}

/// Fails if a generated file is not as it should be.
pub(crate) fn check(root: &Path) -> Result<()> {
    let names: Vec<String> = outdated(root)?.into_keys().collect();
    if !names.is_empty() {
        bail!("out of date, run `cargo xtask gen`: {}", names.join(", "));
    }
    Ok(())
}

fn outdated(root: &Path) -> Result<Generated> {
    let mut generated = all()?;
    generated.retain(|name, text| std::fs::read_to_string(root.join(name)).ok().as_deref() != Some(text));
    Ok(generated)
}

#[cfg(test)]
mod tests {
    #[test]
    fn generated_files_are_up_to_date() {
        super::check(&crate::root()).expect("run `cargo xtask gen`");
    }
}
