use super::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Get,
    Status,
    Shell,
}

fn tree() -> Command<Act> {
    let get = Command::new("rollout NAME", "Get a rollout", Arguments::Exactly(1), Act::Get)
        .aliases(&["ro"])
        .flag(Flag::switch("watch", "Watch").short('w'))
        .flag(Flag::switch("all", "All").short('a').deprecated("use --watch instead"))
        .flag(Flag::text("kind", "", "Kind").short('k').values(Values::Words(&["json", "yaml"])))
        .flag(Flag::text("dir", "", "Directory").values(Values::Directories))
        .flag(Flag::list("file", &["-"], "Files").short('f'));
    let status = Command::new("status NAME", "Show the status", Arguments::AtLeast(1), Act::Status)
        .flag(Flag::switch_on("watch", "Watch").short('w'))
        .flag(Flag::duration("timeout", "How long").short('t'))
        .flag(Flag::int("count", 3, "How many"));
    let shell = Command::new("shell [bash|zsh]", "Print", Arguments::OneOf(&["bash", "zsh"]), Act::Shell).bare_usage();
    let read =
        Command::new("read", "Read", Arguments::Any, Act::Get).flag(Flag::list("file", &[], "Files")).required("file");
    let loud = |m: &Matches| if m.text("level") == "loud" { Err("too loud".into()) } else { Ok(()) };
    Command::group("prog COMMAND", "A program")
        .check(loud)
        .persistent(vec![
            Flag::text("namespace", "", "Namespace").short('n').values(Values::Asked),
            Flag::text("level", "info", "Level"),
        ])
        .child(Command::group("get KIND", "Get things").child(get))
        .child(status)
        .child(read)
        .child(shell)
}

fn dispatch(line: &str) -> Outcome<Act> {
    let words: Vec<String> = line.split(' ').filter(|w| !w.is_empty()).map(|w| w.replace("''", "")).collect();
    tree().dispatch(&words)
}

fn reply(line: &str) -> Reply {
    match dispatch(line) {
        Outcome::Reply(reply) => reply,
        other => panic!("{line}: {other:?}"),
    }
}

