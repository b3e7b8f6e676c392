//! Deformed objects: Rollouts, ReplicaSets, Services, pods and Deployments that an API server takes and nobody in their right mind
//! writes. A case is one state of a model world, deformed by its seed; it must decode or be refused in words, plan
//! without panic or overflow, settle within a bounded number of plans of bounded size, and print.
//!
//! A million cases by hand: `cargo run --release -p rollouts-sim --example fuzz -- --cases 1000000`, with overflow checks
//! and debug assertions turned on by `CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true` and
//! `CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true`.

mod corpus;
mod deform;
mod fields;
mod screen;
mod values;
mod world;

pub use corpus::Corpus;
pub use screen::Screen;

use deform::deform;
use rollouts_memkube::Rng;
use serde_json::Value;
use world::World;

/// Every so many cases the command line prints the objects, too: it is much slower than planning.
const PRINTED_EVERY: u64 = 50;
/// One case in so many must come to rest for good; the others are watched for a few rounds.
const RESTED_EVERY: u64 = 32;

/// What became of a case that broke no rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The Rollout could not be decoded, which its status would tell.
    pub is_unreadable: bool,
    /// The Rollout was refused by validation all the time.
    pub is_invalid: bool,
    /// A plan was made with the pod template of another object.
    pub is_resolved: bool,
    /// Plans made.
    pub plans: u64,
    /// Effects in them.
    pub effects: u64,
    /// Effects that scaled a Deployment down.
    pub taken: u64,
    /// Effects that scaled a Deployment up.
    pub given_back: u64,
}

/// The objects of a case, as JSON: `rollout`, and by name `sets`, `services`, `pods` and `workloads`; and `now`.
pub fn objects(corpus: &Corpus, seed: u64) -> Value {
    let rng = Rng::new(seed);
    let mut objects = corpus.state(&rng).clone();
    deform(&mut objects, &rng);
    objects
}

/// Plays one case.
///
/// # Errors
/// The rule that it broke. A panic goes through.
pub fn play(corpus: &Corpus, screen: &Screen, seed: u64) -> Result<Outcome, String> {
    let objects = objects(corpus, seed);
    screen.view(&objects);
    if seed.is_multiple_of(PRINTED_EVERY) {
        screen.print(&objects)?;
    }
    let Some(mut world) = World::decode(&objects) else {
        return Ok(Outcome { is_unreadable: true, ..Outcome::default() });
    };
    match seed.is_multiple_of(RESTED_EVERY) {
        true => world.rest(),
        false => world.watch(),
    }
}
