//! Which weight the canary should have (traffic.md §1.4). Pure integers: no objects.

use super::going_back;

/// What the decision rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// `spec.replicas`.
    pub replicas: i32,
    /// What stands for all traffic.
    pub max: i32,
    /// `dynamicStableScale`.
    pub dynamic: bool,
    /// The update is over: `status.stableRS` is `status.currentPodHash`.
    pub promoted: bool,
    /// The update is aborted.
    pub aborted: bool,
    /// The rest of the steps is skipped.
    pub promote_full: bool,
    /// Available pods of the new ReplicaSet; `None` without one.
    pub new_available: Option<i32>,
    /// Available pods of the stable ReplicaSet that its users meet; `None` without one.
    pub stable_available: Option<i32>,
    /// The canary's weight as the status has it.
    pub recorded: Option<i32>,
    /// The status has the weight of another canary than the new ReplicaSet.
    pub recorded_other: bool,
    /// Available pods of that other canary.
    pub remembered_available: i32,
    /// Both ReplicaSets have the pods that the step asks for.
    pub sized: bool,
    /// A step has pinned the canary's size: its share of pods says nothing about its share of traffic.
    pub pinned: bool,
    /// It has pinned it to nothing.
    pub unwanted: bool,
    /// `setWeight` of the last such step before the current one; 0 if there is none.
    pub weight_before: i32,
    /// `setWeight` of the last such step up to the current one; 0 if there is none.
    pub weight_now: i32,
    /// Where the steps are.
    pub position: Position,
    /// For an abort: what [`going_back::lower_step`] says.
    pub lower_step: i32,
}

/// Where an update is in its steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Position {
    /// There are no steps.
    #[default]
    NoSteps,
    /// At one of them.
    AtStep,
    /// All are done.
    Done,
}

/// Where traffic should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The canary's weight.
    pub weight: i32,
    /// Whether Experiments have traffic.
    pub additional: bool,
    /// Whether managed routes exist.
    pub managed: bool,
    /// The canary that traffic leaves is an earlier one: the one that the status remembers.
    pub remembered_canary: bool,
    /// The canary's Service is to select the stable pods.
    pub canary_service_back: bool,
    /// In words.
    pub why: &'static str,
}

impl Decision {
    const fn of(weight: i32, why: &'static str) -> Decision {
        Decision {
            weight,
            additional: false,
            managed: false,
            remembered_canary: false,
            canary_service_back: false,
            why,
        }
    }
}

