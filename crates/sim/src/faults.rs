//! What goes wrong between a client and the API server, all of it from a seed: slow requests, refusals, broken
//! connections before and after a write took effect, watches that are cut, late or say things twice, and a client
//! that dies at a request.

mod body;
mod refusal;
mod service;
mod weather;

pub use service::FaultyService;
pub use weather::Weather;

use rollouts_memkube::Rng;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use weather::Sky;

/// How often each fault happens, in parts of a thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Odds {
    /// A request takes up to [`Odds::latency_max`]; otherwise none.
    pub slow: u64,
    /// A write is refused with 409 although nothing changed.
    pub conflict: u64,
    /// 429 with `Retry-After: 1`.
    pub too_many: u64,
    /// 500 or 503, before anything was done.
    pub error: u64,
    /// The connection breaks before anything was done.
    pub broken: u64,
    /// A write takes effect, but its answer is lost.
    pub lost: u64,
    /// A watch is cut at an event.
    pub cut: u64,
    /// A watch sends an event twice.
    pub twice: u64,
    /// An event of a watch is late by up to [`Odds::lag_max`]; later ones queue behind it.
    pub late: u64,
    /// The client dies at a request, half of the time before and half of the time after it took effect.
    pub death: u64,
    /// Longest time of a slow request.
    pub latency_max: Duration,
    /// Longest lag of a watch.
    pub lag_max: Duration,
}

impl Odds {
    /// A mix drawn from `rng`: every class of faults is on in some runs and off in others, so that each meets the
    /// others in every combination.
    pub fn draw(rng: &Rng) -> Odds {
        let some = |most: u64| if rng.below(2) == 0 { 0 } else { 1 + rng.below(most) };
        let millis = |most: u64| Duration::from_millis(1 + rng.below(most));
        Odds {
            slow: some(500),
            conflict: some(100),
            too_many: some(50),
            error: some(100),
            broken: some(50),
            lost: some(100),
            cut: some(100),
            twice: some(200),
            late: some(300),
            death: some(100),
            latency_max: millis(3000),
            lag_max: millis(8000),
        }
    }

    /// Nothing goes wrong.
    pub fn none() -> Odds {
        Odds::default()
    }

    /// Whether nothing ever goes wrong.
    pub fn is_none(&self) -> bool {
        let Odds { slow, conflict, too_many, error, broken, lost, cut, twice, late, death, .. } = *self;
        [slow, conflict, too_many, error, broken, lost, cut, twice, late, death] == [0; 10]
    }
}

/// The faults of one run, shared by all its clients.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<State>>);

struct State {
    rng: Rng,
    odds: Odds,
    /// Hash of every request and answer so far.
    digest: u64,
    /// Writes per client.
    writes: BTreeMap<&'static str, u64>,
    /// Writes per client that changed something, other than events and evictions.
    done: BTreeMap<&'static str, u64>,
    /// The newest version that a write was answered with.
    newest: u64,
    /// Who is to die, and where.
    doom: BTreeMap<&'static str, Kill>,
    /// The weather of each client.
    skies: BTreeMap<&'static str, Sky>,
    witness: Option<Witness>,
}

/// Sees every write when it reaches the server: the client, and method and path.
pub type Witness = Arc<dyn Fn(&'static str, &str) + Send + Sync>;

/// A death at a certain write of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// The client's how many-th write, from 1.
    pub write: u64,
    /// When, seen from the server.
    pub moment: Moment,
}

/// When a client dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The write does not reach the server.
    Before,
    /// The server carries the write out, but its answer reaches nobody.
    After,
}

/// What is to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing.
    Pass,
    /// 409.
    Conflict,
    /// 429.
    TooMany,
    /// 500 or 503.
    Error(u16),
    /// No answer, nothing done.
    Broken,
    /// No answer, but done.
    Lost,
    /// The client dies before the request takes effect.
    DieBefore,
    /// The client dies after the request took effect.
    DieAfter,
}

