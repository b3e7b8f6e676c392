//! Proxies named by the environment, by the rules Go programs follow.
//!
//! kube takes `HTTPS_PROXY` for any server, the local machine included; a kubeconfig's own `proxy-url` it treats
//! well. So the environment is read here.

use std::env;
use std::net::IpAddr;

/// The proxy for requests to `server`, if the environment names one.
pub(super) fn from_environment(server: &http::Uri) -> Option<String> {
    let variable = |upper: &str| {
        let value = env::var(upper).or_else(|_| env::var(upper.to_lowercase())).unwrap_or_default();
        Some(value).filter(|v| !v.is_empty())
    };
    let proxy = match server.scheme_str() {
        Some("https") => variable("HTTPS_PROXY"),
        _ => variable("HTTP_PROXY"),
    };
    choose(server, proxy, &variable("NO_PROXY").unwrap_or_default())
}

fn choose(server: &http::Uri, proxy: Option<String>, no_proxy: &str) -> Option<String> {
    let proxy = proxy?;
    let host = server.host()?.trim_matches(['[', ']']);
    let ip = host.parse::<IpAddr>().ok();
    let local = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    if local || no_proxy.split(',').map(str::trim).any(|pattern| exempts(pattern, host, ip, server.port_u16())) {
        return None;
    }
    Some(if proxy.contains("://") { proxy } else { format!("http://{proxy}") })
}

/// Whether one entry of `NO_PROXY` covers the host: `*`, an address, a network, a domain with or without a leading
/// dot, each but the first two with an optional port.
fn exempts(pattern: &str, host: &str, ip: Option<IpAddr>, port: Option<u16>) -> bool {
    if pattern == "*" {
        return true;
    }
    let (name, wanted_port) = match pattern.rsplit_once(':') {
        Some((name, p)) if !name.contains(':') => (name, p.parse::<u16>().ok()),
        _ => (pattern, None),
    };
    if name.is_empty() || wanted_port.is_some_and(|p| Some(p) != port) {
        return false;
    }
    if let Some(ip) = ip {
        return match name.split_once('/') {
            Some((network, bits)) => in_network(ip, network, bits),
            None => name.parse() == Ok(ip),
        };
    }
    let (host, name) = (host.to_ascii_lowercase(), name.to_ascii_lowercase());
    match name.trim_start_matches('*').strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn in_network(ip: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxied(server: &str, no_proxy: &str) -> bool {
        let server = server.parse().expect("a URL");
        choose(&server, Some("proxy:3128".into()), no_proxy) == Some("http://proxy:3128".into())
    }

    #[test]
    fn follows_the_rules_of_go() {
        let table = [
            ("https://k8s.example.com:6443", "", true),
            ("https://127.0.0.1:6443", "", false),
            ("https://[::1]:6443", "", false),
            ("https://localhost", "", false),
            ("https://k8s.example.com", "*", false),
            ("https://k8s.example.com", "other.com, example.com", false),
            ("https://k8s.example.com", ".example.com", false),
            ("https://example.com", ".example.com", true),
            ("https://badexample.com", "example.com", true),
            ("https://k8s.example.com:6443", "example.com:443", true),
            ("https://k8s.example.com:6443", "example.com:6443", false),
            ("https://10.1.2.3", "10.0.0.0/8", false),
            ("https://11.1.2.3", "10.0.0.0/8", true),
            ("https://10.1.2.3", "10.1.2.3", false),
            ("https://[fd00::1]", "fd00::/8", false),
        ];
        for (server, no_proxy, expected) in table {
            assert_eq!(proxied(server, no_proxy), expected, "{server} with NO_PROXY={no_proxy}");
        }
        assert_eq!(choose(&"https://a.b".parse().expect("a URL"), None, ""), None);
    }
}