fn run(line: &str) -> (Act, Matches, String) {
    match dispatch(line) {
        Outcome::Run { action, matches, warnings } => (action, matches, warnings),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn flags_stand_anywhere() {
    for line in [
        "-n prod get rollout web -w",
        "get -nprod ro --watch web",
        "get rollout --namespace=prod web --watch=true",
        "--namespace prod get rollout -w=1 web",
        "get --level x rollout -wn prod -- web",
    ] {
        let (action, matches, _) = run(line);
        assert_eq!(
            (action, matches.arg(0), matches.text("namespace"), matches.bool("watch")),
            (Act::Get, "web", "prod", true)
        );
    }
    let (_, matches, _) = run("get rollout -f a -f=b,c --file d -- -w");
    assert_eq!(
        (matches.list("file"), matches.args()),
        (&["a", "b,c", "d"].map(String::from)[..], &["-w".to_string()][..])
    );
    assert_eq!(run("get rollout -").1.args(), ["-"]);
    assert!(!run("status a -w=false").1.bool("watch"));
    assert_eq!(run("status a").1.int("count"), 3);
}

#[test]
fn wrong_flags() {
    for (line, message) in [
        ("status --zzz a", "unknown flag: --zzz"),
        ("status -Z a", "unknown shorthand flag: 'Z' in -Z"),
        ("status -wZt a", "unknown shorthand flag: 'Z' in -Zt"),
        ("status a --count", "flag needs an argument: --count"),
        ("status a -t", "flag needs an argument: 't' in -t"),
        ("status a --=x", "bad flag syntax: --=x"),
        ("status a ---x", "bad flag syntax: ---x"),
        ("status a -t soon", "invalid argument \"soon\" for \"-t, --timeout\" flag: time: invalid duration \"soon\""),
        ("status a -t 60", "invalid argument \"60\" for \"-t, --timeout\" flag: time: missing unit in duration \"60\""),
        (
            "status a --count=x",
            "invalid argument \"x\" for \"--count\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            "status a -w=x",
            "invalid argument \"x\" for \"-w, --watch\" flag: strconv.ParseBool: parsing \"x\": invalid syntax",
        ),
        ("status a --level loud", "too loud"),
        ("status --level loud", "too loud"),
        ("shell", "accepts 1 arg(s), received 0"),
        ("shell tcsh", "invalid argument \"tcsh\" for \"prog shell\""),
    ] {
        assert_eq!(reply(line), Reply { stderr: format!("Error: {message}\n"), code: 1, ..Reply::default() });
    }
}

#[test]
fn misuse_shows_usage_and_says_why() {
    for (line, why) in [
        ("get rollout", "Error: NAME is missing\n"),
        ("get rollout a b", "Error: unexpected argument \"b\"\n"),
        ("get", "Error: a command is missing: rollout\n"),
        ("get nothing", "Error: unknown command \"nothing\" for \"prog get\"\n"),
        ("get rollot x", "Error: unknown command \"rollot\" for \"prog get\"\n\nDid you mean this?\n\trollout\n"),
        ("status", "Error: NAME is missing\n"),
        ("read", "Error: --file is missing\n"),
        ("", "Error: a command is missing\n"),
    ] {
        let reply = reply(line);
        assert!(reply.stderr.starts_with("Usage:\n  prog") && reply.stdout.is_empty() && reply.code == 1, "{line}");
        assert!(reply.stderr.ends_with(&format!("\n\n{why}")), "{line}: {}", reply.stderr);
    }
}

#[test]
fn flags_that_were_meant() {
    let text =
        "Error: unknown flag: --wacth\n\nDid you mean this?\n\t--watch\n\nRun 'prog get rollout --help' for usage.\n";
    assert_eq!(reply("get rollout a --wacth").stderr, text);
    assert_eq!(reply("get rollout a --al").stderr, "Error: unknown flag: --al\n", "what is deprecated is not offered");
}

#[test]
fn unknown_commands() {
    let text = "Error: unknown command \"statsu\" for \"prog\"\n\nDid you mean this?\n\tstatus\n\nRun 'prog --help' for usage.\n";
    assert_eq!(reply("statsu a").stderr, text);
    assert_eq!(reply("zzz").stderr, "Error: unknown command \"zzz\" for \"prog\"\nRun 'prog --help' for usage.\n");
}

#[test]
fn deprecated_flags_warn_and_are_not_shown() {
    let advice = "Flag --all has been deprecated, use --watch instead\n";
    assert_eq!(run("get rollout a -a").2, advice);
    assert_eq!(reply("get rollout -a --zzz").stderr, format!("{advice}Error: unknown flag: --zzz\n"));
    assert!(!reply("get rollout -h").stdout.contains("--all"));
}

#[test]
fn help_text() {
    let expected = "\
Get a rollout

Usage:
  prog get rollout NAME [flags]

Aliases:
  rollout, ro

Flags:
      --dir string         Directory
  -f, --file stringArray   Files (default [-])
  -h, --help               help for rollout
  -k, --kind string        Kind
  -w, --watch              Watch

Global Flags:
      --level string       Level (default \"info\")
  -n, --namespace string   Namespace
";
    for line in ["get rollout --help", "help get rollout", "help get ro", "get rollout a b -h"] {
        assert_eq!(reply(line), Reply { stdout: expected.into(), ..Reply::default() }, "{line}");
    }
    let root = reply("help").stdout;
    assert!(root.contains("Available Commands:\n  get         Get things\n  help        Help about any command\n"));
    assert!(root.ends_with("\nUse \"prog [command] --help\" for more information about a command.\n"));
    assert!(
        reply("help nosuch thing").stderr.starts_with("Unknown help topic [`nosuch` `thing`]\nUsage:\n  prog COMMAND")
    );
    assert_eq!(reply("help nosuch").code, 0);
}

#[test]
fn completion() {
    for (line, stdout) in [
        (
            "__complete ''",
            "get\tGet things\nhelp\tHelp about any command\nread\tRead\nshell\tPrint\nstatus\tShow the status\n:4\n",
        ),
        ("__completeNoDesc s", "shell\nstatus\n:4\n"),
        ("-n x __complete get ''", "rollout\tGet a rollout\n:4\n"),
        ("__complete -n x get ''", "rollout\tGet a rollout\n:4\n"),
        ("__complete shell ''", "bash\nzsh\n:4\n"),
        ("__complete get rollout -f ''", ":0\n"),
        ("__complete get rollout --file=a", ":0\n"),
        ("__complete get rollout --dir ''", ":16\n"),
        ("__complete get rollout --kind ''", "json\nyaml\n:4\n"),
        ("__complete get rollout --kind=y", "yaml\n:4\n"),
        ("__complete get rollout -wk y", "yaml\n:4\n"),
        ("__complete get rollout --watch=t", "true\n:4\n"),
        ("__complete status -t ''", ":4\n"),
        ("__complete get rollout --zzz=", ":4\n"),
        ("__complete get rollout --zzz ''", ":1\n"),
        ("__complete get rollout --wa", "--watch\tWatch\n:4\n"),
        ("__complete get rollout -w --wa", ":4\n"),
        ("__complete nosuch ''", ":1\n"),
        ("__complete help g", "get\tGet things\n:4\n"),
    ] {
        assert_eq!(reply(line).stdout, stdout, "{line}");
    }
}

/// What the program is asked for: the subject, what was typed of it, and the namespace.
fn asked(line: &str) -> (Completion<Act>, String) {
    match dispatch(line) {
        Outcome::Complete(c) => {
            let namespace = c.matches.text("namespace").to_owned();
            (c, namespace)
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn completion_by_the_program() {
    let (c, namespace) = asked("__complete get ro -n prod we");
    assert_eq!((c.action, c.subject, namespace.as_str()), (Some(Act::Get), Subject::Argument, "prod"));
    let reply = c.reply(&["web".into(), "api".into(), Candidate::new("west", "far")], Directive::NoFiles);
    assert_eq!(reply.stdout, "web\nwest\tfar\n:4\n");
    assert_eq!(reply.stderr, "Completion ended with directive: ShellCompDirectiveNoFileComp\n");
    let value = Subject::Value("namespace");
    for line in ["get ro web -n d", "get ro web --namespace d", "get ro web -wn d", "get ro web --namespace=d"] {
        let (c, namespace) = asked(&format!("__completeNoDesc {line}"));
        assert_eq!((c.subject, c.prefix.as_str(), c.matches.arg(0), namespace.as_str()), (value, "d", "web", ""));
        let reply = c.reply(&[Candidate::new("dev", "far")], Directive::Unfinished);
        assert_eq!(reply.stdout, "dev\n:6\n");
    }
    let (c, _) = asked("__complete -n ''");
    assert_eq!((c.action, c.subject), (None, value));
    assert_eq!(asked("__complete get ro -- -n").0.subject, Subject::Argument);
}
