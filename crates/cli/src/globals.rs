//! Flags that every command has: how to reach the API server, as `kubectl` names them, and how much to log.

use crate::cobra::{Flag, Matches, Values};
use crate::env::{LogLevel, Logging};
use rollouts_api::GoDuration;
use rollouts_kube::ConnectOptions;
use std::path::PathBuf;
use std::time::Duration;

/// What shells offer as values of those flags that take something else than a file.
const VALUES: [(&str, Values); 13] = [
    ("as", Values::Unknown),
    ("as-group", Values::Unknown),
    ("as-uid", Values::Unknown),
    ("cache-dir", Values::Directories),
    ("cluster", Values::Asked),
    ("context", Values::Asked),
    ("loglevel", Values::Words(&["error", "warn", "info", "debug", "trace"])),
    ("namespace", Values::Asked),
    ("request-timeout", Values::Unknown),
    ("server", Values::Unknown),
    ("tls-server-name", Values::Unknown),
    ("token", Values::Unknown),
    ("user", Values::Asked),
];

/// The flags; `home` is where the default of `--cache-dir` lies.
pub(crate) fn flags(home: Option<&str>) -> Vec<Flag> {
    let cache = format!("{}/.kube/cache", home.unwrap_or(""));
    let flags = vec![
        Flag::text("as", "", "User to act as; a service account is named system:serviceaccount:NAMESPACE:NAME"),
        Flag::list("as-group", &[], "Group to act as a member of; may be repeated"),
        Flag::text("as-uid", "", "UID to act with"),
        Flag::text("cache-dir", cache, "Accepted for compatibility with kubectl; nothing is cached on disk"),
        Flag::text("certificate-authority", "", "File with the certificates of the authorities to trust"),
        Flag::text("client-certificate", "", "File with the client's TLS certificate"),
        Flag::text("client-key", "", "File with the key of the client's TLS certificate"),
        Flag::text("cluster", "", "Cluster of the kubeconfig to use"),
        Flag::text("context", "", "Context of the kubeconfig to use"),
        Flag::switch("disable-compression", "Ask the API server for uncompressed answers"),
        Flag::switch(
            "insecure-skip-tls-verify",
            "Do not check the certificate of the API server; anyone between could read and change everything",
        ),
        Flag::text("kubeconfig", "", "The kubeconfig file, instead of those in KUBECONFIG or ~/.kube/config"),
        Flag::text("namespace", "", "Namespace to work in, instead of the context's").short('n'),
        Flag::text(
            "request-timeout",
            "0",
            "How long to wait for the answer to one request, such as 30s or 2m; 0 waits for ever",
        ),
        Flag::text("server", "", "Address and port of the API server").short('s'),
        Flag::text("tls-server-name", "", "Name expected in the certificate of the API server, if not the host's"),
        Flag::text("token", "", "Bearer token to authenticate with"),
        Flag::text("user", "", "User of the kubeconfig to be"),
        Flag::int("kloglevel", 0, "How much the Kubernetes client logs").short('v'),
        Flag::text("loglevel", "info", "How much is logged: error, warn, info, debug or trace"),
    ];
    let values = |name: &str| VALUES.iter().find(|(of, _)| *of == name).map(|(_, values)| *values);
    let with_values = |flag: Flag| match values(flag.name()) {
        Some(values) => flag.values(values),
        None => flag,
    };
    flags.into_iter().map(with_values).collect()
}

/// Looks at those flags that can be wrong whatever the command.
pub(crate) fn check(matches: &Matches) -> Result<(), String> {
    let level = matches.text("loglevel");
    match LogLevel::parse(level) {
        Some(_) => Ok(()),
        None => Err(format!("not a valid logrus Level: {level:?}")),
    }
}

/// What the logging flags say.
pub(crate) fn logging(matches: &Matches) -> Logging {
    // `check` refused what is no level; the notification commands, which it does not see, log as by default.
    let level = LogLevel::parse(matches.text("loglevel")).unwrap_or(LogLevel::Info);
    Logging { level, client_verbosity: matches.int("kloglevel") }
}

/// What the connection flags say that the plugin and the controller share. The error is in kubectl's words.
pub fn connect_options(matches: &Matches, user_agent: String) -> Result<ConnectOptions, String> {
    let text = |flag| matches.text_opt(flag).map(str::to_owned);
    // Only some commands have these.
    let own = |flag| if matches.declares(flag) { text(flag) } else { None };
    Ok(ConnectOptions {
        kubeconfig: text("kubeconfig").map(PathBuf::from),
        context: text("context"),
        cluster: text("cluster"),
        user: text("user"),
        namespace: text("namespace"),
        server: text("server"),
        token: text("token"),
        username: own("username"),
        password: own("password"),
        proxy_url: own("proxy-url"),
        r#as: text("as"),
        as_group: matches.list("as-group").to_vec(),
        as_uid: text("as-uid"),
        certificate_authority: text("certificate-authority"),
        client_certificate: text("client-certificate"),
        client_key: text("client-key"),
        insecure_skip_tls_verify: matches.bool("insecure-skip-tls-verify"),
        tls_server_name: text("tls-server-name"),
        request_timeout: timeout(matches.text("request-timeout"))?,
        disable_compression: matches.bool("disable-compression"),
        user_agent: Some(user_agent),
        ..ConnectOptions::default()
    })
}

/// The value of `--request-timeout`: seconds as a number, or a Go duration; zero means none. The error is in kubectl's
/// words.
fn timeout(text: &str) -> Result<Option<Duration>, String> {
    let timeout = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => match GoDuration::parse(text) {
            Ok(duration) => duration.unsigned(),
            Err(_) => {
                return Err("Invalid timeout value. Timeout must be a single integer in seconds, or an integer \
                            followed by a corresponding time unit (e.g. 1s | 2m | 3h)"
                    .into());
            }
        },
    };
    Ok(Some(timeout).filter(|t| !t.is_zero()))
}
