//! Just enough of a shell to say how long a container's command runs and how it exits.

use std::time::Duration;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// It does not end by itself.
    Forever,
    /// It ends after this long with this code.
    Ends(Duration, i32),
}

impl Run {
    /// How long it runs; nothing for a command without end.
    pub(super) fn duration(self) -> Duration {
        match self {
            Run::Forever => Duration::ZERO,
            Run::Ends(after, _) => after,
        }
    }
}

/// Runs `argv`. `unknown` says what a program does that is not one of the shell's.
pub(super) fn run(argv: &[String], unknown: Run) -> Run {
    let Some(program) = argv.first() else { return unknown };
    let base = program.rsplit('/').next().unwrap_or(program);
    if !matches!(base, "sh" | "bash" | "ash" | "dash" | "busybox") {
        return Shell::new(unknown).simple(argv).unwrap_or_else(|end| end);
    }
    let script = argv.iter().skip_while(|a| !(a.starts_with('-') && a.ends_with('c'))).nth(1);
    match script {
        Some(script) => Shell::new(unknown).script(script),
        None => unknown,
    }
}

struct Shell {
    unknown: Run,
    spent: Duration,
    errexit: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `;`, a new line, `&&` or `||`.
    Then(Link),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Always,
    IfOk,
    IfFailed,
}

impl Shell {
    fn new(unknown: Run) -> Self {
        Shell { unknown, spent: Duration::ZERO, errexit: false }
    }

    fn script(mut self, text: &str) -> Run {
        let mut code = 0;
        let mut link = Link::Always;
        let mut words = Vec::new();
        let mut tokens = tokens(text);
        tokens.push(Token::Then(Link::Always));
        for token in tokens {
            match token {
                Token::Word(word) => words.push(word),
                Token::Then(next) => {
                    let wanted = match link {
                        Link::Always => true,
                        Link::IfOk => code == 0,
                        Link::IfFailed => code != 0,
                    };
                    if wanted && !words.is_empty() {
                        match self.simple(&words) {
                            Ok(Run::Ends(_, c)) => code = c,
                            Ok(Run::Forever) => return Run::Forever,
                            Err(end) => return end,
                        }
                        if self.errexit && code != 0 && next == Link::Always {
                            break;
                        }
                    }
                    words.clear();
                    link = next;
                }
            }
        }
        Run::Ends(self.spent, code)
    }

    /// One command: how it went, or `Err` when it ends the shell.
    fn simple(&mut self, argv: &[String]) -> Result<Run, Run> {
        let mut words = argv.iter().map(String::as_str).peekable();
        while words.peek().is_some_and(|w| *w == "exec" || is_assignment(w)) {
            words.next();
        }
        let Some(name) = words.next() else { return Ok(self.code(0)) };
        let rest: Vec<&str> = words.collect();
        match name.rsplit('/').next().unwrap_or(name) {
            "sleep" => {
                let naps = rest.iter().map(|a| nap(a)).collect::<Option<Vec<_>>>();
                match naps {
                    Some(naps) => self.spent += naps.into_iter().sum::<Duration>(),
                    None => return Err(Run::Forever),
                }
                Ok(self.code(0))
            }
            "exit" => Err(self.code(rest.first().and_then(|c| c.parse().ok()).unwrap_or_default())),
            "true" | ":" | "echo" | "printf" | "trap" | "export" | "cd" => Ok(self.code(0)),
            "false" => Ok(self.code(1)),
            "set" => {
                self.errexit |= rest.iter().any(|o| o.starts_with('-') && o.contains('e'));
                Ok(self.code(0))
            }
            "test" => Ok(self.code(i32::from(!test(&rest)))),
            "[" => Ok(self.code(i32::from(!test(rest.split_last().map(|(_, r)| r).unwrap_or_default())))),
            "while" | "until" => Err(Run::Forever),
            _ => match self.unknown {
                Run::Forever => Err(Run::Forever),
                Run::Ends(after, code) => {
                    self.spent += after;
                    Ok(self.code(code))
                }
            },
        }
    }

