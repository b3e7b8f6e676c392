//! `url(...)`: the parts of an absolute URI or absolute path.

use std::any::Any;

use cel::common::types::{CelString, STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::functions::{Answer, Args, text};

/// The names of what [`add`] declares.
pub(super) const NAMES: &[&str] = &["url", "getScheme", "getHost", "getHostname", "getPort", "getEscapedPath"];

static URL: Type = Type::new_unspecified_type("net.URL");

#[derive(Clone, Debug, Default, PartialEq)]
struct Url {
    scheme: String,
    host: String,
    path: String,
}

impl Val for Url {
    fn get_type(&self) -> &Type {
        &URL
    }

    fn cel_type() -> &'static Type {
        &URL
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| self == other)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Url {}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(URL.to_owned())?;
    env.add_overload("url", "string_to_url", vec![STRING_TYPE], url)?;
    env.add_member_overload("getScheme", "url_get_scheme", URL.to_owned(), vec![], |args| part(&args, |u| &u.scheme))?;
    env.add_member_overload("getHost", "url_get_host", URL.to_owned(), vec![], |args| part(&args, |u| &u.host))?;
    env.add_member_overload("getHostname", "url_get_hostname", URL.to_owned(), vec![], |args| {
        part(&args, Url::hostname)
    })?;
    env.add_member_overload("getPort", "url_get_port", URL.to_owned(), vec![], |args| part(&args, Url::port))?;
    env.add_member_overload("getEscapedPath", "url_get_escaped_path", URL.to_owned(), vec![], |args| {
        part(&args, |u| &u.path)
    })
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        if !crate::schema::has_format("uri", text) {
            return None;
        }
        let (scheme, rest) = if text.starts_with('/') { ("", text) } else { text.split_once(':')? };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = match rest.strip_prefix("//") {
            Some(authority) if !text.starts_with('/') => {
                authority.find('/').map_or((authority, ""), |slash| authority.split_at(slash))
            }
            _ => ("", rest),
        };
        let host = host.rsplit('@').next().unwrap_or_default();
        Some(Self { scheme: scheme.to_lowercase(), host: host.to_owned(), path: path.to_owned() })
    }

    /// Where the port's colon is; the colons of an IPv6 address stand in brackets.
    fn colon(&self) -> Option<usize> {
        let after = self.host.rfind(']').map_or(0, |bracket| bracket + 1);
        self.host[after..].find(':').map(|colon| after + colon)
    }

    fn hostname(&self) -> &str {
        let host = self.colon().map_or(self.host.as_str(), |colon| &self.host[..colon]);
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    fn port(&self) -> &str {
        self.colon().map_or("", |colon| &self.host[colon + 1..])
    }
}

fn url<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let text = text(&args, 0)?;
    match Url::parse(text) {
        Some(url) => Ok(CowVal::owned(url)),
        None => Err(ExecutionError::function_error("url", format!("URL parse error: {text:?}"))),
    }
}

fn part<'b, 'v>(args: &Args<'b, 'v>, of: impl Fn(&Url) -> &str) -> Answer<'b, 'v> {
    let url = args.first().and_then(|arg| arg.downcast_ref::<Url>());
    let url = url.ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok(CowVal::owned(CelString::from(of(url).to_owned())))
}
