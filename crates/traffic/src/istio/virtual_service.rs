//! The writes of one VirtualService.

use super::managed::{self, Parts};
use super::names::{self, Names, Used};
use super::problems::not_found;
use super::select::{self, Section};
use super::weights::{self, Shares};
use crate::{Context, Draft, Event, Managed, Route, RouteError};
use serde_json::Value;
use std::collections::BTreeSet;

fn http(object: &Value) -> Option<&Vec<Value>> {
    object["spec"]["http"].as_array()
}

fn with_http(object: &Value, http: Vec<Value>) -> Value {
    let mut new = object.clone();
    if let Some(spec) = new.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("http".into(), http.into());
    }
    new
}

fn updated(message: String) -> Event {
    Event::normal("Updated VirtualService", message)
}

/// Takes away managed routes that are not wanted.
pub(super) fn remove_managed(cx: &Context<'_>, used: &Used<'_>, route: &Route, draft: &mut Draft<'_>) {
    let Some(object) = draft.get(&used.at) else { return };
    let managed = names::managed_names(cx, &used.at);
    let keep: BTreeSet<&str> = managed::wanted(route, &managed).iter().map(|managed| managed.name.as_str()).collect();
    let Some((rest, gone)) = http(object).and_then(|http| managed::without(http, &managed, &keep)) else { return };
    let new = with_http(object, rest);
    let name = &used.at.name;
    let message = match keep.is_empty() {
        true => format!("VirtualService `{name}` removed all managed routes."),
        false => format!("VirtualService `{name}` removed managed routes '{}'", gone.join("', '")),
    };
    draft.update(
        &used.at,
        new,
        format!("routes that are no longer wanted: {}", gone.join(", ")),
        vec![updated(message)],
    );
}

/// Puts those that are wanted on top, in order.
///
/// # Errors
/// When there is no place for them.
pub(super) fn set_managed(
    cx: &Context<'_>,
    used: &Used<'_>,
    route: &Route,
    names: Names<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    // A VirtualService that is missing, or has wrong routes, is told of with the weights.
    let Some(object) = draft.get(&used.at) else { return Ok(()) };
    let managed = names::managed_names(cx, &used.at);
    let wanted = managed::wanted(route, &managed);
    let Some(first) = wanted.first() else { return Ok(()) };
    let Ok(found) = select::weighted(object, used.routes, &managed, &names) else { return Ok(()) };
    let weighted = found.iter().find(|(section, _)| *section == Section::Http).and_then(|(_, indices)| indices.first());
    let (Some(http), Some(weighted)) = (http(object), weighted) else {
        let step = if first.mirror.is_some() { "SetMirrorRoute" } else { "SetHeaderRoute" };
        let message = format!("[{step}] failed to find spec.http in VirtualService `{}`", used.at.name);
        return Err(RouteError::failed(message));
    };
    let rule = names::destination_rule(cx).and_then(|(at, _)| draft.get(&at));
    let rule_host = rule.and_then(|rule| rule["spec"]["host"].as_str());
    let parts = Parts { names, rule_host, is_near: used.is_near };
    let (list, changed) = managed::with(http, http.get(*weighted).unwrap_or(&Value::Null), &wanted, &parts);
    let event = |managed: &&Managed| {
        let kind = if managed.mirror.is_some() { "mirrorRoute" } else { "headerRoute" };
        updated(format!("VirtualService `{}` set {kind} '{}'", used.at.name, managed.name))
    };
    let events = changed.iter().map(event).collect();
    let changed: Vec<&str> = changed.iter().map(|managed| managed.name.as_str()).collect();
    let why = match changed.is_empty() {
        true => "managed routes come first".to_string(),
        false => format!("routes that steps want: {}", changed.join(", ")),
    };
    draft.update(&used.at, with_http(object, list), why, events);
    Ok(())
}

/// Sets the weights of the routes that carry them, in all sections, and of mirroring ones.
///
/// # Errors
/// When the VirtualService is missing, or has wrong routes.
pub(super) fn set_weights(
    cx: &Context<'_>,
    used: &Used<'_>,
    route: &Route,
    names: Names<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    let name = &used.at.name;
    let Some(object) = draft.get(&used.at) else {
        let event = Event::warning("VirtualServiceNotFound", format!("VirtualService `{name}` not found"));
        return Err(not_found(&used.at, event, draft));
    };
    let failed = |error: &dyn std::fmt::Display| RouteError::failed(format!("VirtualService `{name}`: {error}"));
    let managed = names::managed_names(cx, &used.at);
    let found = select::weighted(object, used.routes, &managed, &names).map_err(|error| failed(&error))?;
    let shares = Shares::of(route);
    let mut new = object.clone();
    let mut limits = BTreeSet::new();
    for (section, indices) in found {
        let list = new.get_mut("spec").and_then(|spec| spec.get_mut(section.key())).and_then(Value::as_array_mut);
        for (index, route) in list.into_iter().flatten().enumerate() {
            let is_mirror = section == Section::Http && managed::is_mirror(route, &managed);
            if is_mirror || indices.contains(&index) {
                limits.extend(weights::set(route, &shares, &names, used.is_near).map_err(|error| failed(&error))?);
            }
        }
    }
    let percent = route.percent();
    let told = updated(format!("VirtualService `{name}` set to desiredWeight '{percent}'"));
    let limited = limits
        .into_iter()
        .map(|limit| Event::warning("TrafficWeightLimited", format!("VirtualService `{name}`: {limit}")));
    let events = std::iter::once(told).chain(limited).collect();
    draft.update(&used.at, new, format!("{percent} % to the canary"), events);
    Ok(())
}
