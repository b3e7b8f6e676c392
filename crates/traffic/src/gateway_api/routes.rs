//! Which routes are meant.

use super::config::Config;
use crate::{Context, Draft, Kind, ObjectRef, Want};
use rollouts_api::LabelSelector;

/// A kind of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteKind {
    /// HTTPRoute.
    Http,
    /// GRPCRoute.
    Grpc,
    /// TCPRoute.
    Tcp,
    /// TLSRoute.
    Tls,
}

const GROUP: &str = "gateway.networking.k8s.io";

impl RouteKind {
    /// In the order in which they are told.
    pub const ALL: [RouteKind; 4] = [RouteKind::Http, RouteKind::Grpc, RouteKind::Tcp, RouteKind::Tls];

    /// What the configuration calls one.
    pub fn key(self) -> &'static str {
        match self {
            RouteKind::Http => "httpRoute",
            RouteKind::Grpc => "grpcRoute",
            RouteKind::Tcp => "tcpRoute",
            RouteKind::Tls => "tlsRoute",
        }
    }

    /// Its kind.
    pub const fn kind(self) -> Kind {
        match self {
            RouteKind::Http => Kind::fixed(GROUP, "v1", "HTTPRoute", "httproutes"),
            RouteKind::Grpc => Kind::fixed(GROUP, "v1", "GRPCRoute", "grpcroutes"),
            RouteKind::Tcp => Kind::fixed(GROUP, "v1alpha2", "TCPRoute", "tcproutes"),
            RouteKind::Tls => Kind::fixed(GROUP, "v1alpha2", "TLSRoute", "tlsroutes"),
        }
    }

    /// Whether its rules have matches on requests.
    pub fn has_matches(self) -> bool {
        matches!(self, RouteKind::Http | RouteKind::Grpc)
    }
}

/// One of the routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its kind.
    pub kind: RouteKind,
    /// The object.
    pub at: ObjectRef,
    /// Whether the configuration names it.
    pub is_named: bool,
    /// Whether it gets managed rules.
    pub is_managed: bool,
}

/// Where the routes are.
pub fn namespace<'a>(cx: &Context<'a>, config: &'a Config) -> &'a str {
    config.namespace.as_deref().unwrap_or(&cx.rollout.metadata.namespace)
}

/// What must be seen to know all routes.
pub fn wants(cx: &Context<'_>, config: &Config) -> Vec<Want> {
    let namespace = namespace(cx, config);
    let named = config.named.iter().map(|route| Want::Named(route.kind.kind().named(namespace, &route.name)));
    named.chain(config.selected.iter().map(|(kind, selector)| selected(*kind, namespace, selector))).collect()
}

/// All routes, first by kind, then those that are named, then those that are found. The second part says which selectors
/// find nothing.
pub fn targets(cx: &Context<'_>, config: &Config, draft: &Draft<'_>) -> (Vec<Target>, Vec<String>) {
    let namespace = namespace(cx, config);
    let named = config.named.iter().map(|route| {
        let at = route.kind.kind().named(namespace, &route.name);
        Target { kind: route.kind, at, is_named: true, is_managed: route.is_managed && route.kind.has_matches() }
    });
    let mut targets: Vec<Target> = named.collect();
    let mut missing = Vec::new();
    for (kind, selector) in &config.selected {
        let found = draft.find(&selected(*kind, namespace, selector));
        if found.is_empty() {
            let what = kind.kind();
            missing.push(format!("no {} in namespace {namespace} matches {}Selector", what.kind, kind.key()));
        }
        for at in found {
            if !targets.iter().any(|target| target.at == at) {
                targets.push(Target { kind: *kind, at, is_named: false, is_managed: false });
            }
        }
    }
    targets.sort_by_key(|target| target.kind);
    (targets, missing)
}

fn selected(kind: RouteKind, namespace: &str, selector: &LabelSelector) -> Want {
    Want::Selected { kind: kind.kind(), namespace: namespace.into(), selector: selector.clone() }
}
