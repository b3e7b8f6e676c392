//! Header routes: an action and its conditions, and a path that leads there before each that leads to the Rollout.

use super::Job;
use super::action::Action;
use super::conditions::{self, Rule};
use super::keys::{self, Key};
use super::paths::{self, Placed};
use super::record::Record;
use crate::{Draft, Event, Managed, Pattern, ingress};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl Job<'_> {
    /// Removes what the Rollout has of header routes but for those that are wanted.
    pub(super) fn remove_routes(&self, name: &str, wanted: &[Vec<Rule>], draft: &mut Draft<'_>) -> Result<(), String> {
        let old = self.read(name, draft)?;
        let record = Record::of(name, old)?;
        let (mut routes, split) = keys::actions(record.get(self.rollout()));
        let own = |name: &str| Key { prefix: self.prefix().into(), name: name.into() };
        let named = self.cx.routing.managed_routes.iter().flatten().map(|route| own(&route.name));
        routes.extend(named.filter(|key| key.name != self.root() && is_there(old, key)));
        let wanted: BTreeSet<Key> = wanted.iter().flatten().map(|rule| own(&rule.name)).collect();
        let (kept, gone): (BTreeSet<Key>, BTreeSet<Key>) = routes.into_iter().partition(|key| wanted.contains(key));
        if gone.is_empty() {
            return Ok(());
        }
        let mut new = old.clone();
        gone.iter().for_each(|key| remove(key, &mut new));
        record.set(self.rollout(), listed(&split, &kept), &mut new);
        let names: Vec<&str> = gone.iter().map(|key| key.name.as_str()).collect();
        let message = format!("Updating Ingress `{name}` removing managed routes");
        let events = vec![Event::normal("PatchingALBIngress", message)];
        draft.update(&self.at(name), new, format!("no longer wanted: {}", names.join(", ")), events);
        Ok(())
    }

    /// Makes the header routes that are wanted, each with a write of its own.
    pub(super) fn set_routes(&self, name: &str, wanted: &[Vec<Rule>], draft: &mut Draft<'_>) -> Result<(), String> {
        for (at, rules) in wanted.iter().enumerate().filter(|(_, rules)| !rules.is_empty()) {
            let old = self.read(name, draft)?;
            let is_there = |rule: &&Rule| {
                ingress::annotation(old, &keys::action(self.prefix(), &rule.name)).is_some() || rules.contains(*rule)
            };
            let present: Vec<&Rule> =
                wanted[..=at].iter().flatten().chain(wanted[at + 1..].iter().flatten().filter(is_there)).collect();
            let new = self.with_route(name, old, rules, &present)?;
            let route = &self.route.managed[at].name;
            let message = format!("Updating Ingress `{name}` to headerRoute '{route}'");
            let events = vec![Event::normal("PatchingALBIngress", message)];
            draft.update(&self.at(name), new, format!("header route {route} is wanted"), events);
        }
        Ok(())
    }

    fn with_route(&self, name: &str, old: &Value, rules: &[Rule], present: &[&Rule]) -> Result<Value, String> {
        let record = Record::of(name, old)?;
        let (mut routes, split) = keys::actions(record.get(self.rollout()));
        let mut new = old.clone();
        let widened = self.place(name, &mut new, present)?;
        let action = Action::all_to(self.alb, &self.route.canary.service)?.text();
        for rule in rules {
            let key = Key { prefix: self.prefix().into(), name: rule.name.clone() };
            let mut conditions = rule.conditions.clone();
            if let (true, Some(Pattern::Prefix(prefix))) = (widened.contains(&rule.name), &rule.path) {
                let values = json!({ "values": [format!("{prefix}*")] });
                conditions.push(json!({ "field": "path-pattern", "pathPatternConfig": values }));
            }
            ingress::annotate(&mut new, &key.action(), Some(action.clone()));
            ingress::annotate(&mut new, &key.conditions(), Some(Value::from(conditions).to_string()));
            routes.insert(key);
        }
        record.set(self.rollout(), listed(&split, &routes), &mut new);
        Ok(new)
    }

    /// Puts paths to the rules before those that lead to the Rollout. Gives back which of them need a condition on the path.
    fn place(&self, name: &str, ingress: &mut Value, rules: &[&Rule]) -> Result<BTreeSet<String>, String> {
        let mut widened = BTreeSet::new();
        let mut plain = BTreeSet::new();
        let mut is_used = false;
        for list in ingress::path_lists(ingress) {
            list.retain(|path| !rules.iter().any(|rule| paths::leads_to(path, &rule.name)));
            let all = std::mem::take(list);
            for path in &all {
                if ingress::service(&path["backend"]) == Some(self.root()) {
                    is_used = true;
                    for rule in rules {
                        let part = paths::within(path, &all, rule.path.as_ref(), &rule.name);
                        let part = part.map_err(|error| format!("ingress `{name}`: {error}"))?;
                        let Some(Placed { path, needs_condition }) = part else { continue };
                        list.push(path);
                        if needs_condition { &mut widened } else { &mut plain }.insert(rule.name.clone());
                    }
                }
                list.push(path.clone());
            }
        }
        if !is_used {
            return Err(format!(
                "ingress `{name}` has no rule for a header route: it does not have service `{}` in rules",
                self.root()
            ));
        }
        match widened.intersection(&plain).next() {
            Some(rule) => {
                Err(format!("ingress `{name}` has paths of which route {rule} would get more than it is for"))
            }
            None => Ok(widened),
        }
    }

    /// The rules of all routes that are wanted. A mirror route has none: it is there for another router of the Rollout.
    pub(super) fn rules(&self) -> Result<Vec<Vec<Rule>>, String> {
        let rules = |route: &Managed| if route.mirror.is_some() { Ok(Vec::new()) } else { self.rules_of(route) };
        let all: Vec<Vec<Rule>> = self.route.managed.iter().map(rules).collect::<Result<_, _>>()?;
        super::doubled(all.iter().flatten().cloned()).map_or(Ok(all), Err)
    }

    /// The rules of one route.
    pub(super) fn rules_of(&self, route: &Managed) -> Result<Vec<Rule>, String> {
        let rules = conditions::rules(route)?;
        let name = self.root();
        match rules.iter().any(|rule| rule.name == name) {
            true => Err(format!("ALB cannot have a route of the name {name:?}: that is the action for all traffic")),
            false => Ok(rules),
        }
    }
}

/// Takes a header route out of an Ingress.
pub fn remove(key: &Key, ingress: &mut Value) {
    ingress::annotate(ingress, &key.action(), None);
    ingress::annotate(ingress, &key.conditions(), None);
    ingress::path_lists(ingress).for_each(|list| list.retain(|path| !paths::leads_to(path, &key.name)));
}

fn is_there(ingress: &Value, key: &Key) -> bool {
    [key.action(), key.conditions()].iter().any(|key| ingress::annotation(ingress, key).is_some())
}

/// What the record says of a Rollout.
pub fn listed(split: &BTreeSet<Key>, routes: &BTreeSet<Key>) -> Vec<String> {
    let routes = routes.iter().flat_map(|key| [key.action(), key.conditions()]);
    split.iter().map(Key::action).chain(routes).collect()
}
