//! Prometheus' text format, version 0.0.4. Names are written as they are: upstream's counters have no `_total`.

use std::fmt::Write as _;

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Goes up.
    Counter,
    /// Counts in buckets.
    Histogram,
}

/// The text of one scrape.
#[derive(Debug, Default)]
pub struct Text(String);

// Writing to a String cannot fail: that is why results are dropped here.
impl Text {
    /// Begins a family of numbers. A family without samples is written all the same; that is harmless.
    pub fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One number.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        if !labels.is_empty() {
            self.0.push('{');
            for (i, (label, value)) in labels.iter().enumerate() {
                let comma = if i == 0 { "" } else { "," };
                let _ = write!(self.0, "{comma}{label}=\"");
                value.chars().for_each(|c| match c {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    other => self.0.push(other),
                });
                self.0.push('"');
            }
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// A histogram from its buckets (upper bound, how many are at most that), count and sum.
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], buckets: &[(f64, u64)], count: u64, sum: f64) {
        let bounds = buckets.iter().map(|(bound, n)| (bound.to_string(), *n)).chain([("+Inf".into(), count)]);
        for (bound, n) in bounds {
            let mut labels = labels.to_vec();
            labels.push(("le", &bound));
            self.sample(&format!("{name}_bucket"), &labels, n as f64);
        }
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, count as f64);
    }

    /// The whole.
    pub fn finish(self) -> String {
        self.0
    }
}
