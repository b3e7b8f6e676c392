//! Comparing what is said with what happens.

use crate::client::Client;
use rollouts_traffic::evaluate::{Answer, Backend, Request};
use std::collections::BTreeMap;

/// How often a request is sent of which it is certain where it goes.
const CERTAIN: usize = 3;
/// How often one is sent of which it is not.
const UNCERTAIN: usize = 500;
/// The same where nothing is left to chance.
const EXACT: usize = 60;
/// How many standard deviations a share may be off: less than one of a million is so by chance.
const SIGMAS: f64 = 5.0;

/// Numbers that are the same every time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next one (SplitMix64).
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// The name of the server that stands for a backend.
pub fn name(backend: &Backend) -> String {
    let labels: Vec<String> = backend.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if labels.is_empty() { backend.service.clone() } else { format!("{}[{}]", backend.service, labels.join(",")) }
}

/// Who answered how often.
#[derive(Debug, Default, Clone)]
pub struct Tally(BTreeMap<String, usize>);

impl Tally {
    pub fn count(&mut self, who: String) {
        *self.0.entry(who).or_default() += 1;
    }

    fn add(&mut self, other: &Tally) {
        for (name, count) in &other.0 {
            *self.0.entry(name.clone()).or_default() += count;
        }
    }

    /// Whose share is not what was said.
    fn problem(&self, answer: &Answer) -> Option<String> {
        let mut expected: BTreeMap<String, f64> = BTreeMap::new();
        for (backend, _) in &answer.to {
            expected.insert(name(backend), answer.percent(|other| other == backend) / 100.0);
        }
        if answer.to.is_empty() {
            expected.insert(String::new(), 1.0);
        }
        let all: usize = self.0.values().sum();
        let is_off = |who: &&String| {
            let share = expected.get(*who).copied().unwrap_or(0.0);
            !is_share(self.0.get(*who).copied().unwrap_or(0), all, share)
        };
        let is_wrong = expected.keys().chain(self.0.keys()).any(|who| is_off(&who));
        is_wrong.then(|| format!("is to be answered by {expected:?}, and was by {:?}", self.0))
    }
}

/// Whether `count` of `all` is about the share.
pub fn is_share(count: usize, all: usize, share: f64) -> bool {
    let float = |n: usize| f64::from(u32::try_from(n).expect("few"));
    let deviation = (float(all) * share * (1.0 - share)).sqrt();
    (float(count) - float(all) * share).abs() <= SIGMAS * deviation + f64::EPSILON
}

/// Sends the requests, each so often that it is clear where they go, and fails when that is not what was said. Without dice
/// the data plane uses its own.
pub async fn agree(client: &mut Client, dice: Option<&mut Dice>, requests: &[(Request, Answer)], about: &str) {
    let mut dice = dice;
    let mut pools: Vec<(&Answer, Tally)> = Vec::new();
    let mut problems: Vec<String> = Vec::new();
    for (request, answer) in requests {
        let times = if answer.to.len() > 1 { UNCERTAIN } else { CERTAIN };
        let mut tally = Tally::default();
        for _ in 0..times {
            tally.count(client.ask(request, dice.as_mut().map(|dice| dice.roll())).await);
        }
        problems.extend(tally.problem(answer).map(|problem| format!("{request:?} {problem}")));
        match pools.iter_mut().find(|(other, _)| *other == answer) {
            Some((_, pool)) => pool.add(&tally),
            None => pools.push((answer, tally)),
        }
    }
    // Together they must come closer.
    problems.extend(pools.into_iter().filter_map(|(answer, pool)| pool.problem(answer)));
    assert!(problems.is_empty(), "{about}:\n{}", problems.join("\n"));
}

/// The same with a data plane that lets itself be told what comes of chance, so that there is none.
pub async fn agree_exactly(client: &mut Client, dice: &mut Dice, requests: &[(Request, Answer)], about: &str) {
    let mut problems: Vec<String> = Vec::new();
    for (request, answer) in requests {
        let times = if answer.to.len() > 1 { EXACT } else { CERTAIN };
        for _ in 0..times {
            let chance = dice.roll();
            let wanted = answer.pick(chance).map(name).unwrap_or_default();
            let who = client.ask(request, Some(chance)).await;
            if who != wanted {
                problems.push(format!("{request:?} is to be answered by {wanted:?}, and was by {who:?}"));
                break;
            }
        }
    }
    assert!(problems.is_empty(), "{about}:\n{}", problems.join("\n"));
}
