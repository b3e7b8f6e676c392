//! An embedded Kubernetes API server: a `tower::Service` over an in-memory store.
//!
//! In-process it runs under paused tokio time without sockets; over HTTPS it serves kubectl. Objects are untyped
//! JSON; `rollouts_schema` says what they may hold. A request is answered in one step under one lock; watches follow
//! the log of their resource.

mod auth;
mod body;
mod bootstrap;
pub mod builtin;
mod config;
mod convert;
mod crd;
mod decode;
mod delete;
mod discovery;
mod errors;
mod event;
mod hooks;
mod kinds;
mod log;
mod meta;
mod names;
mod negotiate;
mod options;
mod patch;
mod protobuf;
mod query;
mod rbac;
mod read;
mod registry;
mod reply;
mod request;
mod resource;
mod reviews;
mod rng;
mod route;
mod scale;
mod selector;
mod server;
mod service;
mod state;
mod store;
mod subresources;
pub mod table;
mod tls;
mod validate;
mod view;
mod watch;
mod write;

pub use body::Body;
pub use config::Config;
pub use errors::ApiError;
pub use rng::Rng;
pub use server::Server;
pub use service::Service;
pub use tls::Tls;
