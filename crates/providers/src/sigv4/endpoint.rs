//! Where services of AWS are.

use crate::context::Tools;

/// URL of a service in a region, with a slash at its end. `variable` is what the environment names its URL by; a general
/// one comes after it.
pub fn endpoint(tools: &Tools, service: &str, variable: &str, region: &str) -> String {
    if let Some(url) = tools.variable(variable).or_else(|| tools.variable("AWS_ENDPOINT_URL")) {
        return format!("{}/", url.trim_end_matches('/'));
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{service}.{region}.{domain}/")
}
