use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Cuts fractions of a second, as Kubernetes does when it writes a time.
pub(crate) fn whole_seconds(t: Timestamp) -> Time {
    Time(Timestamp::from_second(t.as_second()).unwrap_or(t))
}

/// An absolute number, or a percentage of `total` rounded up or down. `None` when it is neither.
pub(crate) fn percent_or_int(value: &IntOrString, total: i32, round_up: bool) -> Option<i32> {
    match value {
        IntOrString::Int(n) => Some(*n),
        IntOrString::String(s) => {
            let percent: i64 = s.strip_suffix('%')?.parse().ok()?;
            let hundredths = percent * i64::from(total);
            let whole = if round_up { (hundredths + 99).div_euclid(100) } else { hundredths.div_euclid(100) };
            i32::try_from(whole).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_as_asked() {
        let p = |s: &str| IntOrString::String(s.into());
        assert_eq!(percent_or_int(&p("25%"), 5, true), Some(2));
        assert_eq!(percent_or_int(&p("25%"), 5, false), Some(1));
        assert_eq!(percent_or_int(&p("0%"), 5, true), Some(0));
        assert_eq!(percent_or_int(&IntOrString::Int(3), 5, true), Some(3));
        assert_eq!(percent_or_int(&p("three"), 5, true), None);
    }
}
