//! The arrows between crates point down, and what decides never sees what acts (docs/architecture.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each crate and the crates it may use, bottom up.
const LAYERS: &[(&str, &[&str])] = &[
    ("rollouts-api", &[]),
    ("rollouts-schema", &[]),
    ("rollouts-expr", &["rollouts-api"]),
    ("rollouts-testing", &[]),
    ("rollouts-traffic", &["rollouts-api"]),
    ("rollouts-core", &["rollouts-api", "rollouts-traffic"]),
    ("rollouts-lint", &["rollouts-api", "rollouts-core", "rollouts-expr", "rollouts-traffic"]),
    ("rollouts-view", &["rollouts-api", "rollouts-core"]),
    ("rollouts-memkube", &["rollouts-api", "rollouts-schema"]),
    ("rollouts-kube", &["rollouts-api", "rollouts-core"]),
    ("rollouts-snapshots", &["rollouts-api", "rollouts-core", "rollouts-kube", "rollouts-traffic"]),
    ("rollouts-providers", &["rollouts-api", "rollouts-core", "rollouts-expr", "rollouts-kube", "rollouts-traffic"]),
    ("rollouts-actors", &["rollouts-api", "rollouts-core", "rollouts-kube"]),
    ("rollouts-cluster", &["rollouts-actors", "rollouts-api", "rollouts-kube"]),
    (
        "rollouts-controller",
        &[
            "rollouts-api",
            "rollouts-core",
            "rollouts-kube",
            "rollouts-providers",
            "rollouts-snapshots",
            "rollouts-traffic",
        ],
    ),
    (
        "rollouts-cli",
        &["rollouts-api", "rollouts-core", "rollouts-kube", "rollouts-lint", "rollouts-snapshots", "rollouts-view"],
    ),
    (
        "rollouts-sim",
        &[
            "rollouts-actors",
            "rollouts-api",
            "rollouts-cli",
            "rollouts-controller",
            "rollouts-core",
            "rollouts-kube",
            "rollouts-memkube",
            "rollouts-providers",
            "rollouts-traffic",
            "rollouts-view",
        ],
    ),
    (
        "rollouts",
        &[
            "rollouts-actors",
            "rollouts-api",
            "rollouts-cli",
            "rollouts-controller",
            "rollouts-core",
            "rollouts-kube",
            "rollouts-memkube",
            "rollouts-providers",
            "rollouts-sim",
            "rollouts-traffic",
            "rollouts-view",
        ],
    ),
    ("xtask", &["rollouts-api", "rollouts-schema"]),
];

/// What tests may use besides: API servers, what makes pods run on them, the controller to run against them, sources of
/// metrics, and what tests share.
const FOR_TESTS: &[&str] = &[
    "rollouts-actors",
    "rollouts-cluster",
    "rollouts-controller",
    "rollouts-memkube",
    "rollouts-providers",
    "rollouts-sim",
    "rollouts-snapshots",
    "rollouts-testing",
];

/// Crates that decide or describe: no runtime, no client, no socket, not even indirectly.
const PURE: &[&str] =
    &["rollouts-api", "rollouts-expr", "rollouts-core", "rollouts-schema", "rollouts-view", "rollouts-lint"];

/// What a pure crate must not reach.
const IMPURE: &[&str] =
    &["tokio", "mio", "socket2", "hyper", "tower", "http", "kube", "kube-client", "k8s-openapi", "rustls"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Name, dependencies (with build dependencies) and development dependencies of a package.
struct Manifest {
    name: String,
    uses: BTreeSet<String>,
    uses_in_tests: BTreeSet<String>,
}

fn manifests() -> Vec<Manifest> {
    let crates = fs::read_dir(root().join("crates")).expect("there are crates");
    let mut paths: Vec<PathBuf> = crates.map(|entry| entry.expect("a directory entry").path()).collect();
    paths.push(root().join("xtask"));
    paths.sort();
    paths.iter().map(|path| manifest(&path.join("Cargo.toml"))).collect()
}

fn manifest(path: &Path) -> Manifest {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut found = Manifest { name: String::new(), uses: BTreeSet::new(), uses_in_tests: BTreeSet::new() };
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let name = key.trim().split('.').next().unwrap_or_default().to_owned();
        if section == "package" && name == "name" {
            found.name = value.trim().trim_matches('"').to_owned();
        } else if section.ends_with("dev-dependencies") {
            found.uses_in_tests.insert(name);
        } else if section.ends_with("dependencies") {
            found.uses.insert(name);
        }
    }
    found
}

#[test]
fn arrows_point_down() {
    let allowed: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut problems = Vec::new();
    for manifest in manifests() {
        let Some(allowed) = allowed.get(manifest.name.as_str()) else {
            problems.push(format!("{}: not in LAYERS; give it its place", manifest.name));
            continue;
        };
        let ours = |name: &&String| name.starts_with("rollouts-");
        for used in manifest.uses.iter().filter(ours).filter(|used| !allowed.contains(&used.as_str())) {
            problems.push(format!("{} must not use {used}", manifest.name));
        }
        let tests_may = |used: &&String| allowed.contains(&used.as_str()) || FOR_TESTS.contains(&used.as_str());
        for used in manifest.uses_in_tests.iter().filter(ours).filter(|used| !tests_may(used)) {
            problems.push(format!("tests of {} must not use {used}", manifest.name));
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn the_table_itself_has_no_cycle() {
    let mut below = BTreeSet::new();
    for (name, uses) in LAYERS {
        for used in *uses {
            assert!(below.contains(used), "{name} uses {used}, which does not stand above it in LAYERS");
        }
        below.insert(name);
    }
}

/// Packages of Cargo.lock with what they use. The lock file does not tell apart what only tests use.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is committed");
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for block in text.split("[[package]]").skip(1) {
        let mut lines = block.lines();
        let name = lines.by_ref().find_map(|l| l.strip_prefix("name = ")).expect("a package has a name");
        let uses = lines.skip_while(|l| *l != "dependencies = [").skip(1).take_while(|l| *l != "]");
        // Two versions of one crate count as one here: `"name version"`.
        let uses = uses.map(|l| l.trim().trim_matches([',', '"']).split(' ').next().unwrap_or_default().to_owned());
        packages.entry(name.trim_matches('"').to_owned()).or_default().extend(uses);
    }
    packages
}

#[test]
fn what_decides_never_sees_what_acts() {
    let mut packages = locked();
    // What the tests of a crate use does not come with it.
    for manifest in manifests().into_iter().filter(|manifest| !PURE.contains(&manifest.name.as_str())) {
        packages.insert(manifest.name, manifest.uses);
    }
    let mut problems = Vec::new();
    for start in PURE {
        let mut reached = BTreeMap::from([((*start).to_owned(), String::new())]);
        let mut queue = vec![(*start).to_owned()];
        while let Some(name) = queue.pop() {
            for used in packages.get(&name).into_iter().flatten() {
                if !reached.contains_key(used) {
                    reached.insert(used.clone(), name.clone());
                    queue.push(used.clone());
                }
            }
        }
        for found in IMPURE.iter().filter(|name| reached.contains_key(**name)) {
            problems.push(format!("{start} reaches {found} through {}", reached[*found]));
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
