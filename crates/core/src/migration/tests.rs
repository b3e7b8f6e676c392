use super::*;
use serde_json::json;

const UID: &str = "0a1b2c3d-0a1b-4c1d-8a1b-0a1b2c3d4e5f";

fn deployment(size: i32, labels: serde_json::Value) -> Workload {
    serde_json::from_value(json!({"metadata": {"uid": UID, "labels": labels}, "spec": {"replicas": size}})).unwrap()
}

fn labels(from: i32, to: i32) -> serde_json::Value {
    json!(std::collections::BTreeMap::from(Debt::new(UID, &deployment(0, json!({})), from, to).labels()))
}

#[test]
fn a_debt_is_read_from_labels_and_written_to_them() {
    let debt = Debt::of(&deployment(2, labels(5, 2))).unwrap();
    assert_eq!((debt.by.as_str(), debt.from, debt.to), (UID, 5, 2));
    assert_eq!(Debt::of(&deployment(2, json!({}))), None);
    assert!(debt.labels().iter().all(|(_, value)| value.len() <= 63), "{debt:?}");
}

#[test]
fn a_copy_is_owed_nothing() {
    let mut copy = deployment(2, labels(5, 2));
    copy.metadata.uid = "f".into();
    assert_eq!(Debt::of(&copy), None);
    for text in ["", ".", "u", "u."] {
        assert_eq!(Debt::of(&deployment(2, json!({names::SCALED_DOWN_BY: text}))), None, "{text}");
    }
}

#[test]
fn labels_that_somebody_spoiled_owe_nothing() {
    for text in ["", "many", "-3", "99999999999"] {
        let mut labels = labels(5, 2);
        (labels[names::SCALED_DOWN_FROM], labels[names::SCALED_DOWN_TO]) = (text.into(), text.into());
        let spoiled = deployment(4, labels);
        assert_eq!(Debt::of(&spoiled).map(|d| (d.from, d.to)), Some((4, 4)), "{text}");
        assert_eq!(size_given_back(&spoiled), None);
    }
}

/// Otherwise the Deployment would be scaled down to what is said to have been there, whoever serves.
#[test]
fn less_than_was_left_cannot_have_been_there() {
    assert_eq!(Debt::of(&deployment(5, labels(1, 5))).map(|d| (d.from, d.to)), Some((5, 5)));
}

#[test]
fn only_what_was_left_is_given_back() {
    assert_eq!(size_given_back(&deployment(2, labels(5, 2))), Some(5));
    for size in [0, 1, 3, 5, 8] {
        assert_eq!(size_given_back(&deployment(size, labels(5, 2))), None, "somebody else set {size}");
    }
}

/// A migration from a Deployment of 4 pods to a Rollout of 4, at its first revision, with nothing taken yet.
fn start(mode: ScaleDown) -> Migration {
    Migration {
        mode,
        wanted: 4,
        serving: 0,
        healthy: false,
        was_healthy: false,
        will_have_been_healthy: false,
        first_revision: true,
        begins: true,
        size: 4,
        from: 4,
        to: None,
    }
}

/// The same as [`start`] after the Rollout has left `to` of the Deployment's pods.
fn taken(mode: ScaleDown, to: i32) -> Migration {
    Migration { begins: false, size: to, to: Some(to), ..start(mode) }
}

#[test]
fn onsuccess_waits_for_a_healthy_rollout() {
    let m = start(ScaleDown::OnSuccess);
    assert_eq!(m.size(), None);
    assert_eq!(Migration { serving: 3, ..m.clone() }.size(), None);
    let healthy = Migration { serving: 4, healthy: true, ..m };
    assert_eq!(healthy.size(), Some(0));
    assert_eq!(Migration { serving: 3, ..healthy.clone() }.size(), None, "a pod less serves than the status says");
    assert_eq!(Migration { wanted: 0, serving: 0, ..healthy }.size(), None, "no pods take nothing over");
}

#[test]
fn a_first_revision_that_failed_does_not_end_a_migration() {
    let later = Migration { first_revision: false, serving: 4, healthy: true, ..taken(ScaleDown::OnSuccess, 4) };
    assert_eq!(later.size(), Some(0));
    // Whoever scales the Deployment up long after it was taken over has a reason.
    let over = Migration { was_healthy: true, to: Some(0), size: 3, ..later.clone() };
    assert_eq!(over.size(), None);
    // What another controller took over left no trace.
    assert_eq!(Migration { to: None, ..over.clone() }.size(), None);
    // At the first revision it is taken over again, as ever.
    assert_eq!(Migration { first_revision: true, ..over }.size(), Some(0));
    // A healthy Rollout that turns to another Deployment takes that one over.
    assert_eq!(Migration { was_healthy: true, begins: true, to: None, ..later }.size(), Some(0));
}

