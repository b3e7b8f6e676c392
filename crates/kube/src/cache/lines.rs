//! Cutting a stream of bytes into lines.

use super::limits::{WATCH_BUFFER_KEPT_BYTES, WATCH_LINE_BYTES_MAX};

/// Collects bytes and hands out whole lines, however the stream cuts them.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Bytes of the buffer that were handed out already.
    start: usize,
    /// Bytes of the buffer known to hold no line end behind `start`.
    searched: usize,
}

impl Lines {
    /// Takes in bytes. `Err` if a line grows beyond all measure.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        if self.buffer.is_empty() && self.buffer.capacity() > WATCH_BUFFER_KEPT_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > WATCH_LINE_BYTES_MAX + bytes.len() {
            return Err(format!("a watch line of more than {WATCH_LINE_BYTES_MAX} bytes"));
        }
        Ok(())
    }

    /// The next line without its end; `None` until more bytes come. Empty lines are skipped.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        loop {
            let Some(offset) = self.buffer[self.searched..].iter().position(|b| *b == b'\n') else {
                self.searched = self.buffer.len();
                return None;
            };
            let (start, end) = (self.start, self.searched + offset);
            self.start = end + 1;
            self.searched = end + 1;
            if end > start {
                return Some(&self.buffer[start..end]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lines_wherever_the_stream_is_cut() {
        let text = b"first\n\nsecond line\nthird\nrest";
        for size in 1..=text.len() {
            let (mut lines, mut got) = (Lines::default(), Vec::new());
            for chunk in text.chunks(size) {
                lines.push(chunk).expect("short lines");
                while let Some(line) = lines.next() {
                    got.push(String::from_utf8_lossy(line).into_owned());
                }
            }
            assert_eq!(got, ["first", "second line", "third"], "chunks of {size}");
        }
    }
}
