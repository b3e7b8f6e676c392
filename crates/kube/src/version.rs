//! Comparing resourceVersions.
//!
//! They are opaque in principle. In practice each is the revision of etcd at which an object was written: a number
//! that grows with every write, shared by all objects of a kind. Kubernetes' own API machinery and clients compare
//! them as numbers, and since 1.35 this is promised to clients. A version that is no number compares with nothing.

/// Whether `a` is known to be older than `b`.
pub fn older(a: &str, b: &str) -> bool {
    matches!((number(a), number(b)), (Some(a), Some(b)) if a < b)
}

/// Whether `a` is `b`, or known to be newer.
pub fn reached(a: &str, b: &str) -> bool {
    a == b || matches!((number(a), number(b)), (Some(a), Some(b)) if a >= b)
}

fn number(version: &str) -> Option<u64> {
    version.parse().ok()
}