impl Faults {
    /// Faults drawn from `seed` with these odds.
    pub fn new(seed: u64, odds: Odds) -> Faults {
        Faults(Arc::new(Mutex::new(State {
            rng: Rng::new(seed),
            odds,
            digest: FNV_OFFSET,
            writes: BTreeMap::new(),
            done: BTreeMap::new(),
            newest: 0,
            doom: BTreeMap::new(),
            skies: BTreeMap::new(),
            witness: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing goes wrong from now on.
    pub fn heal(&self) {
        let mut state = self.state();
        state.odds = Odds::none();
        state.skies.values_mut().for_each(|sky| sky.change(Weather::Fair));
    }

    /// From now on the API server answers `who` like this.
    pub fn weather(&self, who: &'static str, weather: Weather) {
        self.note(&format!("{who}: {weather:?}"));
        self.state().skies.entry(who).or_default().change(weather);
    }

    /// From now on `witness` sees every write.
    pub fn witness(&self, witness: Witness) {
        self.state().witness = Some(witness);
    }

    /// Every watch that `who` has open breaks.
    pub fn break_watches(&self, who: &'static str) {
        self.state().skies.entry(who).or_default().break_watches();
    }

    /// Every watch that `who` has open falls silent and never ends.
    pub fn silence_watches(&self, who: &'static str) {
        self.state().skies.entry(who).or_default().silence_watches();
    }

    /// A client of `server` under these faults; `who` names it. It dies when `life` is cancelled, and cancels it when
    /// the faults kill it. `mortal` clients are killed, others are not.
    pub fn wrap(
        &self,
        server: rollouts_memkube::Service,
        who: &'static str,
        life: CancellationToken,
        mortal: bool,
    ) -> FaultyService {
        FaultyService::new(self.clone(), server, who, life, mortal)
    }

    /// How many writes this client tried so far.
    pub fn writes(&self, who: &str) -> u64 {
        self.state().writes.get(who).copied().unwrap_or_default()
    }

    /// How many writes of this client, other than events and evictions, changed something so far.
    pub fn done(&self, who: &str) -> u64 {
        self.state().done.get(who).copied().unwrap_or_default()
    }

    /// A number that two runs share only if they did the same, byte for byte.
    pub fn digest(&self) -> u64 {
        self.state().digest
    }

    /// Adds something that happened to the digest, and tells it to `tracing` (target `rollouts_sim`, level debug).
    pub fn note(&self, line: &str) {
        tracing::debug!(target: "rollouts_sim", "{line}");
        let mut state = self.state();
        state.digest = line.bytes().fold(state.digest, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    }

    /// A number below `n` from the run's dice.
    pub fn below(&self, n: u64) -> u64 {
        self.state().rng.below(n)
    }

    /// Lets a mortal client die once, at a certain write.
    pub fn doom(&self, who: &'static str, kill: Kill) {
        self.state().doom.insert(who, kill);
    }

    /// Counts a write that was carried out. One that changes nothing is answered with a version that is known; the
    /// answers to evictions do not tell.
    fn count_done(&self, who: &'static str, path: &str, answer: &[u8]) {
        let object: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
        let version = object["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok());
        let mut state = self.state();
        let is_news = version.is_none_or(|version| version > state.newest);
        state.newest = state.newest.max(version.unwrap_or_default());
        if is_news && !path.contains("/events") && !path.contains("/eviction") {
            *state.done.entry(who).or_default() += 1;
        }
    }

    /// Counts a write, and says whether it is the client's last.
    fn count_write(&self, who: &'static str) -> Option<Fate> {
        let mut state = self.state();
        let writes = state.writes.entry(who).or_default();
        *writes += 1;
        let nth = *writes;
        let kill = state.doom.get(who).filter(|kill| kill.write == nth)?;
        Some(match kill.moment {
            Moment::Before => Fate::DieBefore,
            Moment::After => Fate::DieAfter,
        })
    }

    fn fate(&self, is_write: bool, is_update: bool, mortal: bool) -> (Duration, Fate) {
        let state = self.state();
        let odds = state.odds;
        let hit = |chance: u64| chance > 0 && state.rng.below(1000) < chance;
        let latency = if hit(odds.slow) { between(&state.rng, odds.latency_max) } else { Duration::ZERO };
        let fate = if mortal && hit(odds.death) {
            if state.rng.below(2) == 0 { Fate::DieBefore } else { Fate::DieAfter }
        } else if is_update && hit(odds.conflict) {
            Fate::Conflict
        } else if hit(odds.too_many) {
            Fate::TooMany
        } else if hit(odds.error) {
            Fate::Error(if state.rng.below(2) == 0 { 500 } else { 503 })
        } else if hit(odds.broken) {
            Fate::Broken
        } else if is_write && hit(odds.lost) {
            Fate::Lost
        } else {
            Fate::Pass
        };
        (latency, fate)
    }

    fn event(&self) -> EventFate {
        let state = self.state();
        let odds = state.odds;
        let hit = |chance: u64| chance > 0 && state.rng.below(1000) < chance;
        EventFate {
            lag: if hit(odds.late) { between(&state.rng, odds.lag_max) } else { Duration::ZERO },
            twice: hit(odds.twice),
            cut: hit(odds.cut),
        }
    }
}

/// What is to happen to an event of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventFate {
    lag: Duration,
    twice: bool,
    cut: bool,
}

fn between(rng: &Rng, most: Duration) -> Duration {
    Duration::from_millis(rng.below(u64::try_from(most.as_millis()).unwrap_or(u64::MAX)))
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

/// FNV-1a of some bytes, as text.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME));
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(text, "{hash:016x}");
    text
}

#[cfg(test)]
mod tests;
