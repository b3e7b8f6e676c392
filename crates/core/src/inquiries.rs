//! What others must tell before more can be decided, such as load balancers. A plan says what it asks, and never waits:
//! whoever applies it asks, and a later snapshot has the answer.

use crate::reconcile::Reconcile;
use jiff::{SignedDuration, Timestamp};
use rollouts_traffic::{Answer, Inquiry};
use std::fmt;

/// A question of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The question.
    pub inquiry: Inquiry,
    /// The answer that is there, if there is one, will not do any more.
    pub anew: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// What was answered.
    pub answer: Answer,
    /// When it came.
    pub at: Timestamp,
}

impl Reconcile<'_> {
    /// Asks. The answer is there in a later reconcile, for as long as each one on the way asks the same.
    pub(crate) fn ask(&mut self, inquiry: Inquiry) -> Option<Answered> {
        let answered = self.snapshot.answers.get(&inquiry).cloned();
        self.plan.asks.push(Ask { inquiry, anew: false });
        answered
    }

    /// The answer to what was asked last was not the one that is hoped for: asks again, so many seconds after it came.
    pub(crate) fn ask_again(&mut self, answered: &Answered, seconds: i64) {
        let due = answered.at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        match self.plan.asks.last_mut() {
            Some(ask) if due <= self.now => ask.anew = true,
            _ => self.plan.look_again(due),
        }
    }
}

/// A line for each question.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, asks: &[Ask]) -> fmt::Result {
    for Ask { inquiry, anew } in asks {
        let again = if *anew { " again" } else { "" };
        match inquiry {
            Inquiry::LoadBalancers { hosts, .. } => {
                writeln!(f, "? asks the load balancers{again}: {}", hosts.join(", "))?
            }
            Inquiry::Targets { service, .. } => writeln!(f, "? asks the target groups of Service {service}{again}")?,
        }
    }
    Ok(())
}
