//! The files that are to be checked.

use crate::context::Context;
use crate::failure::Result;
use rollouts_lint::File;
use std::path::Path;

/// Files below a directory; more are a mistake.
const FILES_MAX: usize = 10_000;
/// Directories within each other: a link may lead back up.
const DEPTH_MAX: usize = 32;
/// What is read of a directory.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// The files at `paths`, each once; of directories all manifests in them.
pub(super) fn read(context: &Context<'_>, paths: &[String]) -> Result<Vec<File>> {
    let mut names: Vec<String> = Vec::new();
    for path in paths {
        let found = if path == "-" { None } else { context.read_folder(path)? };
        match found {
            None => names.push(path.clone()),
            Some(entries) => {
                let before = names.len();
                walk(context, entries, 1, &mut names)?;
                if names.len() == before {
                    return Err(format!("{path}: there are no .yaml, .yml or .json files in it").into());
                }
            }
        }
    }
    let mut files: Vec<File> = Vec::new();
    for name in names {
        if !files.iter().any(|file| file.name == shown(&name)) {
            files.push(File { text: context.read_file(&name)?, name: shown(&name) });
        }
    }
    Ok(files)
}

/// What findings call it.
fn shown(name: &str) -> String {
    if name == "-" { "stdin".into() } else { name.into() }
}

/// Files and directories whose names begin with a dot are not meant.
fn walk(context: &Context<'_>, entries: Vec<String>, depth: usize, names: &mut Vec<String>) -> Result {
    for entry in entries {
        let path = Path::new(&entry);
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let is_manifest = extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str()));
        match context.read_folder(&entry)? {
            Some(_) if depth >= DEPTH_MAX => {
                return Err(format!("{entry}: too many directories within each other").into());
            }
            Some(below) => walk(context, below, depth + 1, names)?,
            None if is_manifest && names.len() >= FILES_MAX => {
                return Err(format!("{entry}: more than {FILES_MAX} files").into());
            }
            None if is_manifest => names.push(entry),
            None => {}
        }
    }
    Ok(())
}
