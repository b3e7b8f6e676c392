//! Errors that say which server was not reached.

use crate::RequestError;
use tower::BoxError;
use tower::util::MapErrLayer;

/// Names the server, of this URL, in errors of calls that did not reach it.
pub(super) fn layer<E: Into<BoxError>>(server: &str) -> MapErrLayer<impl Fn(E) -> BoxError + Clone + use<E>> {
    let server = server.trim_end_matches('/').to_owned();
    MapErrLayer::new(move |error: E| name(error.into(), &server))
}

/// The error with the server in it.
fn name(error: BoxError, server: &str) -> BoxError {
    let text = RequestError::lost(&*error).to_string();
    match text.strip_prefix(RequestError::UNREACHED) {
        Some(reason) => {
            let reason = reason.strip_prefix("tcp connect error: ").unwrap_or(reason);
            format!("cannot reach the API server at {server}: {reason}").into()
        }
        None => error,
    }
}
