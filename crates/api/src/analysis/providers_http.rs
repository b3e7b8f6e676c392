//! Providers that answer over HTTP (analysis.md §4).

use crate::meta::null_is_default;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `prometheus`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrometheusMetric {
    /// URL of the server; absent means the controller's `ARGO_ROLLOUTS_PROMETHEUS_ADDRESS`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// PromQL query.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// How to authenticate.
    #[serde(skip_serializing_if = "Authentication::is_unset", deserialize_with = "null_is_default")]
    pub authentication: Authentication,
    /// Seconds to wait for the answer; absent means 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// Skips the check of the server's certificate.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub insecure: bool,
    /// Headers of the request.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub headers: Vec<WebMetricHeader>,
    /// Queries a range instead of an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range_query: Option<PrometheusRangeQuery>,
}

/// `rangeQuery` of a [`PrometheusMetric`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PrometheusRangeQuery {
    /// Expression of the start, such as `now() - duration('5m')`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub start: String,
    /// Expression of the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub end: String,
    /// Go duration between points.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub step: String,
}

/// How to authenticate to Prometheus or a web server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Authentication {
    /// Signature of AWS, for its managed Prometheus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigv4: Option<Sigv4>,
    /// OAuth 2 client credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2>,
    /// User name and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
}

impl Authentication {
    fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// AWS signature version 4.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sigv4 {
    /// Region to sign for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Profile of the shared credentials file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// Role to assume.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role_arn: String,
}

/// OAuth 2 client credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OAuth2 {
    /// URL that hands out tokens.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_url: String,
    /// Client id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// Client secret.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_secret: String,
    /// Scopes to ask for.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub scopes: Vec<String>,
}

/// HTTP basic authentication.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BasicAuth {
    /// User name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Password.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password: String,
}

/// `web`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebMetric {
    /// Request method; absent means `GET`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// URL to call.
    pub url: String,
    /// Headers of the request.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub headers: Vec<WebMetricHeader>,
    /// Text to send; not with GET.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Seconds to wait for the answer; absent means 10.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout_seconds: i64,
    /// Part of the answer that is the result, such as `{$.data.ok}`; absent means all of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub json_path: String,
    /// Skips the check of the server's certificate.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub insecure: bool,
    /// JSON to send; not with GET, and not with `body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_body: Option<Value>,
    /// How to authenticate; only `oauth2` is used.
    #[serde(skip_serializing_if = "Authentication::is_unset", deserialize_with = "null_is_default")]
    pub authentication: Authentication,
}

/// A header of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebMetricHeader {
    /// Name of the header.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// `datadog`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DatadogMetric {
    /// Go duration of the window that ends now; absent means `5m`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interval: String,
    /// The query, unless there are `queries`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Queries by name, for `formula`; version `v2` only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub queries: BTreeMap<String, String>,
    /// Formula over the queries' names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub formula: String,
    /// `v1` or `v2`; absent means `v1`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Makes one value of each series: `avg`, `min`, `max`, `sum`, `last`, `percentile`, `mean`, `l2norm` or `area`;
    /// absent means `last`. Version `v2` only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub aggregator: String,
    /// Secret with the keys `api-key`, `app-key` and `address`.
    #[serde(skip_serializing_if = "SecretRef::is_unset", deserialize_with = "null_is_default")]
    pub secret_ref: SecretRef,
    /// Go duration to wait for the answer; absent means `10s`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_timeout: String,
}

/// A Secret with credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretRef {
    /// Name of the Secret.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether it is in the run's namespace instead of the controller's.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub namespaced: bool,
}

impl SecretRef {
    fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// `newRelic`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NewRelicMetric {
    /// Secret in the controller's namespace; absent means `newrelic`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// NRQL query.
    pub query: String,
    /// Seconds to wait for the answer; absent means 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
}

/// `wavefront`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WavefrontMetric {
    /// Host of the server; also the key of its token in the Secret `wavefront-api-tokens`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The query.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `graphite`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GraphiteMetric {
    /// URL of the server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Parameters of the render API, such as `target=...`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `influxdb`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InfluxdbMetric {
    /// Secret in the controller's namespace; absent means `influxdb`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub profile: String,
    /// Flux query.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// `skywalking`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SkyWalkingMetric {
    /// URL of the server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// GraphQL query.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Go duration of the window that ends now.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interval: String,
}

/// `kayenta`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KayentaMetric {
    /// URL of the server.
    pub address: String,
    /// Application that the configuration belongs to.
    pub application: String,
    /// Name of the canary configuration.
    pub canary_config_name: String,
    /// Account with the metrics.
    pub metrics_account_name: String,
    /// Account with the configuration.
    pub configuration_account_name: String,
    /// Account to store results in.
    pub storage_account_name: String,
    /// Scores that pass.
    pub threshold: KayentaThreshold,
    /// What to compare.
    #[serde(deserialize_with = "null_is_default")]
    pub scopes: Vec<KayentaScope>,
    /// Whether an empty start means the start of the run instead of one interval ago.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub lookback: bool,
}

/// Scores of a canary.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KayentaThreshold {
    /// Least score of success.
    pub pass: i64,
    /// Least score that is not a failure.
    pub marginal: i64,
}

/// A pair of groups to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KayentaScope {
    /// Name of the pair.
    pub name: String,
    /// The group that is known to be good.
    pub control_scope: ScopeDetail,
    /// The group under test.
    pub experiment_scope: ScopeDetail,
}

/// One group of a [`KayentaScope`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScopeDetail {
    /// Selects the group's metrics.
    pub scope: String,
    /// Region of the group.
    pub region: String,
    /// Seconds between points.
    pub step: i64,
    /// RFC 3339 time; empty means relative to now.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub start: String,
    /// RFC 3339 time; empty means now.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub end: String,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}
