//! Where metrics are measured (analysis.md §4), and what else services outside of the cluster are asked.
//!
//! [`Providers`] takes one measurement of one metric: it dispatches to the metric's provider, judges what the provider
//! read by the metric's conditions, and hides secrets in all of it. A provider is a pure function that makes a
//! [`http::Request`] and one that reads the answer; where several requests are needed, a small async function between
//! them. Nothing here knows sockets but [`client`], nothing knows a cluster but [`secrets`] and [`job`].

pub mod client;
mod cloud_watch;
pub mod conditions;
pub mod context;
mod datadog;
pub mod elb;
mod graphite;
mod graphql;
pub mod http;
mod influxdb;
pub mod job;
pub mod jsonpath;
mod kayenta;
mod keys;
mod new_relic;
pub mod oauth2;
mod prometheus;
pub mod providers;
pub mod reading;
pub mod redaction;
pub mod secrets;
pub mod sigv4;
mod skywalking;
pub mod testing;
pub mod text;
pub mod url;
mod wavefront;
mod web;
mod xml;

pub use context::{Context, Tools};
pub use http::{Http, HttpError, Request, Response};
pub use providers::{Outcome, Providers, provider_name};
pub use reading::{Failure, Reading};
pub use secrets::{ReadSecrets, SecretError};
