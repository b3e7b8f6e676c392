//! What comes after one look at something that a Rollout left behind.

use rollouts_kube::queue::Next;
use rollouts_kube::{RequestError, Troubles};
use std::fmt::Arguments;

/// Tells whether `who` could be dealt with, and when to look again: what is gone needs nothing more, and a conflict is
/// no trouble, only a reason to look again.
pub(crate) fn outcome(troubles: &Troubles, who: Arguments<'_>, settled: Result<(), RequestError>) -> Next {
    match settled {
        Err(error) if !error.is_not_found() => {
            match error.is_conflict() {
                true => troubles.worked(who),
                false => troubles.failed(who, &error),
            }
            Next::Failed
        }
        _ => {
            troubles.worked(who);
            Next::Done
        }
    }
}
