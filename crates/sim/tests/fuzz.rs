//! A fixed set of deformed objects with every test run; a million by hand with the example `fuzz`.

use rollouts_sim::fuzz::{Corpus, Screen, play};

#[test]
fn deformed_objects_break_no_rule() {
    let (corpus, screen) = (Corpus::new().expect("well-formed worlds"), Screen::new().expect("a runtime"));
    let (mut resolved, mut taking) = (0, 0);
    for seed in 0..1_000 {
        match play(&corpus, &screen, seed) {
            Ok(outcome) => {
                resolved += u32::from(outcome.is_resolved);
                taking += u32::from(outcome.taken > 0);
            }
            Err(rule) => panic!("case {seed}: {rule}"),
        }
    }
    // What is not reached is not tested.
    assert!(resolved > 100 && taking > 10, "{resolved} with a workload, {taking} take from a Deployment");
}
