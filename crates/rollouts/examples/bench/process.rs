//! Processes, and what Linux knows of them.

use anyhow::{Context, Result};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The number of the system call `write`.
const WRITE: &str = if cfg!(target_arch = "aarch64") { "64" } else { "1" };

/// A process that ends with this value.
pub struct Process {
    child: Child,
    answers: Option<BufReader<std::process::ChildStdout>>,
}

impl Process {
    /// Starts `program` and throws away what it says.
    pub fn start(program: &Path, args: &[String]) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Process { child, answers: None })
    }

    /// Starts a command as it is.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        Ok(Process { child: command.spawn().context("cannot start the program")?, answers: None })
    }

    /// Whether it waits for somebody to take what it prints.
    pub fn is_printing(&self) -> Result<bool> {
        let call = fs::read_to_string(format!("/proc/{}/syscall", self.child.id()))?;
        Ok(call.split(' ').next() == Some(WRITE))
    }

    /// Whether it has ended. It is still there, as what is left to be waited for.
    pub fn has_ended(&self) -> Result<bool> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Behind the name, which may have parentheses of its own.
        Ok(text.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('Z')))
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Starts another role of this very program, which ends with its standard input, and gives its first line.
    pub fn start_role(args: &[&str]) -> Result<(Self, String)> {
        let program = std::env::current_exe()?;
        let mut child = Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let answers = child.stdout.take().map(BufReader::new);
        let mut process = Process { child, answers };
        let first = process.answer()?;
        Ok((process, first.trim_end().to_owned()))
    }

    /// Sends an empty line and reads the answer, one line.
    pub fn ask(&mut self) -> Result<String> {
        self.child.stdin.as_mut().context("the process does not listen")?.write_all(b"\n")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.as_mut().context("the process does not answer")?.read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "the process ended");
        Ok(line)
    }

    /// CPU time since the start, user and system, of all threads.
    pub fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory in bytes: now, and the most there ever was.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).context("no memory in /proc")?;
            let kib: u64 = line.trim_end_matches("kB").trim().parse()?;
            anyhow::Ok(kib * 1024)
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Roles end with their standard input; whatever else is started here has nothing to lose.
        drop(self.child.stdin.take());
        if self.answers.is_none() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
