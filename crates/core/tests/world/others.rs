//! Whom plans ask: load balancers.

use super::World;
use rollouts_core::{Answered, Ask};
use rollouts_traffic::{Answer, Inquiry};
use std::collections::BTreeMap;

/// What they answer, at once; those that are not here never do.
#[derive(Clone, Default)]
pub struct Others {
    pub balancers: Option<Answer>,
    pub targets: Option<Answer>,
    /// How often they were asked.
    pub asked: usize,
    pub answers: BTreeMap<Inquiry, Answered>,
}

impl World {
    /// Asks what a plan asks, and forgets what it does not. Returns whether there is an answer that was not there before.
    pub(super) fn ask(&mut self, asks: &[Ask]) -> bool {
        let others = &mut self.others;
        others.answers.retain(|inquiry, _| asks.iter().any(|ask| ask.inquiry == *inquiry));
        let mut is_new = false;
        for Ask { inquiry, anew } in asks {
            let answer = match inquiry {
                Inquiry::LoadBalancers { .. } => &others.balancers,
                Inquiry::Targets { .. } => &others.targets,
            };
            if let Some(answer) = answer.clone().filter(|_| *anew || !others.answers.contains_key(inquiry)) {
                others.answers.insert(inquiry.clone(), Answered { answer, at: self.now });
                others.asked += 1;
                is_new = true;
            }
        }
        is_new
    }
}
