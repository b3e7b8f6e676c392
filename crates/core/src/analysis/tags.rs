//! Text with `{{tags}}`, as Go's fasttemplate reads it: tags are found from the left and do not nest, there is no
//! escape for `{{`, and what is inserted is not read again (analysis.md §3.1).

use std::fmt;

const START: &str = "{{";
const END: &str = "}}";

/// Why a text could not be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagError {
    /// A `{{` without `}}` after it.
    Unclosed {
        /// The whole text.
        template: String,
        /// What follows the `{{`.
        rest: String,
    },
    /// Nothing is known by this name, which stands as it was written; the last one of several.
    Unknown(String),
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TagError::Unclosed { template, rest } => {
                let (template, rest) = (quote(template), quote(rest));
                write!(f, r#"Cannot find end tag="}}}}" in the template={template} starting from {rest}"#)
            }
            TagError::Unknown(tag) => write!(f, "failed to resolve {START}{tag}{END}"),
        }
    }
}

impl std::error::Error for TagError {}

/// Fills in `template`. `value` appends what stands for a tag, given without its braces and surrounding space, and
/// says whether it knows the tag.
pub fn substitute(template: &str, mut value: impl FnMut(&str, &mut String) -> bool) -> Result<String, TagError> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    let mut unknown = None;
    while let Some((before, after)) = rest.split_once(START) {
        let Some((tag, after)) = after.split_once(END) else {
            return Err(TagError::Unclosed { template: template.to_string(), rest: after.to_string() });
        };
        out.push_str(before);
        if !value(tag.trim(), &mut out) {
            unknown = Some(tag);
        }
        rest = after;
    }
    out.push_str(rest);
    match unknown {
        Some(tag) => Err(TagError::Unknown(tag.to_string())),
        None => Ok(out),
    }
}

/// Go's `%q`, as far as JSON needs it.
fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str) -> Result<String, String> {
        let value = |tag: &str, out: &mut String| match tag {
            "x" => {
                out.push_str("{{y}}");
                true
            }
            "" => true,
            _ => false,
        };
        substitute(template, value).map_err(|e| e.to_string())
    }

    #[test]
    fn from_the_left_and_once() {
        let table = [
            ("", Ok("")),
            ("plain } }} {", Ok("plain } }} {")),
            ("a{{x}}b{{ x }}", Ok("a{{y}}b{{y}}")),
            ("{svc:{{x}}}", Ok("{svc:{{y}}}")),
            ("{{}}|{{  }}", Ok("|")),
            ("{{{x}}}", Err("failed to resolve {{{x}}")),
            ("{{a}} {{ b }} {{x}}", Err("failed to resolve {{ b }}")),
            ("{{a}}\"{{x", Err(r#"Cannot find end tag="}}" in the template="{{a}}\"{{x" starting from "x""#)),
        ];
        for (template, want) in table {
            assert_eq!(fill(template), want.map(str::to_string).map_err(str::to_string), "{template}");
        }
    }
}
