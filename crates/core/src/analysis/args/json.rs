//! A metric as the JSON that its tags are looked for in.

use rollouts_api::analysis::Metric;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::borrow::Cow;
use std::io::{self, Write};

/// Whether there is a `{{` anywhere in the text of `metric`; nothing is allocated to find out.
pub(super) fn has_tags(metric: &Metric) -> bool {
    // The only error is the one by which the scan ends early.
    serde_json::to_writer(Scan { brace: false }, metric).is_err()
}

/// Fails at the first `{{`. JSON itself never has two braces in a row, so it stands in a text.
struct Scan {
    brace: bool,
}

impl Write for Scan {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for b in bytes {
            let brace = *b == b'{';
            if brace && self.brace {
                return Err(io::ErrorKind::Other.into());
            }
            self.brace = brace;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `metric` as Go marshals it, as far as tags can show it: `<`, `>` and `&` are escaped.
pub(super) fn text(metric: &Metric) -> serde_json::Result<String> {
    let mut bytes = Vec::with_capacity(512);
    metric.serialize(&mut Serializer::with_formatter(&mut bytes, GoFormatter))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, found) in fragment.match_indices(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            CompactFormatter.write_string_fragment(writer, &fragment[plain..at])?;
            let code = found.chars().next().map_or(0, u32::from);
            write!(writer, "\\u{code:04x}")?;
            plain = at + found.len();
        }
        CompactFormatter.write_string_fragment(writer, &fragment[plain..])
    }
}

/// A piece of a JSON string as the text that it stands for.
pub(super) fn unescaped(piece: &str) -> Cow<'_, str> {
    if !piece.contains('\\') {
        return Cow::Borrowed(piece);
    }
    serde_json::from_str(&format!("\"{piece}\"")).map_or(Cow::Borrowed(piece), Cow::Owned)
}
