//! Endpoints and EndpointSlices.

use rollouts_api::field::{FieldError, Path};
use rollouts_api::pod_template::json::{int, list, text};
use rollouts_api::pod_template::validate::{Errors, complain};
use rollouts_api::syntax;
use serde_json::Value;

pub(super) fn endpoints(obj: &Value, errors: &mut Errors) {
    for (i, subset) in list(obj, "subsets").iter().enumerate() {
        let path = Path::new("subsets").index(i);
        for key in ["addresses", "notReadyAddresses"] {
            for (i, address) in list(subset, key).iter().enumerate() {
                ip(text(address, "ip"), &path.child(key).index(i).child("ip"), errors);
            }
        }
        for (i, port) in list(subset, "ports").iter().enumerate() {
            let number = int(port, "port").unwrap_or_default();
            complain(errors, &path.child("ports").index(i).child("port"), number, syntax::port_number(number));
        }
    }
}

/// Kubernetes looks at an address twice.
fn ip(ip: &str, path: &Path, errors: &mut Errors) {
    if ip.parse::<std::net::IpAddr>().is_err() {
        let example = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.push(FieldError::invalid(path, ip, example));
        errors.push(FieldError::invalid(path, ip, "must be a valid IP address"));
    }
}

pub(super) fn slice(obj: &Value, errors: &mut Errors) {
    let family = text(obj, "addressType");
    let supported = ["FQDN", "IPv4", "IPv6"];
    if family.is_empty() {
        errors.push(FieldError::required(&Path::new("addressType"), ""));
    } else if !supported.contains(&family) {
        errors.push(FieldError::not_supported(&Path::new("addressType"), family, &supported));
    }
}
