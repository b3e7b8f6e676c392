//! A bad network between the actors and the API server.

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{BoxError, Service, ServiceExt};

type AnyBody = UnsyncBoxBody<Bytes, BoxError>;
type Decide = Arc<dyn Fn(&str, &str, u64) -> Fault + Send + Sync>;

/// What happens to a request.
pub enum Fault {
    None,
    /// Answered with this status, reason and message, and not carried out.
    Status(u16, &'static str, &'static str),
    /// Carried out, but the answer is lost.
    LostAnswer,
    /// Carried out after a while.
    Slow(Duration),
    /// The answer's stream breaks off after a while.
    Cut(Duration),
}

/// Decides by method, path and the number of the request.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<(Decide, u64, Vec<String>)>>);

impl Default for Faults {
    fn default() -> Self {
        Faults(Arc::new(Mutex::new((Arc::new(|_, _, _| Fault::None), 0, Vec::new()))))
    }
}

impl Faults {
    pub fn set(&self, decide: impl Fn(&str, &str, u64) -> Fault + Send + Sync + 'static) {
        self.0.lock().unwrap().0 = Arc::new(decide);
    }

    /// `METHOD path` of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.0.lock().unwrap().2.clone()
    }

    pub fn wrap<S, B>(
        &self,
        inner: S,
    ) -> impl Service<
        Request<Body>,
        Response = Response<AnyBody>,
        Error = BoxError,
        Future = BoxFuture<'static, Result<Response<AnyBody>, BoxError>>,
    > + Clone
    + Send
    + 'static
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let faults = self.clone();
        tower::service_fn(move |request: Request<Body>| {
            let (method, uri) = (request.method().to_string(), request.uri().clone());
            let fault = {
                let mut state = faults.0.lock().unwrap();
                state.1 += 1;
                state.2.push(format!("{method} {uri}"));
                (state.0.clone())(&method, uri.path(), state.1)
            };
            let inner = inner.clone();
            let call = async move { inner.oneshot(request).await.map_err(Into::into) };
            let answer: BoxFuture<'static, Result<Response<AnyBody>, BoxError>> = Box::pin(async move {
                match fault {
                    Fault::None => Ok(call.await?.map(|b| b.map_err(Into::into).boxed_unsync())),
                    Fault::Status(code, reason, message) => Ok(status(code, reason, message)),
                    Fault::LostAnswer => {
                        call.await?;
                        Err("connection reset".into())
                    }
                    Fault::Slow(delay) => {
                        tokio::time::sleep(delay).await;
                        Ok(call.await?.map(|b| b.map_err(Into::into).boxed_unsync()))
                    }
                    Fault::Cut(after) => {
                        use futures::StreamExt;
                        let timer = Box::pin(tokio::time::sleep(after));
                        Ok(call.await?.map(|b| {
                            let frames = http_body_util::BodyStream::new(b).map(|f| f.map_err(Into::into));
                            StreamBody::new(frames.take_until(timer)).boxed_unsync()
                        }))
                    }
                }
            });
            answer
        })
    }
}

fn status(code: u16, reason: &str, message: &str) -> Response<AnyBody> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message});
    let body = Full::new(Bytes::from(status.to_string())).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(code).header("content-type", "application/json").body(body).unwrap()
}
