//! Commands that bring credentials: whether they may ask the user, and what went wrong with them.

use kube::client::AuthError;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use std::io::ErrorKind;
use std::process::Output;

/// Lets the command of a user ask for something only if somebody can answer: if standard input `is_terminal`.
///
/// # Errors
/// It has to ask, and nobody can answer; in words.
pub(super) fn settle_interaction(user: &mut AuthInfo, is_terminal: bool) -> Result<(), String> {
    let Some(exec) = user.exec.as_mut().filter(|_| !is_terminal) else { return Ok(()) };
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        let problem = "wants to ask (interactiveMode: Always), and standard input is not a terminal";
        return Err(format!("getting credentials: executable {} {problem}", command(exec)));
    }
    exec.interactive_mode = Some(ExecInteractiveMode::Never);
    Ok(())
}

fn command(exec: &ExecConfig) -> &str {
    exec.command.as_deref().unwrap_or("without a name")
}

/// An error of the command of a user, in one line; `None` if it is not about that.
pub(super) fn words(error: &kube::Error, exec: Option<&ExecConfig>) -> Option<String> {
    let kube::Error::Auth(error) = error else { return None };
    let exec = exec?;
    let name = command(exec);
    let problem = match error {
        AuthError::AuthExecStart(e) if e.kind() == ErrorKind::NotFound => {
            let hint = exec.install_hint.as_deref().map(one_line);
            let hint = hint.unwrap_or_else(|| "install it, or choose another --user or --context".into());
            format!("executable {name} not found; {hint}")
        }
        AuthError::AuthExecStart(e) => format!("executable {name}: {e}"),
        AuthError::AuthExecRun { out, .. } => format!("executable {name} failed with {}", ending(out)),
        AuthError::AuthExecParse(e) => {
            format!("executable {name} printed no ExecCredential: {}", one_line(&e.to_string()))
        }
        AuthError::ExecPluginFailed => format!("executable {name} printed an ExecCredential without status"),
        other => format!("executable {name}: {other}"),
    };
    Some(format!("getting credentials: {problem}"))
}

/// How the command ended, and its last word unless the user has read it already.
fn ending(out: &Output) -> String {
    let code = out.status.code().map_or_else(|| out.status.to_string(), |code| format!("exit code {code}"));
    let said = String::from_utf8_lossy(&out.stderr);
    match said.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        Some(line) => format!("{code}: {line}"),
        None => format!("{code}; run it by hand to see why"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nobody_is_asked_who_is_not_there() {
        let settle = |mode: &str, is_terminal: bool| {
            let exec =
                json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "login", "interactiveMode": mode});
            let mut user: AuthInfo = serde_json::from_value(json!({"exec": exec})).expect("a user");
            settle_interaction(&mut user, is_terminal).map(|()| user.exec.expect("a command").interactive_mode)
        };
        assert_eq!(settle("IfAvailable", true), Ok(Some(ExecInteractiveMode::IfAvailable)));
        assert_eq!(settle("IfAvailable", false), Ok(Some(ExecInteractiveMode::Never)));
        assert_eq!(settle("Always", true), Ok(Some(ExecInteractiveMode::Always)));
        let error = "getting credentials: executable login wants to ask (interactiveMode: Always), and standard input is not \
                     a terminal";
        assert_eq!(settle("Always", false), Err(error.into()));
    }
}