#[test]
fn progressively_follows_the_pods_that_serve() {
    let m = start(ScaleDown::Progressively);
    assert_eq!(m.size(), None, "no pod serves yet");
    let of = |serving, to| Migration { serving, ..taken(ScaleDown::Progressively, to) }.size();
    assert_eq!(Migration { serving: 1, ..m.clone() }.size(), Some(3));
    assert_eq!(of(3, 3), Some(1));
    assert_eq!(of(4, 1), Some(0), "all serve, although the Rollout is not healthy yet");
    assert_eq!(of(2, 1), Some(2), "pods of the Rollout fail: the Deployment gets them back");
    assert_eq!(of(0, 1), Some(4));
    assert_eq!(of(9, 3), Some(0));
    let larger = Migration { wanted: 10, ..m.clone() };
    assert_eq!(Migration { serving: 1, ..larger.clone() }.size(), None, "never more than it had");
    assert_eq!(Migration { serving: 7, ..larger }.size(), Some(3));
    let smaller = Migration { wanted: 2, ..m };
    assert_eq!(smaller.size(), None, "a smaller Rollout does not shrink the Deployment before a pod serves");
    assert_eq!(Migration { serving: 1, ..smaller }.size(), Some(1));
}

#[test]
fn a_size_that_was_set_after_the_same_decision_stays() {
    let m = Migration { serving: 2, size: 3, ..taken(ScaleDown::Progressively, 2) };
    assert_eq!(m.size(), None, "an autoscaler raised it to 3");
    assert_eq!(Migration { serving: 3, ..m.clone() }.size(), Some(1), "the next decision counts again");
    assert_eq!(Migration { serving: 4, healthy: true, ..m }.size(), Some(0));
}

#[test]
fn what_was_taken_over_is_not_raised_again() {
    let over = Migration { was_healthy: true, serving: 1, ..taken(ScaleDown::Progressively, 0) };
    assert_eq!(over.size(), None, "a pod that fails later is no failed migration");
    assert_eq!(Migration { wanted: 20, ..over.clone() }.size(), None);
    // Taken over by another controller.
    assert_eq!(Migration { to: None, from: 0, ..over.clone() }.size(), None);
    // An update in the middle goes on to the end.
    let middle = Migration { first_revision: false, size: 2, to: Some(2), ..over };
    assert_eq!(Migration { serving: 4, ..middle.clone() }.size(), Some(0));
    assert_eq!(Migration { serving: 0, ..middle }.size(), Some(4));
}

/// Whatever came before: what is taken is served by the Rollout, and nothing is given that was not there.
#[test]
fn both_together_serve_what_the_rollout_wants() {
    let modes = [ScaleDown::OnSuccess, ScaleDown::Progressively];
    let bits = [false, true];
    for (wanted, from, size, serving) in grid(6) {
        for to in std::iter::once(None).chain((0..=from).map(Some)) {
            for (mode, healthy, was_healthy, first_revision) in modes
                .into_iter()
                .flat_map(|m| bits.map(|a| bits.map(|b| bits.map(|c| (m, a, b, c)))))
                .flatten()
                .flatten()
            {
                let will_have_been_healthy = was_healthy || healthy;
                let m = Migration {
                    will_have_been_healthy,
                    mode,
                    wanted,
                    serving,
                    healthy,
                    was_healthy,
                    first_revision,
                    begins: false,
                    size,
                    from,
                    to,
                };
                let Some(new) = m.size().filter(|_| size <= from && (to.is_some() || size == from)) else { continue };
                assert!(new <= from.max(size), "{m:?} gives {new}");
                if new < size {
                    assert!(new + serving >= wanted.min(from), "{m:?} leaves {new}");
                    assert!(serving > 0, "{m:?} leaves {new}");
                }
            }
        }
    }
}

fn grid(n: i32) -> impl Iterator<Item = (i32, i32, i32, i32)> {
    let all = move || 0..n;
    all().flat_map(move |a| all().flat_map(move |b| all().flat_map(move |c| all().map(move |d| (a, b, c, d)))))
}

/// What a plan leaves undone, a later plan must know of.
#[test]
fn a_migration_that_is_under_way_stays_so() {
    let healthy = Migration { will_have_been_healthy: true, ..start(ScaleDown::OnSuccess) };
    for m in [
        Migration { healthy: true, wanted: 0, ..healthy.clone() },
        Migration { healthy: true, serving: 3, ..healthy.clone() },
        Migration { first_revision: false, ..healthy.clone() },
        Migration { first_revision: false, was_healthy: true, ..healthy },
    ] {
        assert_eq!(m.size(), None, "{m:?}");
        assert!(m.would_be_forgotten(), "{m:?}");
        let later = Migration { begins: false, first_revision: false, was_healthy: true, to: Some(m.size), ..m };
        assert!(later.is_under_way(), "{later:?}");
    }
    assert!(!start(ScaleDown::OnSuccess).would_be_forgotten(), "its status shows that it was never healthy");
}
