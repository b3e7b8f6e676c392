//! Showing a text again and again as it changes: drawn over on a terminal, block after block elsewhere.

/// Size of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters of a line.
    pub columns: usize,
    /// Lines.
    pub rows: usize,
}

/// Cursor out of the way while a frame is drawn, and back. Nothing has to be restored between frames, however the
/// command ends.
const HIDE: &str = "\u{1b}[?25l";
const SHOW: &str = "\u{1b}[?25h";
const HOME: &str = "\u{1b}[H";
const CLEAR: &str = "\u{1b}[2J";
/// The rest of a line.
const ERASE_REST: &str = "\u{1b}[K";
const ERASE_BELOW: &str = "\u{1b}[J";
const NO_COLOUR: &str = "\u{1b}[0m";

/// What was shown last.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Whether it is drawn over. Otherwise it is printed anew below.
    in_place: bool,
    shown: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    text: String,
    size: Option<Size>,
}

impl Screen {
    /// Nothing yet.
    pub(crate) fn new(in_place: bool) -> Screen {
        Screen { in_place, shown: None }
    }

    /// Whether it is drawn over, so that a text may differ from the last one in times alone.
    pub(crate) fn is_in_place(&self) -> bool {
        self.in_place
    }

    /// What to print for `text` to be seen; nothing if `essence`, what of it matters, is what is seen already.
    pub(crate) fn show(&mut self, text: &str, essence: String, size: Option<Size>) -> Option<String> {
        let last = self.shown.replace(Shown { text: essence, size });
        let new = self.shown.as_ref()?;
        let resized = last.as_ref().is_none_or(|last| last.size != size);
        if last.as_ref().is_some_and(|last| last.text == new.text) && !(self.in_place && resized) {
            return None;
        }
        Some(match (self.in_place, last) {
            (true, _) => draw_over(text, size, resized),
            (false, None) => text.to_owned(),
            (false, Some(_)) => format!("\n{text}"),
        })
    }

    /// What to print at the end, after Ctrl-C: the shell's prompt is not to stand behind the echo of it.
    pub(crate) fn end(&self) -> &'static str {
        if self.in_place { "\n" } else { "" }
    }
}

/// Writes every line over the old one, and clears only what is left over, so that nothing flickers. After a change of the
/// size nobody knows where the old lines are.
fn draw_over(text: &str, size: Option<Size>, clear: bool) -> String {
    let mut frame = [HIDE, HOME, if clear { CLEAR } else { "" }].concat();
    let rows: Vec<Row<'_>> = text.lines().flat_map(|line| Row::wrap(line, size)).collect();
    // The cursor needs the last line.
    let room = size.map_or(usize::MAX, |size| size.rows.saturating_sub(1).max(1));
    let fitting = if rows.len() <= room { rows.len() } else { room - 1 };
    for row in &rows[..fitting] {
        frame.push_str(row.text);
        // Behind the last column the cursor stands on it still, and would erase it.
        frame.push_str(if row.is_full { "" } else { ERASE_REST });
        frame.push('\n');
    }
    if fitting < rows.len() {
        frame.push_str(&format!("{NO_COLOUR}… {} more lines{ERASE_REST}\n", rows.len() - fitting));
    }
    frame + ERASE_BELOW + SHOW
}

/// What fits on one line of the terminal.
struct Row<'t> {
    text: &'t str,
    /// Whether it reaches the last column.
    is_full: bool,
}

impl<'t> Row<'t> {
    /// Cuts a line into rows. Escape sequences take no room.
    fn wrap(line: &'t str, size: Option<Size>) -> Vec<Row<'t>> {
        let columns = size.map_or(usize::MAX, |size| size.columns.max(1));
        let (mut rows, mut start, mut width, mut escape) = (Vec::new(), 0, 0, false);
        for (at, c) in line.char_indices() {
            if c == '\u{1b}' || escape {
                // A sequence, of the kind there is here, ends with a letter.
                escape = !c.is_ascii_alphabetic();
                continue;
            }
            if width == columns {
                rows.push(Row { text: &line[start..at], is_full: true });
                (start, width) = (at, 0);
            }
            width += 1;
        }
        rows.push(Row { text: &line[start..], is_full: width == columns });
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Option<Size> = Some(Size { columns: 5, rows: 4 });

    fn show(screen: &mut Screen, text: &str, size: Option<Size>) -> Option<String> {
        screen.show(text, text.to_owned(), size)
    }

    #[test]
    fn only_what_differs_is_drawn_and_nothing_is_cleared_first() {
        let mut screen = Screen::new(true);
        let first = show(&mut screen, "a\nb\n", None).expect("a frame");
        assert_eq!(first, "\u{1b}[?25l\u{1b}[H\u{1b}[2Ja\u{1b}[K\nb\u{1b}[K\n\u{1b}[J\u{1b}[?25h");
        assert_eq!(show(&mut screen, "a\nb\n", None), None);
        let second = show(&mut screen, "a\n", None).expect("a frame");
        assert_eq!(second, "\u{1b}[?25l\u{1b}[Ha\u{1b}[K\n\u{1b}[J\u{1b}[?25h");
        let resized = show(&mut screen, "a\n", SMALL).expect("a frame");
        assert!(resized.contains(CLEAR), "{resized:?}");
    }

    #[test]
    fn long_lines_are_cut_into_rows_and_what_does_not_fit_is_counted() {
        let frame = draw_over("\u{1b}[32mabcde\u{1b}[0mfg\nh\n", SMALL, false);
        let rows = "\u{1b}[32mabcde\u{1b}[0m\nfg\u{1b}[K\nh\u{1b}[K\n";
        assert_eq!(frame, format!("{HIDE}{HOME}{rows}{ERASE_BELOW}{SHOW}"));
        let frame = draw_over("1\n2\n3\n4\n5\n", SMALL, false);
        let rows = "1\u{1b}[K\n2\u{1b}[K\n\u{1b}[0m… 3 more lines\u{1b}[K\n";
        assert_eq!(frame, format!("{HIDE}{HOME}{rows}{ERASE_BELOW}{SHOW}"));
        let nothing_fits = draw_over("1\n2\n", Some(Size { columns: 0, rows: 0 }), false);
        assert!(nothing_fits.contains("2 more lines"), "{nothing_fits:?}");
    }

    #[test]
    fn blocks_are_printed_when_something_happened() {
        let mut screen = Screen::new(false);
        assert_eq!(screen.show("a 1s\n", "a\n".into(), None), Some("a 1s\n".into()));
        assert_eq!(screen.show("a 2s\n", "a\n".into(), SMALL), None);
        assert_eq!(screen.show("b 3s\n", "b\n".into(), None), Some("\nb 3s\n".into()));
    }
}
