//! Columns of text, as a tab-stop table.

/// Spaces between columns.
const GAP: usize = 2;

/// Lays out rows: each column is as wide as its widest cell plus two spaces. The last cell of a row is not padded,
/// every other one is, so a row whose last cell is empty ends in spaces. Width is counted in characters, colour
/// sequences (`ESC[…m`) not counted. Each line ends with a newline.
pub fn layout(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (column, cell) in row.iter().take(row.len().saturating_sub(1)).enumerate() {
            if widths.len() <= column {
                widths.push(0);
            }
            widths[column] = widths[column].max(visible_width(cell) + GAP);
        }
    }
    let mut out = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            out.push_str(cell);
            if column + 1 < row.len() {
                out.extend(std::iter::repeat_n(' ', widths[column] - visible_width(cell)));
            }
        }
        out.push('\n');
    }
    out
}

/// Characters that take room: all but colour sequences.
fn visible_width(cell: &str) -> usize {
    let mut width = 0;
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // `ESC[…m`; a sequence that never ends swallows the rest, as a terminal would.
            chars.find(|c| *c == 'm');
        } else {
            width += 1;
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_cell_is_bare_and_colours_take_no_room() {
        let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_string()).collect::<Vec<_>>();
        let rows =
            [row(&["NAME", "KIND", "INFO"]), row(&["\u{1b}[32mα long\u{1b}[0m", "Pod", ""]), row(&["x", "", "i"])];
        assert_eq!(layout(&rows), "NAME    KIND  INFO\n\u{1b}[32mα long\u{1b}[0m  Pod   \nx             i\n");
    }
}
