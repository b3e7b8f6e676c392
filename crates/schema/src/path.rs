//! Field paths kept on the stack while walking, and only spelled out when there is something to say.

use std::fmt::Write as _;

/// Where a walk is: a linked list from the field up to the root.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    Root,
    /// `.name`
    Field(&'a Path<'a>, &'a str),
    /// `[3]`
    Index(&'a Path<'a>, usize),
    /// `[key]`, as `field.Path.Key` prints map keys.
    Key(&'a Path<'a>, &'a str),
    /// Text that stands for the path above, such as `spec.versions[0].schema`.
    Text(&'a str),
}

impl<'a> Path<'a> {
    pub(crate) fn field(&'a self, name: &'a str) -> Path<'a> {
        Path::Field(self, name)
    }

    pub(crate) fn index(&'a self, index: usize) -> Path<'a> {
        Path::Index(self, index)
    }

    pub(crate) fn key(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Text(text) => f.write_str(text),
            Path::Field(parent, name) => {
                let mut above = String::new();
                write!(above, "{parent}")?;
                if above.is_empty() { f.write_str(name) } else { write!(f, "{above}.{name}") }
            }
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
            Path::Key(parent, key) => write!(f, "{parent}[{key}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_like_field_path() {
        let root = Path::Root;
        let spec = root.field("spec");
        let containers = spec.field("containers");
        let first = containers.index(0);
        assert_eq!(first.field("image").to_string(), "spec.containers[0].image");
        assert_eq!(spec.key("a/b").to_string(), "spec[a/b]");
        assert_eq!(root.to_string(), "");
    }
}
