//! Who signs: credentials, and the files that have them.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// Credentials of AWS.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Names the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// Goes with keys that expire.
    pub session_token: Option<String>,
    /// When they expire, if they do.
    pub expires: Option<Timestamp>,
}

/// Who to be, as a metric says it. What is empty is taken from the environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Region of the service.
    pub region: &'a str,
    /// Profile of the shared files.
    pub profile: &'a str,
    /// Role to assume.
    pub role_arn: &'a str,
}

impl Credentials {
    /// A key that does not expire.
    pub fn new(access_key_id: &str, secret_access_key: &str) -> Self {
        let (access_key_id, secret_access_key) = (access_key_id.to_owned(), secret_access_key.to_owned());
        Credentials { access_key_id, secret_access_key, session_token: None, expires: None }
    }

    /// Those in a section of a file or, by other names, in the environment.
    pub(super) fn among<'a>(value: impl Fn(&str) -> Option<&'a str>, names: [&str; 3]) -> Option<Self> {
        let [id, key, token] = names.map(|name| value(name).filter(|value| !value.is_empty()));
        Some(Credentials { session_token: token.map(str::to_owned), ..Credentials::new(id?, key?) })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Credentials { access_key_id, expires, .. } = self;
        write!(f, "Credentials {{ {access_key_id}, expires: {expires:?} }}")
    }
}

/// Sections of AWS's configuration files with their settings.
#[derive(Debug, Default)]
pub(super) struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

impl Profiles {
    /// Adds what a file says. Both `[name]` and `[profile name]` begin a section; indented lines belong to a setting
    /// that is not read here.
    pub fn read(&mut self, text: &str) {
        let mut section = None;
        for line in text.lines() {
            if let Some(header) = line.trim_end().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                let name = header.0.trim();
                section = Some(name.strip_prefix("profile ").unwrap_or(name).trim().to_owned());
            } else if let (Some(section), Some((key, value))) = (&section, line.split_once('='))
                && !line.starts_with([' ', '\t', '#', ';'])
            {
                let value = value.split(" #").next().unwrap_or_default().trim();
                let settings = self.0.entry(section.clone()).or_default();
                settings.insert(key.trim().to_ascii_lowercase(), value.to_owned());
            }
        }
    }

    /// A setting of a section.
    pub fn get(&self, profile: &str, key: &str) -> Option<&str> {
        self.0.get(profile)?.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The credentials in a section.
    pub fn credentials(&self, profile: &str) -> Option<Credentials> {
        let names = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];
        Credentials::among(|key| self.get(profile, key), names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let mut profiles = Profiles::default();
        profiles.read("stray = 1\n[default]\naws_access_key_id = A\naws_secret_access_key=B=\n# x = y\n");
        profiles.read("[profile dev] ; mine\nRegion = eu-west-1 # there\ns3 =\n  region = no\n[default]\nregion=r\n");
        assert_eq!(profiles.credentials("default"), Some(Credentials::new("A", "B=")));
        assert_eq!(profiles.get("default", "region"), Some("r"));
        assert_eq!(profiles.get("dev", "region"), Some("eu-west-1"));
        assert_eq!(profiles.credentials("dev"), None);
        assert_eq!(profiles.get("none", "region"), None);
    }
}
