//! `kubectl argo rollouts explain`, `diff` and `history` on Rollouts that stand still for all kinds of reasons, beside the
//! real controller under virtual time. What they print is kept in `shown/`, to be read by people; `ROLLOUTS_ACCEPT=1`
//! writes it anew.

mod agreement;
mod stage;
mod stuck;
mod versions;
