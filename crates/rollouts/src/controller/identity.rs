//! Who this process is among other controllers, and where it runs.

use std::hash::{BuildHasher, Hasher};

/// Where a pod finds the namespace that it runs in.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The namespace of controllers that do not know where they run.
const NAMESPACE: &str = "argo-rollouts";

/// The namespace that the controller runs in, which has its lease: `POD_NAMESPACE` if it is set, even to nothing.
pub fn controller_namespace() -> String {
    let file = || std::fs::read_to_string(NAMESPACE_FILE).ok();
    namespace(std::env::var("POD_NAMESPACE").ok(), file)
}

fn namespace(variable: Option<String>, file: impl FnOnce() -> Option<String>) -> String {
    variable.unwrap_or_else(|| {
        let found = file().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        found.unwrap_or_else(|| NAMESPACE.into())
    })
}

/// A name for this process that no other has: `HOST_UUID`.
pub fn identity() -> String {
    format!("{}_{}", host(), uuid([random(), random()]))
}

/// The host's name; in a pod, the pod's.
fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| std::env::var("HOSTNAME").ok()).map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".into())
}

/// A number that the operating system made up: the standard library seeds its hashers so.
#[expect(clippy::disallowed_types, reason = "no two processes may have the same identity, whatever their seeds")]
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// A random UUID (version 4).
fn uuid([high, low]: [u64; 2]) -> String {
    let high = high & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    let hex = format!("{high:016x}{low:016x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_even_if_it_is_empty() {
        let file = || Some("from-file\n".to_owned());
        assert_eq!(namespace(Some("from-variable".into()), file), "from-variable");
        assert_eq!(namespace(Some(String::new()), file), "");
        assert_eq!(namespace(None, file), "from-file");
        assert_eq!(namespace(None, || None), "argo-rollouts");
    }

    #[test]
    fn identities_differ() {
        assert_ne!(identity(), identity());
        assert_eq!(uuid([0, 0]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid([u64::MAX, u64::MAX]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
