//! Which objects routers read and write.

use std::borrow::Cow;
use std::fmt;

/// A kind of namespaced objects, as the API serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Version within the group.
    pub version: Cow<'static, str>,
    /// Kind, in CamelCase.
    pub kind: Cow<'static, str>,
    /// Plural name, as in paths.
    pub plural: Cow<'static, str>,
}

impl Kind {
    /// A kind known when the program is written.
    pub const fn fixed(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Kind {
        Kind {
            group: Cow::Borrowed(group),
            version: Cow::Borrowed(version),
            kind: Cow::Borrowed(kind),
            plural: Cow::Borrowed(plural),
        }
    }

    /// The same kind in another version.
    pub fn in_version(mut self, version: &str) -> Kind {
        self.version = Cow::Owned(version.into());
        self
    }

    /// `group/version`, or `version` alone in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The object of this kind.
    pub fn named(&self, namespace: &str, name: &str) -> ObjectRef {
        ObjectRef { kind: self.clone(), namespace: namespace.into(), name: name.into() }
    }
}

/// `plural.group`, as `kubectl` names resources.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        if self.group.is_empty() { Ok(()) } else { write!(f, ".{}", self.group) }
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectRef {
    /// What the API server says when it is not there.
    pub fn not_found(&self) -> String {
        format!("{} \"{}\" not found", self.kind, self.name)
    }
}

/// `Kind name`, as plans print it.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.kind, self.name)
    }
}
