//! The Go programs: built once from the pinned module, kept in a cache.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const GO_MOD: &str = include_str!("../go/go.mod");
const GO_SUM: &str = include_str!("../go/go.sum");

/// Without these kube-apiserver says that it is version 0.0.0.
const LDFLAGS: &str = "-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4 \
                       -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34";

/// Package, what `go build` calls the program, what we call it.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("go.etcd.io/etcd/server/v3", "server", "etcd"),
    ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver", "kube-apiserver"),
    ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager", "kube-controller-manager"),
];

/// Names the directory of the cache, instead of `rollouts/cluster` in the user's own.
pub(crate) const CACHE_VARIABLE: &str = "ROLLOUTS_CLUSTER_CACHE";

/// How many lines of a failed build are shown.
const OUTPUT_LINES_MAX: usize = 20;

/// etcd, kube-apiserver and kube-controller-manager, ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
}

/// Why there are no programs to run.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// Nothing to build with.
    #[error("Go is not installed (no `go` in PATH)")]
    NoGo,
    /// The compiler, or the download of the sources, failed.
    #[error("building etcd and Kubernetes failed:\n{0}")]
    Build(String),
    /// The cache cannot be used.
    #[error("the cache {}: {source}", path.display())]
    Cache {
        /// File or directory.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// There is no cache.
    #[error("neither {CACHE_VARIABLE}, XDG_CACHE_HOME nor HOME says where to keep the programs")]
    NoCache,
}

impl Binaries {
    /// Takes the programs from the cache, or builds them, which takes several minutes. `say` hears about it then.
    /// Blocks; whoever comes second waits for the first.
    ///
    /// # Errors
    /// When they can neither be found nor built; see [`Unavailable`].
    pub fn get(say: impl FnOnce(&str)) -> Result<Binaries, Unavailable> {
        let cache = cache_directory().ok_or(Unavailable::NoCache)?;
        let found = Binaries { directory: cache.join(key()) };
        if found.directory.is_dir() {
            return Ok(found);
        }
        let version = Command::new("go").arg("version").output();
        if version.is_err() || version.is_ok_and(|output| !output.status.success()) {
            return Err(Unavailable::NoGo);
        }
        in_cache(&cache, fs::create_dir_all(&cache))?;
        let lock = cache.join("lock");
        // Held until this function returns.
        let file = in_cache(&lock, File::create(&lock))?;
        in_cache(&lock, file.lock())?;
        if !found.directory.is_dir() {
            say(&format!(
                "Building etcd, kube-apiserver and kube-controller-manager into {}; this happens once and takes \
                 about ten minutes on two cores",
                found.directory.display()
            ));
            build(&cache, &found.directory)?;
        }
        Ok(found)
    }

    pub(crate) fn etcd(&self) -> PathBuf {
        self.directory.join("etcd")
    }

    pub(crate) fn kube_apiserver(&self) -> PathBuf {
        self.directory.join("kube-apiserver")
    }

    pub(crate) fn kube_controller_manager(&self) -> PathBuf {
        self.directory.join("kube-controller-manager")
    }
}

fn in_cache<T>(path: &Path, result: io::Result<T>) -> Result<T, Unavailable> {
    result.map_err(|source| Unavailable::Cache { path: path.to_owned(), source })
}

fn cache_directory() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable(CACHE_VARIABLE).or_else(|| {
        let user = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(user.join("rollouts").join("cluster"))
    })
}

/// Changes with everything that the programs are made of.
fn key() -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in [GO_MOD, GO_SUM, LDFLAGS, std::env::consts::ARCH].iter().flat_map(|text| text.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// Builds beside `target` and moves the result there, so that what is there is complete.
fn build(cache: &Path, target: &Path) -> Result<(), Unavailable> {
    let work = cache.join("building");
    match fs::remove_dir_all(&work) {
        Err(e) if e.kind() != ErrorKind::NotFound => return in_cache(&work, Err(e)),
        _ => {}
    }
    let output = work.join("bin");
    in_cache(&output, fs::create_dir_all(&output))?;
    for (name, text) in [("go.mod", GO_MOD), ("go.sum", GO_SUM)] {
        let path = work.join(name);
        in_cache(&path, File::create(&path).and_then(|mut file| file.write_all(text.as_bytes())))?;
    }
    let mut go = Command::new("go");
    go.args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", LDFLAGS, "-o"]).arg(&output);
    go.args(PROGRAMS.map(|(package, _, _)| package)).current_dir(&work);
    // What the user has set up for other builds does not matter here, except for where modules come from.
    go.env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOWORK", "off");
    let done = in_cache(&work, go.output())?;
    if !done.status.success() {
        return Err(Unavailable::Build(last_lines(&String::from_utf8_lossy(&done.stderr), OUTPUT_LINES_MAX)));
    }
    for (_, built, name) in PROGRAMS {
        in_cache(&output, fs::rename(output.join(built), output.join(name)))?;
    }
    in_cache(target, fs::rename(&output, target))?;
    in_cache(&work, fs::remove_dir_all(&work))
}

/// The end of a long text.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_pinned() {
        for (package, _, _) in PROGRAMS {
            assert!(GO_MOD.contains(&format!("\t{package}\n")), "{package} is no tool of go.mod");
        }
        assert!(GO_MOD.contains("k8s.io/kubernetes v1.34.4"), "the version in LDFLAGS is that of go.mod");
    }

    #[test]
    fn a_failed_build_shows_its_end() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
