use super::*;

/// Columns: text, what Kubernetes writes (`!` and an error), the same after rounding up to milli, units, milliunits.
const GOLDEN: &str = include_str!("golden.tsv");

#[test]
fn parses_and_prints_as_kubernetes_does() {
    for line in GOLDEN.lines() {
        let mut columns = line.split('\t');
        let (text, expected) = (columns.next().unwrap(), columns.next().unwrap());
        let got = Quantity::parse(text);
        if let Some(error) = expected.strip_prefix('!') {
            assert_eq!(got.unwrap_err().to_string(), error, "{text}");
            continue;
        }
        let q = got.unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(q.canonical(), expected, "{text}");
        let mut rounded = q.clone();
        rounded.round_up(-3);
        assert_eq!(rounded.canonical(), columns.next().unwrap(), "{text} rounded up to milli");
        for (got, expected) in [q.value(), q.milli_value()].iter().zip(columns) {
            // Go wraps where the amount does not fit; we saturate.
            assert!(got.to_string() == expected || *got == i64::MAX, "{text}: {got}");
        }
    }
}

#[test]
fn compares_amounts_not_texts() {
    let q = |s| Quantity::parse(s).unwrap();
    assert_eq!(q("1"), q("1000m"));
    assert_eq!(q("1Gi"), q("1073741824"));
    assert_eq!(q("0"), q("0Mi"));
    let ascending = ["-1Gi", "-1", "0", "1n", "100m", "0.5", "1", "1k", "1Ki", "1M", "1Mi", "1E", "1Ei", "1e30"];
    for pair in ascending.windows(2) {
        assert!(q(pair[0]) < q(pair[1]), "{pair:?}");
    }
}

#[test]
fn adds() {
    let q = |s| Quantity::parse(s).unwrap();
    assert_eq!(q("500m").plus(&q("1")).canonical(), "1500m");
    assert_eq!(q("1Gi").plus(&q("512Mi")).canonical(), "1536Mi");
    assert_eq!(Quantity::ZERO.plus(&q("64Mi")).canonical(), "64Mi");
}
