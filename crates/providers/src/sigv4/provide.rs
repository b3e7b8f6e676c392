//! Where credentials come from.

use super::credentials::Profiles;
use super::sts::{Proof, assume};
use super::{Credentials, Identity};
use crate::context::Tools;
use crate::http::Request;
use crate::reading::{Failure, Result};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Credentials are not used in their last minutes: AWS advises to be early.
const EXPIRY_MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// For how long credentials are kept that do not say when they expire: they are in files that may change.
const UNDATED_KEPT: SignedDuration = SignedDuration::from_mins(1);

/// From the question to the answer of the services on the node itself: not everywhere is there one.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the service of containers is that is not named by a whole URL.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// Where the service of instances is.
const INSTANCE_HOST: &str = "http://169.254.169.254";

/// Credentials that still hold, by who they are of.
#[derive(Debug, Clone, Default)]
pub struct Cache(Arc<Mutex<Kept>>);

/// By region, profile and role; and until when.
type Kept = BTreeMap<[String; 3], (Credentials, Timestamp)>;

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Region of the service to call: what the metric says, else the environment, else the profile.
pub fn region(tools: &Tools, identity: Identity<'_>) -> Result<String> {
    let named = Some(identity.region).filter(|region| !region.is_empty());
    let named = named.or_else(|| tools.variable("AWS_REGION")).or_else(|| tools.variable("AWS_DEFAULT_REGION"));
    if let Some(region) = named {
        return Ok(region.to_owned());
    }
    let profile = profile_name(tools, identity);
    let region = profiles(tools).get(profile, "region").map(str::to_owned);
    region.ok_or_else(|| Failure::new("region not configured in sigv4 or in default credentials chain"))
}

/// Credentials of `identity`: of its profile, or else the first that there are of: environment variables, the shared
/// files, a token of the pod (web identity), the service of containers, the service of instances. They are those of
/// its role, if it has one. Kept until they expire.
///
/// # Errors
/// There are none, or one of these sources is named but does not work.
pub async fn credentials(tools: &Tools, identity: Identity<'_>) -> Result<Credentials> {
    let region = region(tools, identity)?;
    let key = [region.as_str(), identity.profile, identity.role_arn].map(str::to_owned);
    let now = tools.clock.now();
    let cache = &tools.aws;
    let kept = cache.lock().get(&key).filter(|(_, until)| *until > now).map(|(credentials, _)| credentials.clone());
    if let Some(credentials) = kept {
        return Ok(credentials);
    }
    let mut found = base(tools, identity, &region).await?;
    if !identity.role_arn.is_empty() {
        found = assume(tools, &region, identity.role_arn, &session(tools), Proof::Signature(&found)).await?;
    }
    let until = match found.expires {
        Some(expires) => expires.checked_sub(EXPIRY_MARGIN).unwrap_or(now),
        None => now.checked_add(UNDATED_KEPT).unwrap_or(now),
    };
    let mut kept = cache.lock();
    kept.retain(|_, (_, until)| *until > now);
    kept.insert(key, (found.clone(), until));
    Ok(found)
}

async fn base(tools: &Tools, identity: Identity<'_>, region: &str) -> Result<Credentials> {
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    // A profile that is asked for by name comes before what everybody gets.
    let of_everybody = || Credentials::among(|name| tools.variable(name), names);
    if let Some(found) = of_everybody().filter(|_| identity.profile.is_empty()) {
        return Ok(found);
    }
    let (profile, profiles) = (profile_name(tools, identity), profiles(tools));
    if let Some(found) = profiles.credentials(profile) {
        return Ok(found);
    }
    let role = (profiles.get(profile, "role_arn"), profiles.get(profile, "web_identity_token_file"));
    let of_pod = || Some((tools.variable("AWS_ROLE_ARN")?, tools.variable("AWS_WEB_IDENTITY_TOKEN_FILE")?));
    if let Some((role, file)) = role.0.zip(role.1).or_else(of_pod) {
        let token = read(file)?;
        return assume(tools, region, role, &session(tools), Proof::WebIdentity(token.trim())).await;
    }
    if !identity.profile.is_empty() {
        return Err(Failure::new(format!("the AWS profile {:?} has no credentials", identity.profile)));
    }
    if let Some(request) = of_container(tools)? {
        return answer(tools, request).await;
    }
    if tools.variable("AWS_EC2_METADATA_DISABLED").is_some_and(|no| no.eq_ignore_ascii_case("true")) {
        return Err(none_found());
    }
    of_instance(tools).await
}

