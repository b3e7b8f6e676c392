use super::*;
use crate::events::{EventType, ObjectReference};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn event(name: &str, message: &str, second: i64) -> Event {
    Event {
        name: format!("{name}.{second}"),
        object: ObjectReference {
            name: name.into(),
            namespace: "ns".into(),
            resource_version: second.to_string(),
            ..ObjectReference::default()
        },
        kind: EventType::Normal,
        reason: "Reason".into(),
        message: message.into(),
        component: "rollouts-controller".into(),
        first: Time::new(at(second)),
        last: Time::new(at(second)),
        count: 1,
    }
}

/// Correlates one event a second and prints what is written.
fn play(correlator: &mut Correlator, events: impl IntoIterator<Item = (i64, String)>) -> Vec<String> {
    let mut out = Vec::new();
    for (second, message) in events {
        out.push(match correlator.correlate(event("o", &message, second), at(second)) {
            None => "-".into(),
            Some(Action::Create(e)) => format!("create {} {}", e.name, e.message),
            Some(Action::Update(e)) => {
                let (first, last) = (e.first.timestamp().as_second(), e.last.timestamp().as_second());
                format!("update {} x{} {first}..{last} {}", e.name, e.count, e.message)
            }
        });
    }
    out
}

#[test]
fn equal_events_become_a_count() {
    let events = [(1, "a".into()), (2, "b".into()), (3, "a".into()), (4, "a".into())];
    let expected = ["create o.1 a", "create o.2 b", "update o.1 x2 1..3 a", "update o.1 x3 1..4 a"];
    assert_eq!(play(&mut Correlator::default(), events), expected);
}

#[test]
fn the_tenth_message_and_those_after_are_combined() {
    let events = (1..=13).map(|i| (i, format!("m{i:02}")));
    let got = play(&mut Correlator::default(), events);
    assert_eq!(got[8], "create o.9 m09");
    let combined = [
        "create o.10 (combined from similar events): m10",
        "update o.10 x2 10..11 (combined from similar events): m11",
        "update o.10 x3 10..12 (combined from similar events): m12",
        "update o.10 x4 10..13 (combined from similar events): m13",
    ];
    assert_eq!(got[9..], combined);
}

#[test]
fn ten_minutes_of_quiet_start_afresh() {
    let mut correlator = Correlator::default();
    play(&mut correlator, (1..=10).map(|i| (i, format!("m{i:02}"))));
    assert_eq!(
        play(&mut correlator, [(610, "x".into())]),
        ["update o.10 x2 10..610 (combined from similar events): x"]
    );
    assert_eq!(play(&mut correlator, [(1211, "y".into())]), ["create o.1211 y"]);
}

#[test]
fn an_object_may_cause_a_burst_and_then_little() {
    let mut correlator = Correlator::default();
    let got = play(&mut correlator, (0..30).map(|_| (1, "m".into())));
    assert_eq!(got[24], "update o.1 x25 1..1 m");
    assert_eq!(got[25..], ["-", "-", "-", "-", "-"]);
    // What was not written was counted all the same.
    let later = play(&mut correlator, [(200, "m".into()), (302, "m".into()), (303, "m".into())]);
    assert_eq!(later, ["-", "update o.1 x32 1..302 m", "-"]);
    // Another object has its own share.
    assert!(correlator.correlate(event("other", "m", 303), at(303)).is_some());
    // So have warnings.
    let warning = Event { kind: EventType::Warning, ..event("o", "m", 303) };
    assert!(correlator.correlate(warning, at(303)).is_some());
}

#[test]
fn reasons_are_told_apart() {
    let mut correlator = Correlator::default();
    play(&mut correlator, (1..=9).map(|i| (i, format!("m{i}"))));
    let other = Event { reason: "Other".into(), ..event("o", "m10", 10) };
    assert!(matches!(correlator.correlate(other, at(10)), Some(Action::Create(e)) if e.message == "m10"));
}
