//! `metav1.Status` failures with the codes, reasons and words of the real API server.

use serde_json::{Map, Value, json};

/// A failed request: becomes a `Status` object and an HTTP status code.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError(Box<Failure>);

#[derive(Debug, Clone, PartialEq)]
struct Failure {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Details>,
}

/// `status.details`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// Its API group.
    pub group: String,
    /// Its kind (422) or plural resource name (all others).
    pub kind: String,
    /// Its uid, where known.
    pub uid: String,
    /// The single faults.
    pub causes: Vec<Cause>,
    /// Seconds after which trying again makes sense; 0 for none.
    pub retry_after_seconds: u32,
}

/// `status.details.causes[]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cause {
    /// Machine-readable cause, e.g. `FieldValueInvalid`.
    pub reason: String,
    /// The fault in words.
    pub message: String,
    /// Path of the field, e.g. `spec.replicas`.
    pub field: String,
}

/// A group and a plural resource name, printed as the real server prints it: `deployments.apps`, `pods`.
fn group_resource(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

impl ApiError {
    /// Any status; prefer the named constructors.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        ApiError(Box::new(Failure { code, reason, message: message.into(), details: None }))
    }

    /// Adds details.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.0.details = Some(details);
        self
    }

    fn about(self, group: &str, resource: &str, name: &str) -> Self {
        self.with_details(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: resource.to_owned(),
            ..Details::default()
        })
    }

    /// 404 for one object.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {name:?} not found", group_resource(group, resource)))
            .about(group, resource, name)
    }

    /// 404 for a path that serves nothing.
    pub fn no_route() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").with_details(Details::default())
    }

    /// 409 on create.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} {name:?} already exists", group_resource(group, resource)))
            .about(group, resource, name)
    }

    /// 409 on a write that lost a race, with the given explanation.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = group_resource(group, resource);
        Self::new(409, "Conflict", format!("Operation cannot be fulfilled on {what} {name:?}: {why}"))
            .about(group, resource, name)
    }

    /// 409 on a stale resourceVersion.
    pub fn stale(group: &str, resource: &str, name: &str) -> Self {
        const WHY: &str = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, WHY)
    }

    /// 403 decided by admission or authorization.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = group_resource(group, resource);
        let message = if resource.is_empty() {
            format!("forbidden: {why}")
        } else if name.is_empty() {
            format!("{what} is forbidden: {why}")
        } else {
            format!("{what} {name:?} is forbidden: {why}")
        };
        Self::new(403, "Forbidden", message).about(group, resource, name)
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .with_details(Details::default())
    }

    /// 406.
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    /// 415.
    pub fn unsupported_media_type(allowed: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {allowed}");
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 415 for a patch.
    pub fn unsupported_patch() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type").with_details(Details::default())
    }

    /// 410: the requested version is no longer known.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 504: the requested version lies in the future.
    pub fn future_version(requested: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {requested}, current: {current}");
        Self::new(504, "Timeout", format!("Timeout: {message}")).with_details(Details {
            causes: vec![Cause {
                reason: "ResourceVersionTooLarge".into(),
                message: "Too large resource version".into(),
                field: String::new(),
            }],
            retry_after_seconds: 1,
            ..Details::default()
        })
    }

    /// 429 with a cause.
    pub fn too_many_requests(message: &str, cause: Cause) -> Self {
        Self::new(429, "TooManyRequests", message).with_details(Details { causes: vec![cause], ..Details::default() })
    }

    /// 500.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        let message = message.to_string();
        let cause = Cause { message: message.clone(), ..Cause::default() };
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
            .with_details(Details { causes: vec![cause], ..Details::default() })
    }

    /// 422: `kind` is the kind's name; every cause carries its field and message.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let qualified = group_resource(group, kind);
        let line = |c: &Cause| format!("{}: {}", c.field, c.message);
        let list = match causes.as_slice() {
            [one] => line(one),
            many => {
                let mut lines: Vec<String> = Vec::new();
                for l in many.iter().map(line) {
                    if !lines.contains(&l) {
                        lines.push(l);
                    }
                }
                if lines.len() == 1 { lines.remove(0) } else { format!("[{}]", lines.join(", ")) }
            }
        };
        Self::new(422, "Invalid", format!("{qualified} {name:?} is invalid: {list}")).with_details(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes,
            ..Details::default()
        })
    }

    /// HTTP status code.
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// Machine-readable reason.
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// The fault in words.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Seconds after which trying again makes sense, if it does.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.0.details.as_ref().map(|d| d.retry_after_seconds).filter(|s| *s > 0)
    }

    /// The `Status` object.
    pub fn to_status(&self) -> Value {
        let f = &self.0;
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": f.message, "code": f.code,
        });
        if !f.reason.is_empty() {
            status["reason"] = json!(f.reason);
        }
        if let (Some(d), Some(map)) = (&f.details, status.as_object_mut()) {
            map.insert("details".into(), d.to_value());
        }
        status
    }
}

impl Details {
    /// The JSON form, without empty fields.
    pub fn to_value(&self) -> Value {
        let mut m = Map::new();
        for (key, value) in [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)] {
            if !value.is_empty() {
                m.insert(key.into(), json!(value));
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|c| {
                let mut cause = Map::new();
                for (key, value) in [("reason", &c.reason), ("message", &c.message), ("field", &c.field)] {
                    if !value.is_empty() {
                        cause.insert(key.into(), json!(value));
                    }
                }
                Value::Object(cause)
            });
            m.insert("causes".into(), causes.collect());
        }
        if self.retry_after_seconds > 0 {
            m.insert("retryAfterSeconds".into(), json!(self.retry_after_seconds));
        }
        Value::Object(m)
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.0.code, self.0.reason, self.0.message)
    }
}

impl std::error::Error for ApiError {}

/// What handlers return.
pub type Result<T> = std::result::Result<T, ApiError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_real_ones() {
        assert_eq!(ApiError::not_found("", "pods", "x").message(), "pods \"x\" not found");
        assert_eq!(
            ApiError::stale("argoproj.io", "rollouts", "x").message(),
            "Operation cannot be fulfilled on rollouts.argoproj.io \"x\": the object has been modified; \
             please apply your changes to the latest version and try again"
        );
        let cause = Cause { reason: "FieldValueRequired".into(), message: "Required value".into(), field: "a".into() };
        assert_eq!(
            ApiError::invalid("apps", "Deployment", "x", vec![cause]).message(),
            "Deployment.apps \"x\" is invalid: a: Required value"
        );
    }

    #[test]
    fn status_has_details() {
        let s = ApiError::already_exists("apps", "deployments", "d").to_status();
        assert_eq!(s["code"], 409);
        assert_eq!(s["details"], json!({"name": "d", "group": "apps", "kind": "deployments"}));
    }
}
