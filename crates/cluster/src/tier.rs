//! Whether tests on a real cluster run on this machine.

use crate::binaries::Binaries;
use std::io::Write;

/// With this set, or with `CI`, tests fail where they would be skipped.
const REQUIRE_VARIABLE: &str = "ROLLOUTS_REQUIRE_CLUSTER";

/// The programs, or `None` where they cannot be had; a line on standard error then says that the tests of this tier
/// are skipped, and why. The caller returns, and its test passes. Builds them if need be, which takes minutes.
///
/// # Panics
/// Instead of giving `None`, if the environment says that this tier must run: `CI=true` or
/// `ROLLOUTS_REQUIRE_CLUSTER=1`.
pub fn binaries_for_tests() -> Option<Binaries> {
    let problem = match Binaries::get(say) {
        Ok(binaries) => return Some(binaries),
        Err(problem) => problem,
    };
    assert!(!is_required(|name| std::env::var(name).ok()), "a real API server is required here, but {problem}");
    say(&format!("SKIPPED: tests on a real API server: {problem}"));
    None
}

fn is_required(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|v| !matches!(v.as_str(), "" | "0" | "false"));
    is_set("CI") || is_set(REQUIRE_VARIABLE)
}

/// Past the capture of the test harness, which would hide it.
fn say(line: &str) {
    // Whoever closes standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_in_ci() {
        let with = |name: &'static str, value: &'static str| {
            is_required(move |asked: &str| (asked == name).then(|| value.to_owned()))
        };
        assert!(with("CI", "true") && with(REQUIRE_VARIABLE, "1"));
        assert!(!with("CI", "false") && !with(REQUIRE_VARIABLE, "0") && !with("HOME", "1"));
    }
}