fn none_found() -> Failure {
    Failure::new("no AWS credentials: none in the environment, in the shared files, of the pod or of the node")
}

/// The request for credentials of a container, as ECS and EKS have them.
fn of_container(tools: &Tools) -> Result<Option<Request>> {
    let relative = tools.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let relative = relative.map(|path| format!("{CONTAINER_HOST}{path}"));
    let url = relative.or_else(|| tools.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned));
    let Some(url) = url else { return Ok(None) };
    let mut request = Request::new("GET", url, LOCAL_TIMEOUT);
    let token = match tools.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => Some(read(file)?),
        None => tools.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
    };
    if let Some(token) = token {
        request.set_header("Authorization", token.trim());
    }
    Ok(Some(request))
}

/// Credentials of the instance that this runs on.
async fn of_instance(tools: &Tools) -> Result<Credentials> {
    let host = tools.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(INSTANCE_HOST).trim_end_matches('/');
    let request = Request::new("PUT", format!("{host}/latest/api/token"), LOCAL_TIMEOUT)
        .header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300");
    // It is where nobody said that it is: that it is not there is no news.
    let Ok(token) = tools.send(request).await else { return Err(none_found()) };
    let get = |path: &str| {
        let url = format!("{host}/latest/meta-data/iam/security-credentials/{path}");
        let request = Request::new("GET", url, LOCAL_TIMEOUT);
        if token.is_success() { request.header("X-Aws-Ec2-Metadata-Token", token.text()) } else { request }
    };
    let role = tools.send(get("")).await?;
    let text = role.text();
    match text.lines().next().map(str::trim).filter(|role_name| role.is_success() && !role_name.is_empty()) {
        Some(role) => answer(tools, get(role)).await,
        None => Err(none_found()),
    }
}

/// What the services of containers and instances answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<Timestamp>,
}

async fn answer(tools: &Tools, request: Request) -> Result<Credentials> {
    let url = request.url.clone();
    let response = tools.send(request).await?;
    let failed = |problem: String| Failure::new(format!("AWS credentials of {url}: {problem}"));
    if !response.is_success() {
        return Err(failed(format!("status {}", response.status)));
    }
    // The decoder's words would show what it stumbled over.
    let answer: Answer =
        serde_json::from_slice(&response.body).map_err(|_| failed("not what they should be".into()))?;
    Ok(Credentials {
        session_token: answer.token,
        expires: answer.expiration,
        ..Credentials::new(&answer.access_key_id, &answer.secret_access_key)
    })
}

/// Name of this client's sessions.
fn session(tools: &Tools) -> String {
    let named = tools.variable("AWS_ROLE_SESSION_NAME").map(str::to_owned);
    named.unwrap_or_else(|| format!("argo-rollouts-{}", tools.clock.now().as_millisecond()))
}

fn profile_name<'a>(tools: &'a Tools, identity: Identity<'a>) -> &'a str {
    match identity.profile {
        "" => tools.variable("AWS_PROFILE").unwrap_or("default"),
        profile => profile,
    }
}

/// What the shared files say; those that cannot be read say nothing.
fn profiles(tools: &Tools) -> Profiles {
    let files = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")];
    let mut profiles = Profiles::default();
    for (variable, name) in files {
        let usual = || tools.variable("HOME").map(|home| format!("{home}/.aws/{name}"));
        if let Some(path) = tools.variable(variable).map(str::to_owned).or_else(usual)
            && let Ok(text) = std::fs::read_to_string(path)
        {
            profiles.read(&text);
        }
    }
    profiles
}

/// A small file of the pod itself.
fn read(file: &str) -> Result<String> {
    std::fs::read_to_string(file).map_err(|e| Failure::new(format!("{file}: {e}")))
}
