//! Request methods.

/// Those of HTTP.
const ALL: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Those that begin so, for routers that know only whole ones.
pub fn with_prefix(prefix: &str) -> Vec<&'static str> {
    ALL.into_iter().filter(|method| method.starts_with(prefix)).collect()
}

/// Whether it is one of them; routers that know only these refuse all others.
pub fn is_known(method: &str) -> bool {
    ALL.contains(&method)
}
