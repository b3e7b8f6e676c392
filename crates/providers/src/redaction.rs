//! Hiding secrets in what is written down.

use crate::url::{path_escape, query_escape};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use rollouts_api::analysis::{Authentication, Measurement, Metric};
use rollouts_api::field::quote;
use rollouts_api::go_json;
use std::collections::{BTreeMap, BTreeSet};

/// What stands in place of a secret.
pub const HIDDEN: &str = "*****";

/// Secrets shorter than this are hidden only where they stand alone: a secret `1` must not make a riddle of each number.
const ANYWHERE_MIN: usize = 4;

/// Hides secrets in texts, in each form in which they get there: as they are, quoted by Go or in JSON, escaped in URLs,
/// in base64, alone or as the user and password of basic authentication.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest first: a secret may be a part of another.
    forms: Vec<String>,
}

impl Redactor {
    /// Hides `secrets` in what comes of measuring `metric`, which is filled in with them.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>, metric: &Metric) -> Self {
        let secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        let mut forms = BTreeSet::new();
        for secret in &secrets {
            forms.extend(forms_of(secret));
        }
        for pair in credentials(metric) {
            if secrets.iter().any(|secret| pair.contains(secret)) {
                forms.extend(encoded(&pair));
            }
        }
        let mut forms: Vec<String> = forms.into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Redactor { forms }
    }

    /// `text` without secrets.
    pub fn redact(&self, text: String) -> String {
        self.forms.iter().fold(text, |text, form| hide(text, form))
    }

    /// `metadata` without secrets in its values.
    pub fn redact_metadata(&self, metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
        metadata.into_iter().map(|(key, value)| (key, self.redact(value))).collect()
    }

    /// `measurement` without secrets in its texts.
    pub fn redact_measurement(&self, measurement: Measurement) -> Measurement {
        Measurement {
            message: self.redact(measurement.message),
            value: self.redact(measurement.value),
            metadata: self.redact_metadata(measurement.metadata),
            ..measurement
        }
    }
}

/// `text` with [`HIDDEN`] in place of `form`.
fn hide(text: String, form: &str) -> String {
    if !text.contains(form) {
        return text;
    }
    if form.len() >= ANYWHERE_MIN {
        return text.replace(form, HIDDEN);
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(form) {
        let end = at + form.len();
        let joined = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if !joined(text[..at].chars().next_back()) && !joined(text[end..].chars().next()) {
            out.push_str(&text[done..at]);
            out.push_str(HIDDEN);
            done = end;
        }
    }
    out.push_str(&text[done..]);
    out
}

fn forms_of(secret: &str) -> Vec<String> {
    let inside = |quoted: String| quoted[1..quoted.len() - 1].to_owned();
    let mut json = String::new();
    go_json::escape(secret, &mut json);
    let plain_json = serde_json::Value::from(secret).to_string();
    let (once, json, plain_json) = (inside(quote(secret)), inside(json), inside(plain_json));
    // The value of a web metric is JSON, in which a text may hold JSON or quoted text again.
    let (twice, mut json_twice) = (inside(quote(&once)), String::new());
    go_json::escape(&json, &mut json_twice);
    let mut forms = vec![
        secret.to_owned(),
        once,
        twice,
        json,
        plain_json,
        inside(json_twice),
        query_escape(secret),
        path_escape(secret),
        query_escape(secret).replace('+', "%20"),
    ];
    // Of one that has ended in a newline, as files do, most answers show only the rest.
    let trimmed = secret.trim();
    if trimmed != secret && !trimmed.is_empty() {
        forms.push(trimmed.to_owned());
    }
    forms.extend(encoded(secret));
    forms
}

/// In base64, with and without its padding.
fn encoded(text: &str) -> Vec<String> {
    let standard = STANDARD.encode(text);
    let url = URL_SAFE.encode(text);
    let bare = |text: &String| text.trim_end_matches('=').to_owned();
    vec![query_escape(&standard), bare(&standard), bare(&url), standard, url]
}

/// What basic authentication sends, of each that `metric` may do.
fn credentials(metric: &Metric) -> Vec<String> {
    let provider = &metric.provider;
    let prometheus = provider.prometheus.as_ref().map(|p| &p.authentication);
    let web = provider.web.as_ref().map(|w| &w.authentication);
    let of = |auth: &Authentication| {
        let basic = auth.basic_auth.as_ref().map(|basic| format!("{}:{}", basic.username, basic.password));
        let escaped = |o: &rollouts_api::analysis::OAuth2| {
            format!("{}:{}", query_escape(&o.client_id), query_escape(&o.client_secret))
        };
        let client = auth.oauth2.as_ref().map(escaped);
        basic.into_iter().chain(client)
    };
    prometheus.into_iter().chain(web).flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redactor(secrets: &[&str]) -> Redactor {
        Redactor::new(secrets.iter().copied(), &Metric::default())
    }

    #[test]
    fn every_form_is_hidden() {
        let secret = "p\"ä<ss w/rd\n";
        let redactor = redactor(&[secret]);
        let go = quote(secret);
        let json = json!({"echo": secret}).to_string();
        let in_json = json!({"echo": json}).to_string();
        let (query, path) = (query_escape(secret), path_escape(secret));
        let base64 = STANDARD.encode(secret);
        for text in [secret, &go, &json, &in_json, &query, &path, &base64] {
            let shown = redactor.redact(format!("a {text} b"));
            assert!(shown.contains(HIDDEN) && !shown.contains("rd"), "{shown}");
        }
        assert_eq!(redactor.redact(go), "\"*****\"");
    }

    #[test]
    fn longer_ones_go_first() {
        assert_eq!(redactor(&["pass", "password"]).redact("password pass".to_owned()), "***** *****");
    }

    #[test]
    fn short_ones_only_where_they_stand_alone() {
        let redactor = redactor(&["1", "", "xyz"]);
        assert_eq!(redactor.redact("10 1 21 axyz xyz. 1".to_owned()), "10 ***** 21 axyz *****. *****");
        assert_eq!(Redactor::default().redact("as it is".to_owned()), "as it is");
    }

    #[test]
    fn basic_authentication() {
        let metric: Metric = serde_json::from_value(json!({"provider": {"prometheus": {"authentication":
            {"basicAuth": {"username": "me", "password": "sesame"}}}}}))
        .expect("a metric");
        let redactor = Redactor::new(["sesame"], &metric);
        assert_eq!(redactor.redact("Authorization: Basic bWU6c2VzYW1l".to_owned()), "Authorization: Basic *****");
    }
}
