//! Connections to the API server on which somebody looks at every request.

use http::{HeaderValue, Request};
use kube::client::Body;
use rollouts_kube::client::from_service;
use rollouts_memkube::Server;
use std::future::pending;
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
            match verdict {
                Verdict::Delay(time) => tokio::time::sleep(time).await,
                Verdict::Silence => pending().await,
                Verdict::Pass | Verdict::Lose | Verdict::From(_) => {}
            }
            let answer = call.await.map_err(BoxError::from)?;
            match verdict {
                Verdict::Lose => Err("the connection broke".into()),
                _ => Ok::<_, BoxError>(answer),
            }
        }
    }))
}
