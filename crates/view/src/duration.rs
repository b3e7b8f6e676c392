//! Durations as Kubernetes prints them for people.

use jiff::{SignedDuration, Timestamp};

/// How old something is: `now - since`. Something without a time is as old as a duration can be in Go (292 years),
/// which is what other tools print for it.
pub fn age(since: Option<Timestamp>, now: Timestamp) -> SignedDuration {
    match since {
        Some(since) => now.duration_since(since),
        None => SignedDuration::from_nanos(i64::MAX),
    }
}

/// One or two units with about two significant digits: `95s`, `4m10s`, `26h`, `2d3h`, `292y`
/// (Kubernetes' `HumanDuration`).
pub fn human(d: SignedDuration) -> String {
    let seconds = d.as_secs();
    if seconds < -1 {
        return "<invalid>".into();
    }
    if d.is_negative() {
        return "0s".into();
    }
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, "d", hours % 24, "h"),
        () if days < 2 * 365 => format!("{days}d"),
        () if days < 8 * 365 => two(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

/// `4m10s`, or `4m` when the smaller unit is zero.
fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_kubernetes_prints_them() {
        let (m, h, d, y) = (60, 3600, 86_400, 365 * 86_400);
        for (seconds, expected) in [
            (-2, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (2 * m, "2m"),
            (4 * m + 10, "4m10s"),
            (10 * m + 59, "10m"),
            (3 * h - 1, "179m"),
            (3 * h, "3h"),
            (3 * h + 5 * m + 7, "3h5m"),
            (8 * h + 59 * m, "8h"),
            (26 * h, "26h"),
            (48 * h, "2d"),
            (2 * d + 3 * h, "2d3h"),
            (8 * d + 3 * h, "8d"),
            (2 * y - 1, "729d"),
            (2 * y + 10 * d, "2y10d"),
            (3 * y, "3y"),
            (8 * y + 10 * d, "8y"),
        ] {
            assert_eq!(human(SignedDuration::from_secs(seconds)), expected, "{seconds} s");
        }
        assert_eq!(human(SignedDuration::from_millis(-1500)), "0s");
    }

    #[test]
    fn no_time_at_all() {
        assert_eq!(human(age(None, Timestamp::UNIX_EPOCH)), "292y");
    }
}
