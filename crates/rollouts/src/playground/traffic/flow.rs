//! Requests on their way: by what the objects say to a Service, and from there to one of its pods.

use super::look::{Pod, Scene};
use super::requests::{self, Sample};
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_traffic::evaluate::{Answer, Backend, Request, evaluate};
use rollouts_traffic::{Context, Router, used};
use std::collections::BTreeMap;

/// How many requests of a kind are sent.
pub const REQUESTS: u32 = 1000;
/// With this one the sample keeps close to its weights.
const SEED: u64 = 1;

/// Where requests of one kind went.
#[derive(Debug, PartialEq, Eq)]
pub struct Flow {
    /// Which requests.
    pub title: String,
    /// How many of them each version answered, by the hash of its pods.
    pub answered: BTreeMap<String, Version>,
    /// How many nobody answered.
    pub lost: u32,
    /// Who gets a copy, of how many percent.
    pub copies: Vec<(String, u32)>,
}

/// Pods of one version.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Their image.
    pub image: String,
    /// How many of them are ready and were asked.
    pub pods: usize,
    /// How many requests they answered.
    pub requests: u32,
}

/// Where all kinds of requests go, router by router.
pub fn flows(scene: &Scene) -> Vec<Flow> {
    let Some(routing) = scene.rollout.spec.traffic_routing() else { return Vec::new() };
    let cx = Context { rollout: &scene.rollout, routing, settings: &scene.settings };
    let routers = used(routing);
    routers.iter().flat_map(|router| of_router(scene, &cx, *router, routers.len() > 1)).collect()
}

fn of_router(scene: &Scene, cx: &Context<'_>, router: &dyn Router, is_one_of_several: bool) -> Vec<Flow> {
    let ask = |request: &Request| evaluate(router.name(), cx, &scene.objects, request);
    let canary = scene.rollout.spec.strategy.canary.clone().unwrap_or_default();
    let entries = requests::entries(&scene.objects);
    let is_ours = |request: &&Request| {
        let own = [&canary.stable_service, &canary.canary_service];
        let leads = |(backend, _): &(Backend, u32)| own.contains(&&backend.service) || !backend.labels.is_empty();
        ask(request).to.iter().any(leads)
    };
    let entry = entries.iter().find(is_ours).or(entries.first()).cloned().unwrap_or_default();
    let through = if is_one_of_several { format!(" through {}", router.name()) } else { String::new() };
    let title = format!("{REQUESTS} requests to {}{}{through}", entry.host, entry.path);
    let anybody = Sample { whose: title, request: entry.clone() };
    let all = std::iter::once(anybody).chain(requests::samples(&canary.steps, &entry));
    all.map(|sample| flow(scene, sample.whose, &ask(&sample.request))).collect()
}

/// Sends requests of one kind. They are the same each time, so that pictures differ only where objects do.
fn flow(scene: &Scene, title: String, answer: &Answer) -> Flow {
    let mut dice = Dice(SEED);
    let copies = answer.mirrors.iter().map(|(backend, percent)| (backend.service.clone(), *percent)).collect();
    let mut flow = Flow { title, answered: BTreeMap::new(), lost: 0, copies };
    for (backend, _) in &answer.to {
        for pod in pods(scene, backend) {
            let version = version(&mut flow, pod);
            version.pods += 1;
        }
    }
    for _ in 0..REQUESTS {
        let backend = answer.pick(dice.throw());
        let pods: Vec<&Pod> = backend.into_iter().flat_map(|backend| pods(scene, backend)).collect();
        let which = usize::try_from(dice.throw()).unwrap_or(0).checked_rem(pods.len());
        match which.and_then(|which| pods.get(which)) {
            Some(pod) => version(&mut flow, pod).requests += 1,
            None => flow.lost += 1,
        }
    }
    flow
}

fn version<'a>(flow: &'a mut Flow, pod: &Pod) -> &'a mut Version {
    let hash = pod.labels.get(POD_TEMPLATE_HASH).cloned().unwrap_or_default();
    flow.answered.entry(hash).or_insert_with(|| Version { image: pod.image.clone(), ..Version::default() })
}

/// The pods behind a Service that have the labels. A Service that selects nothing has none.
fn pods<'a>(scene: &'a Scene, backend: &Backend) -> impl Iterator<Item = &'a Pod> {
    let selector = scene.services.get(&backend.service).filter(|selector| !selector.is_empty());
    let wanted: Vec<(String, String)> =
        selector.into_iter().flatten().chain(&backend.labels).map(|(k, v)| (k.clone(), v.clone())).collect();
    let is_selected = selector.is_some();
    scene.pods.iter().filter(move |pod| is_selected && wanted.iter().all(|(k, v)| pod.labels.get(k) == Some(v)))
}

/// Numbers that look random: SplitMix64.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
