//! A fixed set of seeds must keep every invariant, and a seed must give the same run each time.
//!
//! Any other seed by hand: `cargo run -p rollouts-sim --example sim -- --seed N --trace`.

mod support;

use rollouts_sim::run::{Outcome, run};

/// Seeds that run with every test run. More by hand: see the example.
const SEEDS: std::ops::Range<u64> = 0..100;

fn outcome(seed: u64) -> Outcome {
    support::seeded(seed, move || run(seed, false).expect("a runtime"))
}

#[test]
fn seeds_keep_the_invariants() {
    let failed: Vec<String> = SEEDS
        .filter_map(|seed| {
            let violations = outcome(seed).violations;
            (!violations.is_empty()).then(|| format!("seed {seed}:\n  {}", violations.join("\n  ")))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn a_seed_replays_byte_for_byte() {
    for seed in [1, 2, 3] {
        assert_eq!(outcome(seed), outcome(seed), "seed {seed}");
    }
}
