//! One template: its ReplicaSet, its Service and its entry in the status (analysis.md §6.2).

use super::conditions::counters;
use super::machine::Machine;
use super::replica_sets::{Found, Pods};
use super::verdict::State;
use crate::ReplicaSetStatus;
use crate::planning::just_after;
use rollouts_api::Time;
use rollouts_api::experiment::{TemplateSpec, TemplateStatus};

/// From one look at a name that somebody else has to the next, in seconds: those without a
/// hash are not watched.
pub(super) const TAKEN_RETRY_SECONDS: i64 = 10;

/// What was done about a template, as far as its state depends on it.
#[derive(Debug, Default)]
struct Done {
    /// There is a ReplicaSet, or one is created.
    has_set: bool,
    /// Something of it was created or resized.
    moved: bool,
    /// Why there is no ReplicaSet.
    taken: Option<String>,
    /// Why it has failed for good.
    error: Option<String>,
}

impl Machine<'_> {
    /// Does what is to be done for a template, and gives its entry of the next status.
    pub(super) fn template(&mut self, template: &TemplateSpec) -> TemplateStatus {
        let old = self.old.template_statuses.iter().find(|s| s.name == template.name).cloned();
        let mut next =
            old.clone().unwrap_or_else(|| TemplateStatus { name: template.name.clone(), ..Default::default() });
        let state = State::parse(&next.status);
        let ended = self.terminating || state.is_some_and(State::is_completed);
        let wanted = if ended { 0 } else { template.replicas() };
        let done = self.pods(template, ended, wanted, &mut next);
        if done.moved || old.as_ref().map(counters) != Some(counters(&next)) || next.last_transition_time.is_none() {
            next.last_transition_time = Some(Time::new(self.now));
        }
        if !state.is_some_and(State::is_completed) {
            self.judge(template, state, wanted, done, &mut next);
        }
        let before = old.as_ref().map_or("", |o| o.status.as_str());
        if let Some(state) = State::parse(&next.status).filter(|s| s.as_str() != before) {
            self.tell_template(&template.name, before, state, &next.message);
        }
        next
    }

    /// Service and ReplicaSet, in this order: without its Service a template gets no pods. Counts the pods.
    fn pods(&mut self, template: &TemplateSpec, ended: bool, wanted: i32, next: &mut TemplateStatus) -> Done {
        let mut done = Done::default();
        let pods = Pods::of(template);
        let found = self.find_set(template);
        let (status, labels, hash) = match &found {
            Found::Set(set) => (set.status.clone(), set.spec.template.labels(), set.hash().to_string()),
            Found::Nothing | Found::Taken(_) => {
                (ReplicaSetStatus::default(), pods.template.labels(), pods.hash.clone())
            }
        };
        next.replicas = status.replicas;
        next.updated_replicas = status.replicas;
        next.ready_replicas = status.ready_replicas;
        next.available_replicas = status.available_replicas;
        let served = if matches!(found, Found::Taken(_)) { 0 } else { wanted };
        let service = match self.service(template, &labels, served, status.available_replicas) {
            Ok(service) => service,
            Err(error) => {
                done.error = Some(error);
                None
            }
        };
        next.pod_template_hash = if service.is_some() { hash } else { String::new() };
        next.service_name = service.unwrap_or_default();
        match found {
            _ if done.error.is_some() => {}
            Found::Set(set) => {
                done.has_set = true;
                match self.resize(&template.name, &set, wanted) {
                    Ok(moved) => done.moved = moved,
                    // Pods that cannot be removed are no verdict.
                    Err(problem) if ended => self.retry(problem),
                    Err(error) => done.error = Some(error),
                }
            }
            Found::Nothing if ended => {}
            Found::Nothing => match self.create_set(template, &pods) {
                Ok(()) => (done.has_set, done.moved) = (true, true),
                Err(error) => done.error = Some(error),
            },
            Found::Taken(by) => done.taken = Some(by),
        }
        done
    }

    /// The state of a template that has not ended.
    fn judge(
        &mut self,
        template: &TemplateSpec,
        old: Option<State>,
        wanted: i32,
        done: Done,
        next: &mut TemplateStatus,
    ) {
        let name = &template.name;
        let satisfied = done.has_set && next.available_replicas == wanted;
        let seconds = self.experiment.spec.progress_deadline_seconds();
        let deadline = next.last_transition_time.map_or(self.now, |t| t.plus_seconds(seconds.into()));
        let late = self.now > deadline;
        let (state, message) = match done.error {
            Some(error) => (State::Error, error),
            None if satisfied && (self.terminating || self.time_is_up) => (State::Successful, String::new()),
            None if satisfied => (State::Running, String::new()),
            None if self.terminating && (old == Some(State::Running) || !late) => (State::Successful, String::new()),
            None if late => {
                let message = format!("Template '{name}' exceeded its progressDeadlineSeconds ({seconds})");
                (State::Failed, done.taken.map_or(message.clone(), |taken| format!("{message}: {taken}")))
            }
            None => {
                if done.taken.is_some() {
                    self.wake(Time::new(self.now).plus_seconds(TAKEN_RETRY_SECONDS));
                }
                self.wake(just_after(deadline));
                (State::Progressing, done.taken.unwrap_or_default())
            }
        };
        next.status = state.as_str().into();
        next.message = message;
    }
}
