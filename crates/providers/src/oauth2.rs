//! OAuth 2 client credentials (RFC 6749 §4.4) as Go's `x/oauth2` sends them.

use crate::context::Context;
use crate::http::{Problem, Request, Response};
use crate::reading::Failure;
use crate::url::{form, query_escape};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::analysis::OAuth2;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A token is not used in its last seconds: it would expire on its way.
const EXPIRY_MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// Tokens that still hold, by what they were asked for with. A token whose end is not told is not kept.
#[derive(Debug, Clone, Default)]
pub struct Tokens(Arc<Mutex<BTreeMap<String, Token>>>);

#[derive(Clone)]
struct Token {
    authorization: String,
    until: Timestamp,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token until {}", self.until)
    }
}

/// The credentials if there are any: those with a `tokenUrl`.
pub(crate) fn checked(credentials: Option<&OAuth2>) -> Result<Option<&OAuth2>, Failure> {
    let Some(credentials) = credentials.filter(|oauth2| !oauth2.token_url.is_empty()) else {
        return Ok(None);
    };
    if credentials.client_id.is_empty() || credentials.client_secret.is_empty() {
        return Err(Failure::new("missing mandatory parameter in metric for OAuth2 setup"));
    }
    Ok(Some(credentials))
}

/// Gives `request` its `Authorization`. The token is asked for with the same headers, timeout and TLS as the request
/// has, if `with_headers`; without a token the error is the request's.
pub(crate) async fn authorize(
    context: &Context<'_>,
    credentials: &OAuth2,
    request: &mut Request,
    with_headers: bool,
) -> Result<(), Failure> {
    let key = key(credentials, request.insecure);
    let now = context.tools.clock.now();
    let kept = context.tools.tokens.get(&key, now);
    let authorization = match kept {
        Some(authorization) => authorization,
        None => {
            let token = fetch(context, credentials, request, with_headers).await;
            let answer = token.map_err(|text| request.failed(Problem::Other(text)))?;
            context.tools.tokens.keep(key, &answer, now);
            answer.authorization()
        }
    };
    request.set_header("Authorization", authorization);
    Ok(())
}

/// Forgets the token of `credentials` when the answer says that it does not hold.
pub(crate) fn learn(context: &Context<'_>, credentials: &OAuth2, insecure: bool, answer: &Response) {
    if answer.status == 401 {
        context.tools.tokens.lock().remove(&key(credentials, insecure));
    }
}

fn key(credentials: &OAuth2, insecure: bool) -> String {
    let OAuth2 { token_url, client_id, client_secret, scopes } = credentials;
    format!("{:?}", (token_url, client_id, client_secret, scopes, insecure))
}

impl Tokens {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Token>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &str, now: Timestamp) -> Option<String> {
        self.lock().get(key).filter(|token| token.until > now).map(|token| token.authorization.clone())
    }

    fn keep(&self, key: String, answer: &Answer, now: Timestamp) {
        let lifetime = answer.lifetime().and_then(|life| life.checked_sub(EXPIRY_MARGIN));
        let Some(until) = lifetime.and_then(|life| now.checked_add(life).ok()) else { return };
        let mut tokens = self.lock();
        tokens.retain(|_, token| token.until > now);
        tokens.insert(key, Token { authorization: answer.authorization(), until });
    }
}

/// Answer of a token endpoint.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: serde_json::Value,
    error: String,
    error_description: String,
}

impl Answer {
    fn authorization(&self) -> String {
        let kind = match self.token_type.as_str() {
            "" => "Bearer",
            kind if kind.eq_ignore_ascii_case("bearer") => "Bearer",
            kind => kind,
        };
        format!("{kind} {}", self.access_token)
    }

    /// Some servers write the seconds as text.
    fn lifetime(&self) -> Option<SignedDuration> {
        let seconds = self.expires_in.as_i64().or_else(|| self.expires_in.as_str()?.parse().ok());
        seconds.filter(|s| *s > 0).map(SignedDuration::from_secs)
    }
}

/// Asks for a token: with the credentials in a header and, if they are refused there, in the form.
async fn fetch(
    context: &Context<'_>,
    credentials: &OAuth2,
    of: &Request,
    with_headers: bool,
) -> Result<Answer, String> {
    let mut refused = String::new();
    for in_header in [true, false] {
        let request = request(credentials, of, with_headers, in_header);
        let answer = context.send(request).await.map_err(|e| e.to_string())?;
        match parse(&answer) {
            Ok(token) => return Ok(token),
            Err(e) => refused = e,
        }
    }
    Err(refused)
}

fn request(credentials: &OAuth2, of: &Request, with_headers: bool, in_header: bool) -> Request {
    let (id, secret) = (&credentials.client_id, &credentials.client_secret);
    let scope = credentials.scopes.join(" ");
    let mut pairs = Vec::new();
    if !in_header {
        pairs.extend([("client_id", id.as_str()), ("client_secret", secret)]);
    }
    pairs.push(("grant_type", "client_credentials"));
    if !scope.is_empty() {
        pairs.push(("scope", &scope));
    }
    let mut request = Request::new("POST", &credentials.token_url, of.timeout).body(form(pairs));
    request.insecure = of.insecure;
    if with_headers {
        request.headers.clone_from(&of.headers);
    }
    request.set_header("Content-Type", "application/x-www-form-urlencoded");
    if in_header {
        let pair = format!("{}:{}", query_escape(id), query_escape(secret));
        request.set_header("Authorization", format!("Basic {}", STANDARD.encode(pair)));
    }
    request
}

fn parse(response: &Response) -> Result<Answer, String> {
    let text = response.text();
    let answer = serde_json::from_str::<Answer>(&text);
    if let Ok(Answer { error, error_description, .. }) = &answer
        && !error.is_empty()
    {
        let more = if error_description.is_empty() { String::new() } else { format!(" {error_description:?}") };
        let status = status(response.status);
        return Err(format!("oauth2: cannot fetch token: {status}: {error:?}{more}"));
    }
    if !response.is_success() {
        return Err(format!("oauth2: cannot fetch token: {}\nResponse: {text}", status(response.status)));
    }
    let answer = answer.map_err(|e| format!("oauth2: cannot parse json: {e}"))?;
    if answer.access_token.is_empty() {
        return Err("oauth2: server response missing access_token".to_owned());
    }
    Ok(answer)
}

/// `401 Unauthorized`.
fn status(code: u16) -> String {
    let reason = ::http::StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| code.to_string(), |reason| format!("{code} {reason}"))
}
