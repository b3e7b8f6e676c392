//! Colours, where they may be printed.

use rollouts_view::{Colour, Icon, ReplicaSetInfo, Tag};

/// Whether to print colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// `text` in a colour. No colour is a colour too, so that lines of the same shape stay of the same length.
    pub(crate) fn colour(self, colour: Colour, text: &str) -> String {
        if self.0 { format!("\u{1b}[{}m{text}\u{1b}[0m", colour.sgr()) } else { text.to_string() }
    }

    /// `text` in bold.
    pub(crate) fn strong(self, text: &str) -> String {
        if self.0 { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_string() }
    }

    pub(crate) fn icon(self, icon: Icon) -> String {
        if icon == Icon::Blank { icon.glyph().into() } else { self.colour(icon.colour(), icon.glyph()) }
    }

    /// A status behind its sign.
    pub(crate) fn status(self, icon: Icon, status: &str) -> String {
        format!("{} {status}", self.icon(icon))
    }

    pub(crate) fn tags(self, tags: &[Tag], separator: &str) -> String {
        let painted: Vec<_> = tags.iter().map(|t| self.colour(t.colour(), &t.to_string())).collect();
        painted.join(separator)
    }

    /// A ReplicaSet's name in the colours of its roles.
    pub(crate) fn replica_set(self, rs: &ReplicaSetInfo) -> String {
        rs.roles.iter().fold(rs.name.clone(), |name, role| self.colour(role.colour(), &name))
    }

    /// The name of something that stands out while it is not done.
    pub(crate) fn unless_done(self, name: &str, status: &str) -> String {
        let colour = if matches!(status, "Pending" | "Running") { Colour::Blue } else { Colour::Plain };
        self.colour(colour, name)
    }
}
