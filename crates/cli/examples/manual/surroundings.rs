//! What concerns all commands and is no flag.

/// How a command ends.
pub const EXIT_STATUS: [(&str, &str); 2] = [
    ("0", "The command did what it was asked, or printed the help that was asked for."),
    ("1", "Anything else: the reason is on standard error, behind `Error: `, or how the command is to be called."),
];

/// Environment variables that are looked at.
pub const ENVIRONMENT: [(&str, &str); 4] = [
    ("KUBECONFIG", "Files that say where API servers are, separated by colons. Without it, ~/.kube/config."),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "Proxies to the API server, and hosts to be reached without."),
    ("NO_COLOR", "With any value but an empty one, nothing is coloured or drawn over."),
    ("TERM", "With the value `dumb`, the same."),
];
