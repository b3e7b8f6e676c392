//! What stands under the plugin's key: the configuration that the Go controller's plugin reads.

use super::routes::RouteKind;
use rollouts_api::LabelSelector;
use serde_json::{Map, Value};

/// The configuration, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// Where the routes are; `None`: where the Rollout is.
    pub namespace: Option<String>,
    /// Routes by name.
    pub named: Vec<Named>,
    /// Routes by label. They never get managed rules.
    pub selected: Vec<(RouteKind, LabelSelector)>,
    /// The label of a route while the canary has traffic.
    pub label: Option<(String, String)>,
}

/// A route by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its kind.
    pub kind: RouteKind,
    /// Its name.
    pub name: String,
    /// Whether it gets managed rules.
    pub is_managed: bool,
}

const NO_ROUTES: &str = "No routes configured. At least one of 'httpRoutes', 'grpcRoutes', 'tcpRoutes', 'tlsRoutes', \
                         'httpRoute', 'grpcRoute', 'tcpRoute' or 'tlsRoute' must be set";
const LABEL_KEY: &str = "rollouts.argoproj.io/gatewayapi-canary";
const LABEL_VALUE: &str = "in-progress";

impl Config {
    /// Reads the configuration. The error says which key is wrong.
    pub fn read(value: &Value) -> Result<Config, String> {
        let Value::Object(keys) = value else { return Err(wrong("", "must be an object")) };
        let mut config = Config::default();
        let (mut has_label, mut key, mut label) = (true, LABEL_KEY.to_string(), LABEL_VALUE.to_string());
        for (name, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "namespace" => config.namespace = Some(text(name, value)?).filter(|namespace| !namespace.is_empty()),
                "disableInProgressLabel" => has_label = !flag(name, value)?,
                "inProgressLabelKey" => replace(&mut key, text(name, value)?),
                "inProgressLabelValue" => replace(&mut label, text(name, value)?),
                // Where earlier releases of the plugin kept what they had done. They stopped doing so.
                "configMap" => drop(text(name, value)?),
                _ => config.routes(name, value)?,
            }
        }
        config.named.sort_by_key(|route| route.kind);
        config.selected.sort_by_key(|(kind, _)| *kind);
        config.label = has_label.then_some((key, label));
        match config.named.is_empty() && config.selected.is_empty() {
            true => Err(NO_ROUTES.into()),
            false => Ok(config),
        }
    }

    fn routes(&mut self, key: &str, value: &Value) -> Result<(), String> {
        let known = RouteKind::ALL.into_iter().find_map(|kind| Some((kind, key.strip_prefix(kind.key())?)));
        match known {
            Some((kind, "")) => {
                let name = text(key, value)?;
                if !name.is_empty() {
                    self.add(Named { kind, name, is_managed: true });
                }
            }
            Some((kind, "s")) => {
                let Value::Array(routes) = value else { return Err(wrong(key, "must be a list")) };
                for (i, route) in routes.iter().enumerate() {
                    self.add(named(kind, &format!("{key}[{i}]"), route)?);
                }
            }
            Some((kind, "Selector")) => {
                let read = serde_json::from_value::<LabelSelector>(value.clone());
                let selector = read.map_err(|error| wrong(key, &format!("must be a label selector: {error}")))?;
                selector.compile().map_err(|error| wrong(key, &error))?;
                self.selected.push((kind, selector));
            }
            _ => return Err(wrong(key, "is not known")),
        }
        Ok(())
    }

    /// A route that is named twice is one route.
    fn add(&mut self, route: Named) {
        match self.named.iter_mut().find(|other| (other.kind, &other.name) == (route.kind, &route.name)) {
            Some(other) => other.is_managed |= route.is_managed,
            None => self.named.push(route),
        }
    }
}

fn named(kind: RouteKind, path: &str, value: &Value) -> Result<Named, String> {
    let Value::Object(keys) = value else { return Err(wrong(path, "must be an object")) };
    let at = |key: &str| format!("{path}.{key}");
    if let Some(key) = keys.keys().find(|key| !["name", "useHeaderRoutes"].contains(&key.as_str())) {
        return Err(wrong(&at(key), "is not known"));
    }
    let name = text(&at("name"), get(keys, "name"))?;
    let is_managed = match get(keys, "useHeaderRoutes") {
        Value::Null => false,
        value => flag(&at("useHeaderRoutes"), value)?,
    };
    match name.is_empty() {
        true => Err(wrong(&at("name"), "must not be empty")),
        false => Ok(Named { kind, name, is_managed }),
    }
}

fn get<'a>(keys: &'a Map<String, Value>, key: &str) -> &'a Value {
    keys.get(key).unwrap_or(&Value::Null)
}

fn replace(default: &mut String, text: String) {
    if !text.is_empty() {
        *default = text;
    }
}

fn text(path: &str, value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_string).ok_or_else(|| wrong(path, "must be a string"))
}

fn flag(path: &str, value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wrong(path, "must be true or false"))
}

fn wrong(path: &str, what: &str) -> String {
    let dot = if path.is_empty() { "" } else { "." };
    format!("spec.strategy.canary.trafficRouting.plugins[{}]{dot}{path} {what}", super::PLUGIN)
}
