//! The service that hands out credentials of roles.

use super::{Credentials, Scope, endpoint, sign};
use crate::context::Tools;
use crate::http::{Request, Response};
use crate::reading::{Failure, Result};
use crate::url::form;
use crate::xml::Element;
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
    tools: &Tools,
    region: &str,
    role_arn: &str,
    session: &str,
    proof: Proof<'_>,
) -> Result<Credentials> {
    let mut pairs = vec![("Version", VERSION), ("RoleArn", role_arn), ("RoleSessionName", session)];
    match proof {
        Proof::WebIdentity(token) => {
            pairs.extend([("Action", "AssumeRoleWithWebIdentity"), ("WebIdentityToken", token)]);
        }
        Proof::Signature(_) => pairs.push(("Action", "AssumeRole")),
    }
    pairs.sort();
    let mut request = Request::new("POST", endpoint(tools, "sts", "AWS_ENDPOINT_URL_STS", region), TIMEOUT)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form(pairs));
    if let Proof::Signature(credentials) = proof {
        sign(&mut request, credentials, Scope { service: "sts", region }, tools.clock.now());
    }
    parse(&tools.send(request).await?)
}

fn parse(response: &Response) -> Result<Credentials> {
    let answer = Element::parse(&response.text()).unwrap_or_default();
    let or_dash = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
    if !response.is_success() {
        let said = answer.child("Error");
        let [code, message] = ["Code", "Message"].map(|name| or_dash(said.map_or("", |said| said.text_of(name))));
        let status = response.status;
        return Err(Failure::new(format!("sts: cannot assume the role: {status} {code}: {message}")));
    }
    // `AssumeRoleResult`, or that of a web identity, stands around it.
    let found = answer.children().find_map(|result| result.child("Credentials"));
    let element = |name: &str| found.map(|found| found.text_of(name)).filter(|text| !text.is_empty());
    let missing = || Failure::new("sts: the answer has no credentials");
    let (id, key) = (element("AccessKeyId").ok_or_else(missing)?, element("SecretAccessKey").ok_or_else(missing)?);
    Ok(Credentials {
        session_token: element("SessionToken").map(str::to_owned),
        expires: element("Expiration").and_then(|time| time.parse().ok()),
        ..Credentials::new(id, key)
    })
}