/// The first row that applies.
pub fn decide(f: &Facts) -> Decision {
    let recorded = f.recorded.unwrap_or(0);
    let share = |available: i32| going_back::part(f.max, available, f.replicas);
    let new_available = f.new_available.unwrap_or(0);
    if f.dynamic && f.promoted && f.recorded_other && new_available < f.replicas {
        let weight = going_back::weight(f);
        let why = "the stable version grows while traffic leaves the canary that it replaces";
        return Decision { remembered_canary: true, ..Decision::of(weight, why) };
    }
    if f.promoted {
        return Decision::of(0, "no update is under way");
    }
    if f.dynamic && f.recorded_other && recorded > 0 && f.remembered_available > 0 {
        // Other than upstream, which sends everything to the few stable pods that there are.
        let borne = share(f.stable_available.unwrap_or(0).min(f.replicas));
        let weight = recorded.min((f.max - borne).max(0));
        let why = "the stable version grows while traffic leaves a canary that was superseded";
        return Decision { remembered_canary: true, ..Decision::of(weight, why) };
    }
    if f.aborted {
        let weight = going_back::weight(f);
        let canary_service_back = !f.dynamic || weight == 0;
        return Decision { canary_service_back, ..Decision::of(weight, "the update is aborted") };
    }
    if new_available == 0 {
        return Decision { additional: true, ..Decision::of(0, "no pod of the canary is available") };
    }
    if f.promote_full {
        let weight = if f.dynamic { share(new_available.min(f.replicas)) } else { recorded };
        return Decision::of(weight, "the update is promoted in full");
    }
    let step = |weight, why| Decision { additional: true, managed: true, ..Decision::of(weight, why) };
    match f.position {
        Position::NoSteps => Decision { managed: true, ..Decision::of(0, "there are no steps") },
        _ if f.unwanted => step(0, "a step wants no pod of the canary"),
        // Other than upstream, which takes the pods first and lets the few that stay serve for all.
        Position::AtStep if f.weight_now < recorded => step(f.weight_now, "the step says so"),
        _ if !f.sized => {
            // Other than upstream, traffic never rises beyond the pods that are there: after a rollback within the
            // window, one available pod would get the weight of the last step.
            let room = if f.pinned { f.max } else { share(new_available) };
            let weight = f.weight_before.min(room.max(recorded));
            step(weight, "the pods of the step are not all there yet")
        }
        Position::AtStep => step(f.weight_now, "the step says so"),
        Position::Done => {
            Decision { managed: true, ..Decision::of(f.max, "all steps are done and the canary has all pods") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A canary at the second of two weights, 20 and 40 of 100, all pods there.
    fn facts() -> Facts {
        Facts {
            replicas: 10,
            max: 100,
            new_available: Some(4),
            stable_available: Some(10),
            recorded: Some(20),
            sized: true,
            weight_before: 20,
            weight_now: 40,
            position: Position::AtStep,
            ..Facts::default()
        }
    }

    #[test]
    fn every_row() {
        let of = |facts: Facts| {
            let Decision { weight, additional, managed, remembered_canary, canary_service_back, .. } = decide(&facts);
            (weight, [additional, managed, remembered_canary, canary_service_back])
        };
        let f = facts();
        let superseded = |stable: i32| Facts {
            dynamic: true,
            recorded_other: true,
            recorded: Some(80),
            remembered_available: 8,
            stable_available: Some(stable),
            new_available: Some(0),
            ..f
        };
        let (no, experiments, steps) = ([false; 4], [true, false, false, false], [true, true, false, false]);
        let table = [
            // B: nothing to do.
            (Facts { promoted: true, ..f }, 0, no),
            // A: back to the stable version, which has fewer pods now.
            (
                Facts { dynamic: true, promoted: true, recorded_other: true, recorded: Some(40), ..f },
                40,
                [false, false, true, false],
            ),
            (Facts { dynamic: true, promoted: true, recorded_other: true, new_available: Some(10), ..f }, 0, no),
            // A superseded canary, while the stable version has half of its pods, and when it has all.
            (superseded(5), 50, [false, false, true, false]),
            (superseded(10), 0, [false, false, true, false]),
            (Facts { remembered_available: 0, ..superseded(5) }, 0, experiments),
            (Facts { dynamic: false, ..superseded(10) }, 0, experiments),
            // C
            (Facts { aborted: true, ..f }, 0, [false, false, false, true]),
            // D
            (Facts { new_available: Some(0), ..f }, 0, experiments),
            (Facts { new_available: None, ..f }, 0, experiments),
            // E
            (Facts { promote_full: true, ..f }, 20, no),
            (Facts { promote_full: true, recorded: None, ..f }, 0, no),
            (Facts { promote_full: true, dynamic: true, ..f }, 40, no),
            (Facts { promote_full: true, dynamic: true, new_available: Some(12), ..f }, 100, no),
            // F
            (Facts { sized: false, ..f }, 20, steps),
            (Facts { sized: false, weight_before: 80, new_available: Some(1), ..f }, 20, steps),
            (Facts { sized: false, weight_before: 80, new_available: Some(1), recorded: None, ..f }, 10, steps),
            (Facts { sized: false, weight_before: 80, new_available: Some(1), pinned: true, ..f }, 80, steps),
            (Facts { sized: false, weight_before: 40, new_available: Some(1), recorded: Some(40), ..f }, 40, steps),
            // A lower weight before the pods go, and none where a step wants no pods.
            (Facts { sized: false, weight_before: 80, weight_now: 10, recorded: Some(80), ..f }, 10, steps),
            (Facts { unwanted: true, pinned: true, ..f }, 0, steps),
            // G
            (f, 40, steps),
            // H
            (Facts { position: Position::Done, ..f }, 100, [false, true, false, false]),
            (Facts { position: Position::Done, sized: false, weight_before: 40, ..f }, 40, steps),
            // I
            (Facts { position: Position::NoSteps, ..f }, 0, [false, true, false, false]),
            (Facts { position: Position::NoSteps, sized: false, ..f }, 0, [false, true, false, false]),
        ];
        for (facts, weight, rest) in table {
            assert_eq!(of(facts), (weight, rest), "{facts:?}");
        }
    }

    #[test]
    fn without_replicas_nothing_is_divided() {
        let weight = |f: Facts| decide(&f).weight;
        assert_eq!(weight(Facts { replicas: 0, sized: false, recorded: None, ..facts() }), 20);
        assert_eq!(weight(Facts { replicas: 0, promote_full: true, dynamic: true, ..facts() }), 100);
    }
}
