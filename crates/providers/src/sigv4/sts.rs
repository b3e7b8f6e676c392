//! The service that hands out credentials of roles.

use super::{Credentials, Scope, sign};
use crate::context::Context;
use crate::http::{Request, Response};
use crate::reading::{Failure, Result};
use crate::url::form;
use std::time::Duration;

/// From the question to the answer.
const TIMEOUT: Duration = Duration::from_secs(10);

const VERSION: &str = "2011-06-15";

/// What proves who asks.
pub(super) enum Proof<'a> {
    /// A token of another identity provider, as Kubernetes puts it into pods.
    WebIdentity(&'a str),
    /// Other credentials.
    Signature(&'a Credentials),
}

/// Credentials of a role.
pub(super) async fn assume(
    context: &Context<'_>,
    region: &str,
    role_arn: &str,
    session: &str,
    proof: Proof<'_>,
) -> Result<Credentials> {
    let endpoint = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].into_iter().find_map(|name| context.variable(name));
    let endpoint = endpoint.map_or_else(|| format!("https://sts.{region}.{}", domain(region)), str::to_owned);
    let mut pairs = vec![("Version", VERSION), ("RoleArn", role_arn), ("RoleSessionName", session)];
    match proof {
        Proof::WebIdentity(token) => {
            pairs.extend([("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", token)]);
        }
        Proof::Signature(_) => pairs.push(("Action", "AssumeRole")),
    }
    pairs.sort();
    let mut request = Request::new("POST", format!("{}/", endpoint.trim_end_matches('/')), TIMEOUT)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form(pairs));
    if let Proof::Signature(credentials) = proof {
        sign(&mut request, credentials, Scope { service: "sts", region }, context.tools.clock.now());
    }
    parse(&context.send(request).await?)
}

/// Domain of AWS's services.
fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

fn parse(response: &Response) -> Result<Credentials> {
    let text = response.text();
    let element = |name: &str| element(&text, name);
    if !response.is_success() {
        let (code, message) = (element("Code").unwrap_or("-"), element("Message").unwrap_or("-"));
        let status = response.status;
        return Err(Failure::new(format!("sts: cannot assume the role: {status} {code}: {message}")));
    }
    let missing = || Failure::new("sts: the answer has no credentials");
    let (id, key) = (element("AccessKeyId").ok_or_else(missing)?, element("SecretAccessKey").ok_or_else(missing)?);
    Ok(Credentials {
        session_token: element("SessionToken").map(str::to_owned),
        expires: element("Expiration").and_then(|time| time.parse().ok()),
        ..Credentials::new(id, key)
    })
}

/// The text of the first element of that name. What is looked for here has neither attributes nor escapes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim()).filter(|text| !text.is_empty())
}
