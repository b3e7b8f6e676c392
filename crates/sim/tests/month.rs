//! What is measured for long leaves no more behind than what is measured for a day. `examples/month.rs` plays a month.

use rollouts_sim::month::{Day, JOBS_KEPT, measure};
use rollouts_sim::virtual_time;

#[test]
fn what_measures_for_long_keeps_little() {
    let mut days = Vec::new();
    let played = virtual_time::block_on(measure(2, |day: &Day| days.push(day.clone()))).expect("a runtime");
    played.expect("objects that are accepted");
    let halves = 2 * 60 * 24;
    for day in &days {
        assert!(day.measured_by_one > day.number * halves * 99 / 100, "{day:?}");
        assert!(day.measured_by_one <= day.number * halves + 2, "{day:?}");
        assert_eq!((day.kept, day.jobs), (10, JOBS_KEPT), "{day:?}");
        assert!(day.largest_bytes < 1 << 20, "{day:?}");
        assert!(day.events <= days[0].events, "{days:?}");
        for (what, n) in &day.held {
            assert!(*n <= 8, "{what}: {day:?}");
        }
    }
}
