//! Help: commands, aliases, flags, their types and defaults count; sentences and examples do not, and what we have besides
//! does not either.

/// How a usage text begins.
const USAGE: &str = "Usage:\n";

/// The parts of help, and of an answer to a shell that completes, on which programs and habits rely; other texts as they
/// are. The shape of a shape is itself.
pub(super) fn shape(command: &str, text: &str) -> String {
    if command.starts_with("__complete") {
        return text.lines().map(|line| format!("{}\n", line.split('\t').next().unwrap_or(""))).collect();
    }
    let Some(start) = text.find(USAGE) else { return text.to_owned() };
    let topic = text[..start].lines().filter(|line| line.starts_with("Unknown help topic"));
    let mut shape: String = topic.map(|line| format!("{line}\n")).collect();
    let mut section = "";
    for line in text[start..].lines() {
        if let Some(title) = line.strip_suffix(':').filter(|title| title.starts_with(|c: char| c.is_ascii_uppercase()))
        {
            section = title;
            if section != "Examples" {
                shape.push_str(line);
                shape.push('\n');
            }
            continue;
        }
        let kept = match section {
            _ if line.trim().is_empty() || line.starts_with("Use \"") => continue,
            "Usage" | "Aliases" => line.trim().to_owned(),
            "Available Commands" => line.split_whitespace().next().unwrap_or("").to_owned(),
            "Flags" | "Global Flags" => flag(line),
            _ => continue,
        };
        shape.push_str(&format!("  {kept}\n"));
    }
    shape
}

/// `-f, --file stringArray   Files (default [-])`, without the words.
fn flag(line: &str) -> String {
    let (forms, description) = line.trim().split_once("   ").unwrap_or((line.trim(), ""));
    match description.rfind("(default ") {
        Some(default) => format!("{forms}   {}", &description[default..]),
        None => forms.to_owned(),
    }
}

/// `ours`, where it is a [`shape`], without the commands and flags that `golden` has not.
pub(super) fn without_more(ours: String, golden: &str) -> String {
    let is_list = golden.contains(USAGE) || golden.lines().any(|line| line.starts_with(':'));
    if !is_list {
        return ours;
    }
    ours.split_inclusive('\n').filter(|line| golden.contains(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "\
Does this and that.

Usage:
  prog get NAME [flags]

Aliases:
  get, g

Examples:
  # Do it
  prog get a

Flags:
  -f, --file stringArray   Files (default [-])
  -h, --help               help for get

Use \"prog [command] --help\" for more.
";

    #[test]
    fn words_are_left_out() {
        let expected = "\
Usage:
  prog get NAME [flags]
Aliases:
  get, g
Flags:
  -f, --file stringArray   (default [-])
  -h, --help
";
        assert_eq!(shape("get -h", HELP), expected);
        assert_eq!(shape("get -h", expected), expected);
        assert_eq!(shape("abort a", "rollout 'a' aborted\n"), "rollout 'a' aborted\n");
        assert_eq!(shape("__complete get", "a\tThe first\n:4\n"), "a\n:4\n");
    }

    #[test]
    fn more_is_no_difference_and_less_is() {
        let golden = shape("", HELP);
        let more = HELP.replace("  -h", "  -g, --good\n  -h");
        assert_eq!(without_more(shape("", &more), &golden), golden);
        let less = HELP.replace("(default [-])", "");
        assert_ne!(without_more(shape("", &less), &golden), golden);
        assert_eq!(without_more("b\n".into(), "a\n"), "b\n");
    }
}
