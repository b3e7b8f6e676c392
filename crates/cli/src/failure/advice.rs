//! What a user may do about a request that failed.

const UNAUTHORIZED: &str = "Unauthorized";

/// What errors say, and what may be done about them.
const KNOWN: [(&str, &str); 8] = [
    (" is forbidden: ", "; have it allowed by a Role, or choose who you are with --context, --user or --as"),
    (
        "the server could not find the requested resource",
        "; Argo Rollouts is not installed there: apply its CRDs, or choose another cluster with --context",
    ),
    ("Connection refused", "; is the cluster running, and is this the right --context or --server?"),
    ("dns error", "; is the name right, and the network up?"),
    ("UnknownIssuer", TRUST),
    ("BadSignature", TRUST),
    ("not valid for name", "; name the server with --tls-server-name as its certificate does"),
    ("certificate expired", "; the server needs a new one"),
];

const TRUST: &str = "; name the authority to trust with --certificate-authority, or use the cluster's own kubeconfig";

/// The words of an error about a request, and what to do about it where that is known: one line.
pub(super) fn with(error: &str) -> String {
    if error == UNAUTHORIZED {
        return format!(
            "you must be logged in to the server ({error}): the credentials of the kubeconfig are wrong or have expired"
        );
    }
    let advice = KNOWN.iter().find(|(sign, _)| error.contains(sign)).map_or("", |(_, advice)| advice);
    format!("{error}{advice}")
}
