//! What a GraphQL server answers (GraphQL specification, §7.1).

use serde::Deserialize;

/// The body of an answer.
#[derive(Deserialize)]
pub(crate) struct Answer {
    /// What was asked for; null when there is none of it.
    #[serde(default)]
    pub data: serde_json::Value,
    #[serde(default)]
    errors: Option<Vec<Problem>>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    message: String,
}

impl Answer {
    /// What is wrong, in the server's words.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().flatten().map(|problem| problem.message.as_str())
    }
}