    fn code(&self, code: i32) -> Run {
        Run::Ends(self.spent, code)
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
}

/// `None` for `infinity`, and for what is no number: such a sleep fails in reality, but nobody means that.
fn nap(text: &str) -> Option<Duration> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor).ok()
}

fn test(words: &[&str]) -> bool {
    let number = |w: &str| w.parse::<i64>().ok();
    match words {
        ["!", rest @ ..] => !test(rest),
        ["-z", w] => w.is_empty(),
        ["-n", w] | [w] => !w.is_empty(),
        [a, "=" | "==", b] => a == b,
        [a, "!=", b] => a != b,
        [a, op, b] => match (number(a), *op, number(b)) {
            (Some(a), "-eq", Some(b)) => a == b,
            (Some(a), "-ne", Some(b)) => a != b,
            (Some(a), "-lt", Some(b)) => a < b,
            (Some(a), "-le", Some(b)) => a <= b,
            (Some(a), "-gt", Some(b)) => a > b,
            (Some(a), "-ge", Some(b)) => a >= b,
            _ => false,
        },
        // Files do not exist here.
        _ => false,
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let link = match c {
            ';' | '\n' => Some(Link::Always),
            '&' if chars.peek() == Some(&'&') => Some(Link::IfOk),
            '|' if chars.peek() == Some(&'|') => Some(Link::IfFailed),
            _ => None,
        };
        match c {
            _ if link.is_some() || c.is_whitespace() => {
                out.extend(word.take().map(Token::Word));
                if let Some(link) = link {
                    if link != Link::Always {
                        chars.next();
                    }
                    out.push(Token::Then(link));
                }
            }
            '\'' => word.get_or_insert_default().extend(chars.by_ref().take_while(|c| *c != '\'')),
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(c) = chars.next().filter(|c| *c != '"') {
                    word.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            '#' if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            _ => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word.map(Token::Word));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> (u64, i32) {
        let argv = ["sh", "-c", script].map(String::from);
        match run(&argv, Run::Ends(Duration::ZERO, 0)) {
            Run::Ends(after, code) => (after.as_secs(), code),
            Run::Forever => (u64::MAX, 0),
        }
    }

    #[test]
    fn scripts_end_as_in_a_shell() {
        assert_eq!(sh("sleep 3; exit 2"), (3, 2));
        assert_eq!(sh("exit 3"), (0, 3));
        assert_eq!(sh("sleep 1 && sleep 2m && false"), (121, 1));
        assert_eq!(sh("false && sleep 9"), (0, 1));
        assert_eq!(sh("false || exit 4"), (0, 4));
        assert_eq!(sh("false; echo 'a; exit 9'"), (0, 0));
        assert_eq!(sh("set -e\nfalse\nsleep 5"), (0, 1));
        assert_eq!(sh("test \"two words\" = \"two words\""), (0, 0));
        assert_eq!(sh("[ 3 -gt 4 ]"), (0, 1));
        assert_eq!(sh("A=1 exec sleep 7 # done"), (7, 0));
        assert_eq!(sh("sleep infinity"), (u64::MAX, 0));
        assert_eq!(sh("while true; do sleep 1; done"), (u64::MAX, 0));
    }

    #[test]
    fn programs_run_without_a_shell_and_unknown_ones_as_told() {
        let argv = |words: &[&str]| words.iter().map(|w| w.to_string()).collect::<Vec<_>>();
        assert_eq!(run(&argv(&["/bin/sleep", "5"]), Run::Forever), Run::Ends(Duration::from_secs(5), 0));
        assert_eq!(run(&argv(&["nginx"]), Run::Forever), Run::Forever);
        assert_eq!(run(&argv(&["bash", "-ec", "nginx -g x"]), Run::Forever), Run::Forever);
        assert_eq!(run(&[], Run::Ends(Duration::ZERO, 0)), Run::Ends(Duration::ZERO, 0));
    }
}
