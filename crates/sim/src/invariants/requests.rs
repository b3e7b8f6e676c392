//! What becomes of the requests of users; the table of [`super`] says what each rule means.

use super::model::{Model, Monitor};
use crate::feed::Change;
use crate::requests::{DataPlane, USERS, User, named};
use rollouts_actors::foreign::resources;
use rollouts_api::names::{INSTANCE_ID, REVISION};
use rollouts_kube::Resource;
use rollouts_kube::resource::INGRESSES;
use rollouts_memkube::Rng;
use rollouts_traffic::Kind;
use rollouts_traffic::evaluate::Backend;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long a backend may be empty because of something that no controller can foresee.
const REACTION: Duration = Duration::from_secs(30);

/// How long nothing must have happened for the world to count as quiet.
const QUIET: Duration = Duration::from_secs(5);

/// Shares may differ by so many percent: what is lost where a router knows only whole percent.
const ROUNDING: f64 = 0.51;

/// How many users ask at once, and how often.
const CROWD: u64 = 10_000;
const CROWD_EVERY: Duration = Duration::from_secs(60);

/// How many standard deviations off the share is no accident: less than one in a million.
const DEVIATIONS: f64 = 5.0;

/// A backend of a router that users are sent to.
type End = (&'static str, User, Backend);

/// What is known about requests.
#[derive(Default)]
pub(super) struct Requests {
    pub plane: DataPlane,
    /// Routers whose users were answered once.
    reached: BTreeSet<&'static str>,
    /// Backends that have users but no pods, since when, and whether that was told.
    empty: BTreeMap<End, (Instant, bool)>,
    /// The share that each version had of each router's users.
    shares: BTreeMap<&'static str, BTreeMap<String, f64>>,
    /// When something happened last.
    changed: Option<Instant>,
    /// The last complaint at a quiet look, which is not repeated.
    complaint: String,
    /// How many users asked so far; their number is the number of their dice.
    asked: u64,
    /// When the last crowd came.
    crowd: Option<Instant>,
}

impl Model {
    pub(super) fn note_service(&mut self, change: &Change) {
        let object = &change.object;
        let told = if change.is_deletion() { &Value::Null } else { &object["spec"]["selector"] };
        self.faults.note(&format!("service {}: {told}", object["metadata"]["name"]));
    }

    pub(super) fn take_router_object(&mut self, change: &Change) {
        let object = &change.object;
        let Some(kind) = kind_of(object) else { return };
        let name = &object["metadata"]["name"];
        let told = match change.is_deletion() {
            true => "deleted".to_owned(),
            false => format!("{} {}", object["spec"], object["metadata"]["annotations"]),
        };
        self.faults.note(&format!("{} {name}: {told}", kind.plural));
        self.requests.plane.take_object(&kind, change);
        self.requests.changed = Some(Instant::now());
    }

    /// Looks where requests go after a change.
    pub(super) fn check_requests(&mut self, is_news: bool) {
        if is_news {
            self.requests.changed = Some(Instant::now());
        }
        let mut now_empty = BTreeMap::new();
        let mut problems = Vec::new();
        let is_able = self.requests.plane.ready(self.status("stableRS")) > 0 && self.is_obeyed();
        for router in self.requests.plane.routers() {
            let mut is_answered = true;
            for user in USERS {
                let answer = self.requests.plane.answer(router, &user.request());
                is_answered &= !answer.to.is_empty();
                for (backend, weight) in &answer.to {
                    if !self.requests.plane.versions(backend).is_empty() {
                        continue;
                    }
                    is_answered = false;
                    let end = (router, user, backend.clone());
                    let before = self.requests.empty.get(&end).copied();
                    let (mut since, mut told) = before.unwrap_or((Instant::now(), false));
                    if !is_able {
                        since = Instant::now();
                    }
                    let is_reached = self.requests.reached.contains(router);
                    if !told && is_reached && self.is_dropped(since) {
                        told = true;
                        let name = named(backend);
                        problems.push(format!("{router} sends {weight} of {user:?} to {name}, which has no ready pod"));
                    }
                    now_empty.insert(end, (since, told));
                }
                if user == User::Anybody {
                    problems.extend(self.check_burden(router, self.requests.plane.shares(&answer)));
                }
            }
            if is_answered {
                self.requests.reached.insert(router);
            }
        }
        self.requests.empty = now_empty;
        problems.into_iter().for_each(|problem| self.violate(format!("requests: {problem}")));
    }

    /// Whether an empty backend is a dropped request. At once where only the controller can be the reason; else when it has
    /// not reacted for a while in which there was a stable pod to go to. Nobody promises any to a Rollout without pods.
    fn is_dropped(&self, since: Instant) -> bool {
        let is_strict = self.window == super::SHORT_WINDOW;
        if self.rollout["spec"]["replicas"] == 0 {
            return false;
        }
        if is_strict && self.is_only_controller() {
            return true;
        }
        is_strict && since.elapsed() > REACTION
    }

    /// Nobody but the controller changes anything that requests depend on.
    fn is_only_controller(&self) -> bool {
        self.subject.is_harmless && self.subject.is_left_alone
    }

    /// The Rollout is that of our controllers, and they can do what it says.
    fn is_obeyed(&self) -> bool {
        let (metadata, status) = (&self.rollout["metadata"], &self.rollout["status"]);
        let mut conditions = status["conditions"].as_array().into_iter().flatten();
        let is_in_trouble = conditions.any(|c| {
            (c["type"] == "InvalidSpec" && c["status"] == "True")
                || (c["type"] == "TrafficRouted" && c["status"] == "False")
        });
        let observed = status["observedGeneration"].as_str().and_then(|g| g.parse().ok());
        metadata["labels"][INSTANCE_ID].is_null()
            && !is_in_trouble
            && observed.is_some()
            && observed == metadata["generation"].as_i64()
            && self.is_routed()
    }

    fn is_routed(&self) -> bool {
        !self.rollout["spec"]["strategy"]["canary"]["trafficRouting"].is_null()
    }

    /// A canary's share grows only as far as its pods can bear it.
    fn check_burden(&mut self, router: &'static str, shares: BTreeMap<String, f64>) -> Option<String> {
        let before = self.requests.shares.insert(router, shares.clone())?;
        let (canary, stable) = (self.status("currentPodHash").to_owned(), self.status("stableRS").to_owned());
        let (share, was) = (shares.get(&canary).copied().unwrap_or(0.0), before.get(&canary).copied().unwrap_or(0.0));
        let spec = &self.rollout["spec"];
        let strategy = &spec["strategy"]["canary"];
        let is_judged = self.window == super::SHORT_WINDOW
            && self.is_only_controller()
            && canary != stable
            && !stable.is_empty()
            && !self.pins_canary()
            && strategy["replicaProgressThreshold"].is_null();
        if share <= was || !is_judged {
            return None;
        }
        let replicas = spec["replicas"].as_u64().unwrap_or(1).min(1000);
        let ready = u32::try_from(self.requests.plane.ready(&canary)).unwrap_or(u32::MAX);
        // How many pods the share stands for.
        let burden = (share - ROUNDING) * f64::from(u32::try_from(replicas).unwrap_or(0)) / 100.0;
        let text = || format!("{router} sends {share} % to the canary, of whose {replicas} pods {ready} are ready");
        (burden > f64::from(ready)).then(text)
    }

    /// Whether a step sets the canary's size, whatever its traffic.
    pub(super) fn pins_canary(&self) -> bool {
        let pins = |step: &Value| !step["setCanaryScale"].is_null();
        self.rollout["spec"]["strategy"]["canary"]["steps"].as_array().is_some_and(|steps| steps.iter().any(pins))
    }

    /// Looks when nothing has happened for a while.
    pub(super) fn look_at_requests(&mut self) {
        self.check_requests(false);
        let is_quiet = self.requests.changed.is_some_and(|at| at.elapsed() >= QUIET);
        let is_judged = self.window == super::SHORT_WINDOW && self.is_only_controller();
        if !is_quiet || !is_judged || !self.is_obeyed() || self.rests {
            return;
        }
        let crowd = self.crowd();
        let complaint = self.complaint().or(crowd).unwrap_or_default();
        if !complaint.is_empty() && complaint != self.requests.complaint {
            self.violate(format!("requests: {complaint}"));
        }
        self.requests.complaint = complaint;
    }

    /// Once a minute many users ask, each with dice of their own: what is wrong with where they end.
    fn crowd(&mut self) -> Option<String> {
        if self.requests.crowd.is_some_and(|at| at.elapsed() < CROWD_EVERY) {
            return None;
        }
        self.requests.crowd = Some(Instant::now());
        let wanted = self.declared()?;
        let first = self.requests.asked;
        self.requests.asked += CROWD;
        let plane = &self.requests.plane;
        plane.routers().into_iter().find_map(|router| {
            let answer = plane.answer(router, &User::Anybody.request());
            let mut ends: BTreeMap<String, u64> = BTreeMap::new();
            for number in first..first + CROWD {
                let dice = Rng::new(number);
                let versions = answer.pick(dice.next_u64()).map(|backend| plane.versions(backend)).unwrap_or_default();
                let pod = usize::try_from(dice.below(versions.len() as u64)).unwrap_or_default();
                *ends.entry(versions.get(pod).copied().unwrap_or_default().to_owned()).or_default() += 1;
            }
            ends.iter().find_map(|(version, count)| {
                let share = wanted.get(version).copied().unwrap_or(0.0) / 100.0;
                let (count, all) = (f64::from(u32::try_from(*count).ok()?), f64::from(u32::try_from(CROWD).ok()?));
                let spread = DEVIATIONS * (all * share * (1.0 - share)).max(0.0).sqrt() + all * ROUNDING / 100.0;
                let text = || format!("of {CROWD} users of {router} {count} reach {version:?}, not {}", all * share);
                ((count - all * share).abs() > spread).then(text)
            })
        })
    }

    /// The share of each version in percent, as the status has it. Without pods the Services wait for those of a version.
    fn declared(&self) -> Option<BTreeMap<String, f64>> {
        if self.rollout["spec"]["replicas"] == 0 {
            return None;
        }
        let weights = &self.rollout["status"]["canary"]["weights"];
        let max = self.rollout["spec"]["strategy"]["canary"]["trafficRouting"]["maxTrafficWeight"].as_f64();
        let max = max.unwrap_or(100.0);
        let mut wanted: BTreeMap<String, f64> = BTreeMap::new();
        let additional = weights["additional"].as_array().into_iter().flatten();
        for end in [&weights["canary"], &weights["stable"]].into_iter().chain(additional) {
            let hash = end["podTemplateHash"].as_str().unwrap_or_default().to_owned();
            *wanted.entry(hash).or_default() += end["weight"].as_f64().unwrap_or(0.0) * 100.0 / max;
        }
        (!weights.is_null()).then_some(wanted)
    }

    /// What is wrong with where requests go in a quiet world.
    fn complaint(&self) -> Option<String> {
        let wanted = self.declared()?;
        let canary = self.status("currentPodHash");
        self.requests.plane.routers().into_iter().find_map(|router| {
            let shares = |user: User| {
                let plane = &self.requests.plane;
                plane.shares(&plane.answer(router, &user.request()))
            };
            let all = shares(User::Anybody);
            if !is_same(&all, &wanted) {
                return Some(format!("{router} sends users to {all:?}, the status says {wanted:?}"));
            }
            [User::Header, User::Cookie].into_iter().find_map(|user| {
                let (found, routed) = (shares(user), self.is_targeted(user));
                let wanted = if routed { BTreeMap::from([(canary.to_owned(), 100.0)]) } else { all.clone() };
                let told = || format!("{router} sends {user:?} to {found:?}, not {wanted:?}; targeted: {routed}");
                (!is_same(&found, &wanted)).then(told)
            })
        })
    }

    /// Whether the steps so far have made a route for this user, and not removed it.
    fn is_targeted(&self, user: User) -> bool {
        let status = &self.rollout["status"];
        let is_update =
            status["stableRS"] != status["currentPodHash"] && self.rollout["metadata"]["annotations"][REVISION] != "1";
        let is_over = status["abort"] == true || status["promoteFull"] == true;
        // What has just become available is sent users soon; a world in which they have come is quiet for longer than that.
        let available =
            self.by_hash(self.status("currentPodHash")).map_or(0, |(_, set)| set.available.least(self.window));
        if !is_update || is_over || available == 0 || self.requests.plane.ready(self.status("currentPodHash")) == 0 {
            return false;
        }
        let steps = self.rollout["spec"]["strategy"]["canary"]["steps"].as_array().map_or(&[][..], |steps| steps);
        let index = status["currentStepIndex"].as_u64().and_then(|i| usize::try_from(i).ok()).unwrap_or(0);
        let mut last = steps.iter().take(index.saturating_add(1)).filter_map(|step| {
            step["setHeaderRoute"]["match"]
                .as_array()
                .map(Some)
                .or_else(|| (!step["setHeaderRoute"].is_null()).then_some(None))
        });
        let matches = last.next_back().flatten();
        let has = |m: &Value| match user {
            User::Anybody => false,
            User::Header => !m["headerName"].is_null() || !m["headers"].is_null(),
            User::Cookie => !m["cookies"].is_null(),
        };
        matches.is_some_and(|matches| matches.iter().any(has))
    }
}

impl Monitor {
    /// Users who do not reach this version alone, or are copied.
    pub fn strays(&self, hash: &str) -> Vec<String> {
        let model = self.model();
        let (plane, wanted) = (&model.requests.plane, BTreeMap::from([(hash.to_owned(), 100.0)]));
        let mut strays = Vec::new();
        // What its routers were told before is undone; where that leads is not the Rollout's business.
        if !model.is_routed() {
            return strays;
        }
        for (router, user) in plane.routers().into_iter().flat_map(|router| USERS.map(|user| (router, user))) {
            let answer = plane.answer(router, &user.request());
            let shares = plane.shares(&answer);
            if !is_same(&shares, &wanted) || !answer.mirrors.is_empty() {
                let mirrors: Vec<String> = answer.mirrors.iter().map(|(backend, _)| named(backend)).collect();
                strays.push(format!("{router} sends {user:?} to {shares:?}, and copies to {mirrors:?}"));
            }
        }
        strays
    }

    /// The Services that the routers send each user to.
    pub fn ends(&self) -> Vec<String> {
        let model = self.model();
        let plane = &model.requests.plane;
        let all = plane.routers().into_iter().flat_map(|router| USERS.map(|user| (router, user)));
        let end = |(router, user): (&str, User)| {
            let answer = plane.answer(router, &user.request());
            let to: Vec<String> = answer.to.iter().map(|(backend, _)| backend.service.clone()).collect();
            let copies: Vec<String> = answer.mirrors.iter().map(|(backend, _)| backend.service.clone()).collect();
            format!("{router} {user:?}: {to:?} {copies:?}")
        };
        all.map(end).collect()
    }
}

/// The kind of a router's object.
fn kind_of(object: &Value) -> Option<Kind> {
    let is_its = |r: &Resource| object["kind"] == r.kind.as_ref() && object["apiVersion"] == r.api_version();
    let Resource { group, version, kind, plural, .. } = resources().chain([INGRESSES]).find(is_its)?;
    Some(Kind { group, version, kind, plural })
}

fn is_same(found: &BTreeMap<String, f64>, wanted: &BTreeMap<String, f64>) -> bool {
    let of = |map: &BTreeMap<String, f64>, hash: &String| map.get(hash).copied().unwrap_or(0.0);
    found.keys().chain(wanted.keys()).all(|hash| (of(found, hash) - of(wanted, hash)).abs() <= ROUNDING)
}
