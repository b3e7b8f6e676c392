//! AWS CloudWatch (analysis.md §4.8).

use crate::IntOrString;
use crate::meta::null_is_default;
use serde::{Deserialize, Serialize};

/// `cloudWatch`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudWatchMetric {
    /// Go duration of the window that ends now; absent means `5m`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub interval: String,
    /// Queries, as in CloudWatch's GetMetricData.
    #[serde(deserialize_with = "null_is_default")]
    pub metric_data_queries: Vec<CloudWatchMetricDataQuery>,
}

/// One query of a [`CloudWatchMetric`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudWatchMetricDataQuery {
    /// Name within the queries; expressions refer to it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Metric maths or a search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Label of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The metric to read, unless there is an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<CloudWatchMetricStat>,
    /// Seconds between points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<IntOrString>,
    /// Whether the result holds this query's data; absent means true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
}

/// The metric of a query and its statistic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudWatchMetricStat {
    /// The metric.
    pub metric: CloudWatchMetricStatMetric,
    /// Seconds between points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<IntOrString>,
    /// Statistic, such as `Average` or `p99`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stat: String,
    /// Unit of the data points to use.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// A metric of CloudWatch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudWatchMetricStatMetric {
    /// Dimensions that identify it.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub dimensions: Vec<CloudWatchDimension>,
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub metric_name: String,
    /// Its namespace, such as `AWS/ApplicationELB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Name and value of one dimension.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CloudWatchDimension {
    /// Name of the dimension.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}
