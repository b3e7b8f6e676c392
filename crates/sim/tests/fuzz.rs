//! A fixed set of deformed objects with every test run; a million by hand with the example `fuzz`.

use rollouts_sim::fuzz::{Corpus, Screen, play};

#[test]
fn deformed_objects_break_no_rule() {
    let (corpus, screen) = (Corpus::new().expect("well-formed worlds"), Screen::new().expect("a runtime"));
    for seed in 0..1_000 {
        if let Err(rule) = play(&corpus, &screen, seed) {
            panic!("case {seed}: {rule}");
        }
    }
}
