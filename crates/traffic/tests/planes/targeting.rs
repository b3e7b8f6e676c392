//! Managed routes that Istio and the Gateway API can both express.

use crate::client::request;
use crate::compare::name;
use crate::world::World;
use serde_json::{Value, json};

/// Steps, and requests that they may concern: the first goes to the canary, the last goes by weight. None has a header twice: versions of Envoy do not agree on what that matches.
pub struct Case {
    pub about: &'static str,
    pub steps: Vec<Value>,
    pub requests: &'static [&'static str],
}

impl Case {
    pub fn assert_targets(&self, world: &World) {
        let to = |text: &&str| world.answer(&request(text)).to.iter().map(|(b, _)| name(b)).collect::<Vec<_>>();
        assert_eq!(self.requests.first().map(to), Some(vec!["web-canary".into()]), "{}", self.about);
        assert_eq!(
            self.requests.last().map(to),
            Some(vec!["web-stable".into(), "web-canary".into()]),
            "{}",
            self.about
        );
    }
}

fn header(name: &str, matches: Value) -> Value {
    json!({ "setHeaderRoute": { "name": name, "match": matches } })
}

/// A part of what is read at `/api` goes to the canary as a copy, and so does not what goes there anyway.
pub fn mirror(percentage: i32) -> Vec<Value> {
    let vip = header("vip", json!([{ "headerName": "x-tier", "headerValue": { "exact": "beta" } }]));
    let matches = json!([{ "method": { "exact": "GET" }, "path": { "prefix": "/api" } }]);
    vec![vip, json!({ "setMirrorRoute": { "name": "shadow", "match": matches, "percentage": percentage } })]
}

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            about: "a header, as a whole",
            steps: vec![header("vip", json!([{ "headerName": "X-Tier", "headerValue": { "exact": "beta" } }]))],
            requests: &[
                "GET a.example/ | x-tier: beta",
                "GET a.example/ | X-TIER: beta",
                "GET a.example/ | x-tier: Beta",
                "GET a.example/ | x-tier: beta2",
                "GET a.example/static | x-tier: beta",
                "GET a.example/",
            ],
        },
        Case {
            about: "a header, from its beginning",
            steps: vec![header("vip", json!([{ "headerName": "x-tier", "headerValue": { "prefix": "a.b+" } }]))],
            requests: &[
                "GET a.example/ | x-tier: a.b+",
                "GET a.example/ | x-tier: a.b+ and more",
                "GET a.example/ | x-tier: axbb",
                "GET a.example/ | x-tier: 1a.b+",
            ],
        },
        Case {
            about: "a header, by an expression",
            steps: vec![header(
                "vip",
                json!([{ "headerName": "user-agent", "headerValue": { "regex": "(Fire|Water)fox/1[0-9]" } }]),
            )],
            requests: &[
                "GET a.example/ | user-agent: Firefox/12",
                "GET a.example/ | user-agent: Waterfox/19",
                "GET a.example/ | user-agent: Firefox/123",
                "GET a.example/ | user-agent: a Firefox/12",
            ],
        },
        Case {
            about: "two headers of the old form",
            steps: vec![header(
                "vip",
                json!([
                    { "headerName": "x-tier", "headerValue": { "exact": "beta" } },
                    { "headerName": "x-ring", "headerValue": { "exact": "0" } },
                ]),
            )],
            requests: &[
                "GET a.example/ | x-tier: beta | x-ring: 0",
                "GET a.example/ | x-tier: beta",
                "GET a.example/ | x-ring: 0",
                "GET a.example/ | x-tier: beta | x-ring: 1",
                "GET a.example/ | x-tier: 0 | x-ring: beta",
            ],
        },
        Case {
            about: "cookies",
            steps: vec![header(
                "vip",
                json!([
                    { "cookies": { "tester": { "prefix": "y" } }, "headers": { "x-tier": { "exact": "beta" } } },
                    { "cookies": { "te.am": { "regex": "red|blue" } } },
                    { "cookies": { "is": { "exact": "a+b" } } },
                ]),
            )],
            requests: &[
                "GET a.example/ | x-tier: beta | cookie: tester=yes",
                "GET a.example/ | cookie: tester=yes",
                "GET a.example/ | x-tier: beta | cookie: no-tester=yes",
                "GET a.example/ | x-tier: beta | cookie: a=1; tester=y; b=2",
                "GET a.example/ | cookie: te.am=blue",
                "GET a.example/ | cookie: a=b; te.am=red; is=c",
                "GET a.example/ | cookie: te.am=redder",
                "GET a.example/ | cookie: te-am=red",
                "GET a.example/ | cookie: is=a+b",
                "GET a.example/ | cookie: is=aab",
            ],
        },
        Case {
            about: "methods, paths and queries",
            steps: vec![header(
                "vip",
                json!([
                    { "method": { "exact": "GET" }, "path": { "regex": "/shop/[0-9]+" } },
                    { "method": { "exact": "POST" }, "path": { "exact": "/shop" } },
                    { "queryParams": { "v": { "prefix": "2" }, "w": { "exact": "x.y" } } },
                    { "path": { "prefix": "/beta/" }, "headers": { "x-tier": { "regex": "b.*" } } },
                ]),
            )],
            requests: &[
                "GET a.example/shop/12",
                "GET a.example/shop/12?q=1",
                "GET a.example/shop/12/3",
                "POST a.example/shop/12",
                "POST a.example/shop",
                "POST a.example/shop/",
                "GET a.example/shop",
                "GET a.example/?v=2&w=x.y",
                "GET a.example/?v=21&w=x.y",
                "GET a.example/?v=1&v=2&w=x.y",
                "GET a.example/?v=2",
                "GET a.example/?v=2&w=xzy",
                "GET a.example/beta/x | x-tier: b",
                "GET a.example/beta | x-tier: b",
                "GET a.example/beta/x | x-tier: ab",
                "GET a.example/betas | x-tier: b",
            ],
        },
        Case {
            about: "one before the other",
            steps: vec![
                header("vip", json!([{ "headers": { "x-tier": { "exact": "beta" } } }])),
                header(
                    "other",
                    json!([{ "path": { "exact": "/only" } }, { "queryParams": { "a": { "exact": "1" } } }]),
                ),
            ],
            requests: &[
                "GET a.example/only",
                "GET a.example/only | x-tier: beta",
                "GET a.example/only/x",
                "GET a.example/x?a=1",
                "GET a.example/x?a=1&a=2",
                "GET a.example/x?a=2&a=1",
            ],
        },
    ]
}
