//! Credentials of providers: Secrets that no argument names.

use crate::context::Context;
use crate::reading::{Failure, Result};
use crate::redaction::Redactor;
use crate::secrets::{SecretData, patiently};

/// Data of a Secret with credentials.
pub(crate) struct Keys(SecretData);

impl Keys {
    /// The Secret `name`, waited for as long as the cluster cannot be asked.
    pub async fn read(context: &Context<'_>, namespace: &str, name: &str) -> Result<Self> {
        let data = patiently(context.tools.secrets.as_ref(), namespace, name).await;
        data.map(Keys).map_err(Failure::new)
    }

    /// The Secret `name` in the controller's namespace.
    pub async fn of_controller(context: &Context<'_>, name: &str) -> Result<Self> {
        Self::read(context, &context.tools.namespace, name).await
    }

    /// A value, `None` if there is none or it is empty.
    pub fn get(&self, key: &str) -> Option<String> {
        let value = self.0.get(key).filter(|value| !value.is_empty())?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// `read` without `secret` in the text of its failure: servers answer with what they were sent.
pub(crate) fn hidden<T>(context: &Context<'_>, secrets: &[&str], read: Result<T>) -> Result<T> {
    read.map_err(|failure| {
        let hide = Redactor::new(secrets.iter().copied(), context.metric);
        Failure::new(hide.redact(failure.to_string()))
    })
}
