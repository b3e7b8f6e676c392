//! What the playground leaves on disk while it runs: a kubeconfig and the plugin under the names kubectl looks for.

use super::Options;
use anyhow::{Context, Result, bail};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the files go unless the command line says otherwise.
const DIRECTORY: &str = ".rollouts-playground";
/// Stands in every kubeconfig of ours, so that nobody else's is overwritten.
const MARK: &str = "rollouts-playground";

/// The plugin, and what kubectl completes its words with.
const PROGRAMS: [&str; 2] = ["kubectl-argo-rollouts", "kubectl_complete-argo-rollouts"];

/// The files of one playground.
pub struct Files {
    kubeconfig: PathBuf,
    /// The directory with [`PROGRAMS`].
    bin: Option<PathBuf>,
}

/// Writes them.
pub fn write(options: &Options, kubeconfig: &str) -> Result<Files> {
    let (path, bin) = match &options.kubeconfig {
        Some(path) => (path.clone(), None),
        None => (Path::new(DIRECTORY).join("kubeconfig"), Some(Path::new(DIRECTORY).join("bin"))),
    };
    if std::fs::read_to_string(&path).is_ok_and(|present| !present.trim().is_empty() && !present.contains(MARK)) {
        bail!(
            "{} is not a kubeconfig of the playground and will not be overwritten: choose another path with --kubeconfig",
            path.display()
        );
    }
    create_parent(&path)?;
    write_private(&path, kubeconfig).with_context(|| {
        format!("cannot write the kubeconfig to {}: choose another path with --kubeconfig", path.display())
    })?;
    let bin = bin.filter(|bin| PROGRAMS.iter().all(|name| link_to_this_program(&bin.join(name)).is_ok()));
    let path = std::path::absolute(&path).unwrap_or(path);
    Ok(Files { kubeconfig: path, bin: bin.and_then(|p| std::path::absolute(p).ok()) })
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let Some(parent) = parent else { return Ok(()) };
    std::fs::create_dir_all(parent).with_context(|| {
        format!("cannot create the directory {}: choose another path with --kubeconfig", parent.display())
    })
}

/// The file holds a token: only its owner may read it.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// kubectl finds plugins by file name on PATH.
fn link_to_this_program(plugin: &Path) -> Result<()> {
    create_parent(plugin)?;
    let program = std::env::current_exe()?;
    let _ = std::fs::remove_file(plugin);
    #[cfg(unix)]
    std::os::unix::fs::symlink(program, plugin)?;
    #[cfg(not(unix))]
    std::fs::copy(program, plugin)?;
    Ok(())
}

impl Files {
    /// What to type in another terminal; with samples, where pictures of their traffic are.
    pub fn print_next_steps(&self, samples: Option<SocketAddr>, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "\nIn another terminal:\n")?;
        writeln!(out, "  export KUBECONFIG={}", self.kubeconfig.display())?;
        match &self.bin {
            Some(directory) => writeln!(out, "  export PATH={}:$PATH", directory.display())?,
            None => {
                let program = std::env::current_exe().unwrap_or_else(|_| "rollouts".into());
                writeln!(
                    out,
                    "  # once, in a directory of your PATH: ln -s {} kubectl-argo-rollouts",
                    program.display()
                )?;
            }
        }
        if let Some(pictures) = samples {
            for line in [
                "kubectl get rollouts,replicasets,pods",
                "kubectl argo rollouts get rollout rollouts-demo --watch",
                "kubectl argo rollouts set image rollouts-demo rollouts-demo=argoproj/rollouts-demo:yellow",
                "kubectl argo rollouts promote rollouts-demo",
                "kubectl argo rollouts set image analysis-demo analysis-demo=argoproj/rollouts-demo:bad-red",
                "kubectl argo rollouts set image traffic-demo traffic-demo=argoproj/rollouts-demo:yellow",
            ] {
                writeln!(out, "  {line}")?;
            }
            writeln!(
                out,
                "  curl -N http://{pictures}/live/traffic-demo     # where its requests go, drawn anew every second"
            )?;
        }
        writeln!(out, "\nCtrl-C ends the playground.")?;
        out.flush()
    }

    /// Removes the kubeconfig: its server is gone.
    pub fn remove(&self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
        if let Some(bin) = &self.bin {
            for name in PROGRAMS {
                let _ = std::fs::remove_file(bin.join(name));
            }
            // Only if nobody else put anything there.
            let directories = bin.ancestors().take(2);
            directories.for_each(|directory| drop(std::fs::remove_dir(directory)));
        }
    }
}
