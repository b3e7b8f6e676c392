//! What went wrong with several Mappings.

use crate::{Event, RouteError};

/// One of them.
pub struct Problem {
    reason: &'static str,
    message: String,
}

impl Problem {
    /// A Mapping that is missing.
    pub fn not_found(name: &str) -> Problem {
        Problem { reason: "AmbassadorMappingNotFound", message: format!("Ambassador mapping {name:?} not found") }
    }

    /// A Mapping that is not as it must be.
    pub fn config(message: String) -> Problem {
        Problem { reason: "AmbassadorMappingConfigError", message }
    }

    /// One that cannot be made.
    pub fn creation(message: String) -> Problem {
        Problem { reason: "CanaryMappingCreationError", message }
    }

    /// One that cannot be changed.
    pub fn update(message: String) -> Problem {
        Problem { reason: "CanaryMappingUpdateError", message }
    }
}

/// All of them, in order.
#[derive(Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds what went wrong, if it did.
    pub fn note(&mut self, result: Result<(), Problem>) {
        self.0.extend(result.err());
    }

    /// Adds what went wrong, and gives back the rest.
    pub fn sort<T>(&mut self, results: Vec<Result<T, Problem>>) -> Vec<T> {
        results.into_iter().filter_map(|result| result.map_err(|problem| self.0.push(problem)).ok()).collect()
    }

    /// As it is told.
    ///
    /// # Errors
    /// If there is one.
    pub fn outcome(self) -> Result<(), RouteError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let list: String = self.0.iter().map(|problem| format!("[{}]", problem.message)).collect();
        let events = self.0.iter().map(|problem| Event::warning(problem.reason, problem.message.clone())).collect();
        Err(RouteError::Failed { message: format!("{} errors found: {list}", self.0.len()), events })
    }
}
