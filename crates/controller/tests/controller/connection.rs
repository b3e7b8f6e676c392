//! Connections to the API server on which somebody looks at every request.

use http::{HeaderValue, Method, Request, Response};
use kube::client::Body;
use rollouts_kube::client::from_service;
use rollouts_memkube::Server;
use serde_json::json;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{BoxError, ServiceExt};

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub enum Verdict {
    /// The API server does it.
    Pass,
    /// The API server does it; the answer is lost.
    Lose,
    /// It comes late.
    Delay(Duration),
    /// It never comes.
    Silence,
    /// It comes from this user, who may do what roles say.
    From(&'static str),
    /// Somebody on the way refuses it with this code.
    Refuse(u16),
}

impl Verdict {
    /// 403: nobody has a role.
    pub const FORBID: Verdict = Verdict::From("nobody");
}

/// A client of the server, each request of which is judged first.
pub fn judged(server: &Server, judge: impl Fn(&Request<Body>) -> Verdict + Send + 'static) -> kube::Client {
    let server = server.clone();
    from_service(tower::service_fn(move |mut request: Request<Body>| {
        let verdict = judge(&request);
        if let Verdict::From(user) = verdict {
            request.headers_mut().insert("impersonate-user", HeaderValue::from_static(user));
        }
        let call = server.service().oneshot(request);
        async move {
            if let Verdict::Refuse(code) = verdict {
                let status = json!({ "kind": "Status", "code": code, "message": "refused on the way" });
                let body = rollouts_memkube::Body::Full(Some(status.to_string().into()));
                return Ok(Response::builder().status(code).body(body)?);
            }
            match verdict {
                Verdict::Delay(time) => tokio::time::sleep(time).await,
                Verdict::Silence => pending().await,
                Verdict::Pass | Verdict::Lose | Verdict::From(_) | Verdict::Refuse(_) => {}
            }
            let answer = call.await.map_err(BoxError::from)?;
            match verdict {
                Verdict::Lose => Err("the connection broke".into()),
                _ => Ok::<_, BoxError>(answer),
            }
        }
    }))
}

type Matches = Box<dyn Fn(&Method, &str) -> bool + Send>;

/// Decides about requests by method and path with query, and remembers them. Clones are one.
#[derive(Clone, Default)]
pub struct Judge {
    rule: Arc<Mutex<Option<(Matches, Verdict)>>>,
    seen: Arc<Mutex<Vec<(Method, String)>>>,
}

impl Judge {
    /// For [`judged`].
    pub fn judge(&self) -> impl Fn(&Request<Body>) -> Verdict + Send + 'static {
        let judge = self.clone();
        move |request| {
            let (method, path) = (request.method().clone(), request.uri().path_and_query().unwrap().to_string());
            let verdict = match &*judge.rule.lock().unwrap() {
                Some((which, verdict)) if which(&method, &path) => *verdict,
                _ => Verdict::Pass,
            };
            judge.seen.lock().unwrap().push((method, path));
            verdict
        }
    }

    /// From now on this becomes of such requests; all others pass, as all did before.
    pub fn rules(&self, which: impl Fn(&Method, &str) -> bool + Send + 'static, verdict: Verdict) {
        *self.rule.lock().unwrap() = Some((Box::new(which), verdict));
    }

    /// From now on all pass.
    pub fn retires(&self) {
        *self.rule.lock().unwrap() = None;
    }

    /// How many such requests there were.
    pub fn count(&self, which: impl Fn(&Method, &str) -> bool) -> usize {
        self.seen.lock().unwrap().iter().filter(|(method, path)| which(method, path)).count()
    }
}
