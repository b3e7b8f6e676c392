//! Child processes that never outlive us.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// Becomes the program, and leaves a guard behind that waits for the end of our pipe. That end comes when we drop the
/// process and just as well when we are killed, whatever the signal; then the guard kills the program and removes the
/// directory. (The kernel's own way, `PR_SET_PDEATHSIG`, asks for unsafe code, watches a thread instead of a process,
/// and exists on Linux only.)
const GUARD: &str = r#"
directory=$1
shift
exec 3<&0
( while read -r _; do :; done <&3; kill -KILL $$; rm -rf "$directory" ) 2>/dev/null &
exec "$@" </dev/null 3<&-
"#;

/// A running program; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`, with what it prints in a file of `directory`. When we die, the directory is removed.
    pub fn start(name: &'static str, program: &Path, arguments: &[String], directory: &Path) -> io::Result<Process> {
        use std::os::unix::process::CommandExt;
        let log = directory.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD, "guard"]).arg(directory).arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        // Ctrl-C is for us to handle.
        command.process_group(0).current_dir(directory);
        Ok(Process { name, child: command.spawn()?, log })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// What it printed; empty if that cannot be read.
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// When we are killed, all that happens is that the pipe ends.
    #[tokio::test]
    async fn nothing_outlives_us() {
        let directory = std::env::temp_dir().join(format!("rollouts-guard-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let mut process =
            Process::start("sleep", Path::new("sleep"), &["600".to_owned()], &directory).expect("a process");
        assert!(process.ended().expect("a child").is_none());
        drop(process.child.stdin.take());
        while process.ended().expect("a child").is_none() || directory.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn what_it_printed_can_be_read() {
        let directory = std::env::temp_dir().join(format!("rollouts-guard-log-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let words = ["one".to_owned(), "two".to_owned()];
        let mut process = Process::start("echo", Path::new("echo"), &words, &directory).expect("a process");
        while process.ended().expect("a child").is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(process.log(), "one two\n");
    }
}
