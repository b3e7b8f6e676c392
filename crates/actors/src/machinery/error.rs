//! What an API error means to a controller.

use kube::Error;

fn code(e: &Error) -> Option<u16> {
    match e {
        Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// The object does not exist.
pub(crate) fn is_not_found(e: &Error) -> bool {
    code(e) == Some(404)
}

/// The object changed meanwhile, or a precondition failed.
pub(crate) fn is_conflict(e: &Error) -> bool {
    matches!(e, Error::Api(s) if s.code == 409 && s.reason != "AlreadyExists")
}

/// An object of that name exists.
pub(crate) fn is_exists(e: &Error) -> bool {
    matches!(e, Error::Api(s) if s.code == 409 && s.reason == "AlreadyExists")
}

/// The resource version is too old to watch or continue from.
pub(crate) fn is_gone(e: &Error) -> bool {
    code(e) == Some(410)
}

/// Nothing can be created here any more.
pub(crate) fn is_namespace_terminating(e: &Error) -> bool {
    matches!(e, Error::Api(s) if s.code == 403 && s.message.contains("being terminated"))
}

/// Whether the request may have been carried out although it failed: the answer was lost, or the server stumbled.
pub(crate) fn is_uncertain(e: &Error) -> bool {
    code(e).is_none_or(|c| c >= 500)
}
