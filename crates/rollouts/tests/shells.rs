//! Shell completion in real shells, and by the real kubectl: the playground in one process, shells in others.
//!
//! A shell, or kubectl, that is not on the machine is left out and said so; CI installs them.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// With this set, what is not installed is a failure.
const REQUIRE_VARIABLE: &str = "ROLLOUTS_REQUIRE_SHELLS";
/// Seconds that a shell may take for everything.
const PATIENCE_SECONDS: &str = "60";
/// What the shells' prompts are.
const PROMPT: &str = "ready> ";
/// Prints the line as it is after completion, by the key Ctrl-G.
const SHOW: char = '\u{7}';
/// Ctrl-U: forgets the line.
const FORGET: char = '\u{15}';

struct Playground {
    process: Child,
    /// Not read to its end, but open: without it the playground would end.
    _says: BufReader<ChildStdout>,
    directory: PathBuf,
}

impl Playground {
    /// Starts one with its samples, and links the plugin into a directory, `bin`, by the names that kubectl looks for.
    fn start() -> Self {
        let directory = std::env::temp_dir().join(format!("rollouts-shells-{}", std::process::id()));
        let bin = directory.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        for name in ["kubectl-argo-rollouts", "kubectl_complete-argo-rollouts"] {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollouts"), bin.join(name)).unwrap();
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_rollouts"))
            .args(["playground", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(directory.join("kubeconfig"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("traffic-demo created") {
            line.clear();
            assert!(says.read_line(&mut line).unwrap() > 0, "the samples are there");
        }
        Playground { process, _says: says, directory }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut path = OsString::from(self.directory.join("bin"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command.env("PATH", path).env("HOME", &self.directory).env("KUBECONFIG", self.directory.join("kubeconfig"));
        command.env("TERM", "dumb").current_dir(&self.directory);
        command
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn output(&self, program: &str, args: &[&str]) -> String {
        let output = self.command(program).args(args).stderr(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Types lines, each with a tabulator at its end, into an interactive shell on a terminal of its own, and gives what
    /// became of them.
    fn type_into(&self, shell: &str, lines: &[&str]) -> Vec<String> {
        let mut command = self.command("timeout");
        let in_terminal = ["--kill-after=1", PATIENCE_SECONDS, "script", "--quiet", "--return", "--command", shell];
        let process = command.args(in_terminal).arg("/dev/null").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.unwrap();
        let mut keys = process.stdin.take().unwrap();
        let mut screen = Screen { bytes: process.stdout.take().unwrap(), seen: String::new() };
        let mut completed = Vec::new();
        for line in lines {
            screen.read_until(PROMPT);
            write!(keys, "{line}\t{SHOW}").unwrap();
            screen.read_until("LINE<");
            completed.push(screen.read_until(">END").replace(">END", ""));
            writeln!(keys, "{FORGET}echo {PROMPT:?}").unwrap();
            // The echo of the command, and what it prints.
            screen.read_until("\n");
        }
        drop(keys);
        let _ = process.kill();
        let _ = process.wait();
        completed
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a terminal shows, byte by byte.
struct Screen {
    bytes: ChildStdout,
    seen: String,
}

impl Screen {
    fn read_until(&mut self, mark: &str) -> String {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(mark.as_bytes()) {
            let read = self.bytes.read(&mut byte).unwrap();
            assert!(read == 1, "no {mark:?} after {:?} {:?}", self.seen, String::from_utf8_lossy(&text));
            text.push(byte[0]);
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        self.seen.push_str(&text);
        text
    }
}

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    let required = std::env::var_os(REQUIRE_VARIABLE).is_some();
    assert!(found || !required, "{program} is required here");
    if !found {
        // Past the capture of the test harness, which would hide it.
        let _ = writeln!(std::io::stderr(), "SKIPPED: completion in {program}: it is not installed");
    }
    found
}

/// What is typed, and what it is completed to; one row a feature of the scripts.
const TYPED: [(&str, &str); 9] = [
    ("get rollout blue", "get rollout bluegreen-demo "),
    ("stat", "status "),
    ("set image bluegreen-demo b", "set image bluegreen-demo bluegreen-demo="),
    ("get rollout -n kube-s", "get rollout -n kube-system "),
    ("get rollout --namespace=kube-s", "get rollout --namespace=kube-system "),
    ("status --loglevel d", "status --loglevel debug "),
    ("status --cont", "status --context "),
    ("status --kubeconfig kubec", "status --kubeconfig kubeconfig "),
    ("status --kubeconfig=kubec", "status --kubeconfig=kubeconfig "),
];

fn check(shell: &str, completed: &[String]) {
    for ((typed, expected), line) in TYPED.iter().zip(completed) {
        let line = line.strip_prefix("kubectl-argo-rollouts ").unwrap_or(line);
        assert_eq!(line.trim_end(), expected.trim_end(), "{shell}: {typed}");
        assert_eq!(line.ends_with(' '), expected.ends_with(' '), "{shell}: {typed}: {line:?}");
    }
}

#[test]
fn shells_complete_what_is_in_the_cluster() {
    let playground = Playground::start();
    let lines: Vec<String> = TYPED.iter().map(|(typed, _)| format!("kubectl-argo-rollouts {typed}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let bash = playground.write(
        "bashrc",
        "source <(kubectl-argo-rollouts completion bash)\n\
         show() { printf 'LINE<%s>END' \"$READLINE_LINE\"; }\n\
         bind -x '\"\\C-g\": show'\n\
         bind 'set enable-bracketed-paste off'\n\
         PS1='ready> '\n",
    );
    if is_installed("bash") {
        let shell = format!("bash --noprofile --rcfile {}", bash.display());
        check("bash", &playground.type_into(&shell, &lines));
    }
    playground.write(
        ".zshrc",
        "autoload -Uz compinit; compinit -u -D\n\
         source <(kubectl-argo-rollouts completion zsh)\n\
         show() { print -rn -- \"LINE<$BUFFER>END\" }\n\
         zle -N show; bindkey '^G' show; bindkey '^U' kill-whole-line\n\
         unsetopt zle_bracketed_paste prompt_sp; PS1='ready> '\n",
    );
    if is_installed("zsh") {
        let shell = format!("env ZDOTDIR={} zsh --no-globalrcs -i", playground.directory.display());
        check("zsh", &playground.type_into(&shell, &lines));
    }
    if is_installed("fish") {
        fish(&playground);
    }
    if is_installed("kubectl") {
        kubectl(&playground);
    }
}

/// Fish tells without a terminal what it would offer; what is behind it, a space or not, is its own affair.
fn fish(playground: &Playground) {
    let script = playground.write("script.fish", &playground.output("kubectl-argo-rollouts", &["completion", "fish"]));
    for (typed, expected) in TYPED {
        let ask = format!("source {}; complete -C 'kubectl-argo-rollouts {typed}'", script.display());
        let offered = playground.output("fish", &["--no-config", "-c", &ask]);
        let words: Vec<&str> = offered.lines().map(|line| line.split('\t').next().unwrap_or("")).collect();
        let last = expected.trim_end().rsplit(' ').next().unwrap();
        assert!(words.contains(&last), "fish: {typed}: {offered:?}");
    }
}

/// kubectl finds the program for completion by its name, and hands on what it says.
fn kubectl(playground: &Playground) {
    for (words, expected) in [
        (&["get", "rollout", "blue"][..], "bluegreen-demo\n:4\n"),
        (&["set", "image", "bluegreen-demo", ""], "bluegreen-demo=\targoproj/rollouts-demo:blue\n:6\n"),
        (&["get", "rollout", "-n", "kube-s"], "kube-system\n:4\n"),
    ] {
        let args = [&["__complete", "argo", "rollouts"], words].concat();
        assert_eq!(playground.output("kubectl", &args), expected, "{words:?}");
    }
    // Bash, with the scripts of kubectl and of Debian's package that these need.
    let package = Path::new("/usr/share/bash-completion/bash_completion");
    if package.exists() {
        let rc = playground.write(
            "kubectlrc",
            &format!(
                "source {}\nsource <(kubectl completion bash)\n\
                 show() {{ printf 'LINE<%s>END' \"$READLINE_LINE\"; }}\n\
                 bind -x '\"\\C-g\": show'\nbind 'set enable-bracketed-paste off'\nPS1='ready> '\n",
                package.display()
            ),
        );
        let lines = ["kubectl argo rollouts get rollout blue", "kubectl argo rollouts set image bluegreen-demo b"];
        let shell = format!("bash --noprofile --rcfile {}", rc.display());
        let expected = [
            "kubectl argo rollouts get rollout bluegreen-demo ",
            "kubectl argo rollouts set image bluegreen-demo bluegreen-demo=",
        ];
        assert_eq!(playground.type_into(&shell, &lines), expected);
    }
}
