//! What goes wrong with the objects of one Rollout: nothing hides anything else.

use crate::{Draft, Event, ObjectRef, RouteError};

/// What went wrong with several objects.
#[derive(Default)]
pub(super) struct Problems(Vec<RouteError>);

impl Problems {
    pub fn add(&mut self, result: Result<(), RouteError>) {
        self.0.extend(result.err());
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that failed in one; what waits is told when nothing failed.
    pub fn into_result(self) -> Result<(), RouteError> {
        let (mut messages, mut events, mut waits) = (Vec::new(), Vec::new(), None);
        for problem in self.0 {
            match problem {
                RouteError::Failed { message, events: more } => {
                    if !messages.contains(&message) {
                        messages.push(message);
                        events.extend(more);
                    }
                }
                RouteError::Waits(message) => waits = waits.or(Some(message)),
            }
        }
        match (messages.is_empty(), waits) {
            (false, _) => Err(RouteError::Failed { message: messages.join("; "), events }),
            (true, Some(message)) => Err(RouteError::Waits(message)),
            (true, None) => Ok(()),
        }
    }
}

/// An object that is not there.
pub(super) fn not_found(at: &ObjectRef, event: Event, draft: &Draft<'_>) -> RouteError {
    let message = match draft.is_served(at) {
        true => at.not_found(),
        false => format!("{}: the API server does not serve {}", at.not_found(), at.kind),
    };
    RouteError::Failed { message, events: vec![event] }
}
