//! Texts of help, taken apart.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// Lines that may be broken anew.
    Paragraph(String),
    /// Lines to be kept as they are, without what they are all indented by.
    Verbatim(String),
}

/// Paragraphs and indented parts, which empty lines separate.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
        let verbatim = part.lines().all(|line| line.starts_with("  "));
        match (verbatim, blocks.last_mut()) {
            (true, Some(Block::Verbatim(before))) => {
                before.push_str("\n\n");
                before.push_str(&dedent(part));
            }
            (true, _) => blocks.push(Block::Verbatim(dedent(part))),
            (false, _) => blocks.push(Block::Paragraph(part.trim().to_owned())),
        }
    }
    blocks
}

/// Without the two spaces that each line begins with.
pub fn dedent(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| line.strip_prefix("  ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// `kubectl-argo-rollouts get x` as users type it.
pub fn typed(usage: &str) -> String {
    usage.replacen("kubectl-argo-rollouts", "kubectl argo rollouts", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_what_is_indented() {
        let text = "One\ntwo.\n\n  a: b\n\n    c\n\nThree.";
        let paragraph = |text: &str| Block::Paragraph(text.into());
        assert_eq!(blocks(text), [paragraph("One\ntwo."), Block::Verbatim("a: b\n\n  c".into()), paragraph("Three.")]);
    }
}
