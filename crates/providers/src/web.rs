//! The provider `web`: calls any URL (analysis.md §4.2).

use crate::context::Context;
use crate::http::{Request, Response};
use crate::jsonpath::JsonPath;
use crate::oauth2;
use crate::reading::{Failure, Reading, Result};
use crate::text;
use rollouts_api::analysis::WebMetric;
use rollouts_api::go_json;
use rollouts_expr::Value;
use std::time::Duration;

/// Seconds that an answer may take unless the metric says otherwise.
const TIMEOUT: u64 = 10;

/// Calls the URL and reads the answer.
pub(crate) async fn read(context: &Context<'_>, web: &WebMetric) -> Result {
    let path = if web.json_path.is_empty() { "{$}" } else { &web.json_path };
    let path = JsonPath::parse(path).map_err(Failure::new)?;
    let credentials = oauth2::checked(web.authentication.oauth2.as_ref())?;
    let mut request = request(web)?;
    let response = context
        .within(&request.clone(), async {
            if let Some(credentials) = credentials {
                oauth2::authorize(context, credentials, &mut request, false).await?;
            }
            let response = context.send(request).await?;
            if let Some(credentials) = credentials {
                oauth2::learn(context, credentials, web.insecure, &response);
            }
            Ok(response)
        })
        .await?;
    parse(&response, &path)
}

/// The request as the metric describes it.
fn request(web: &WebMetric) -> Result<Request> {
    let method = if web.method.is_empty() { "GET" } else { &web.method };
    let json = web.json_body.as_ref().filter(|body| !body.is_null());
    if !web.body.is_empty() && json.is_some() {
        return Err(Failure::new("use either Body or JSONBody; both cannot exists for WebMetric payload"));
    }
    if method == "GET" && (!web.body.is_empty() || json.is_some()) {
        return Err(Failure::new("Body/JSONBody can only be used with POST or PUT WebMetric Method types"));
    }
    let timeout = u64::try_from(web.timeout_seconds).ok().filter(|seconds| *seconds > 0).unwrap_or(TIMEOUT);
    let mut request = Request::new(method, &web.url, Duration::from_secs(timeout));
    request.insecure = web.insecure;
    for header in &web.headers {
        request.set_header(&header.key, &header.value);
    }
    if let Some(json) = json {
        request.set_header("Content-Type", "application/json");
        return Ok(request.body(go_json::to_string(json)));
    }
    Ok(if web.body.is_empty() { request } else { request.body(web.body.as_str()) })
}

/// What the answer says. One that is not JSON is a text, whatever the path.
fn parse(response: &Response, path: &JsonPath) -> Result {
    if !response.is_success() {
        return Err(Failure::new(format!("received non 2xx response code: {}", response.status)));
    }
    let body = response.text();
    let Ok(json) = serde_json::from_str::<serde_json::Value>(&body) else {
        return Ok(Reading::new(Value::String(body.clone()), body));
    };
    let found = path.first(&Value::from(json));
    let found = found.map_err(|e| Failure::new(format!("Could not find JSONPath in body: {e}")))?;
    let value = found.ok_or_else(|| Failure::new("result of web metric produced no value"))?;
    let text = text::json(&value);
    Ok(Reading::new(value, text))
}

#[cfg(test)]
mod tests;
