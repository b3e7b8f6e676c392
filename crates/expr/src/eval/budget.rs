//! What an evaluation may still cost.

use super::value::Val;
use crate::error::{Result, fail};
use crate::limits::{BYTES_PER_CELL, MAX_CELLS, MAX_NESTING, MAX_STEPS};

/// Steps taken and cells made.
#[derive(Debug, Default)]
pub struct Budget {
    steps: u64,
    cells: u64,
}

impl Budget {
    /// One node.
    pub fn step(&mut self) -> Result<()> {
        self.looks(1)
    }

    /// So many elements or bytes looked at.
    pub fn looks(&mut self, count: usize) -> Result<()> {
        self.steps = self.steps.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if self.steps > MAX_STEPS { fail!("expression takes more than {MAX_STEPS} steps") } else { Ok(()) }
    }

    /// So many elements made.
    pub fn cells(&mut self, count: usize) -> Result<()> {
        self.cells = self.cells.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if self.cells >= MAX_CELLS {
            return fail!("memory budget exceeded");
        }
        self.looks(count)
    }

    /// A text of so many bytes made.
    pub fn text(&mut self, bytes: usize) -> Result<()> {
        let cells = u64::try_from(bytes).unwrap_or(u64::MAX) / BYTES_PER_CELL;
        self.cells(usize::try_from(cells).unwrap_or(usize::MAX).saturating_add(1))
    }

    /// A list or map made of others.
    pub fn nesting(&self, val: &Val) -> Result<()> {
        if val.depth() > MAX_NESTING { fail!("value is nested deeper than {MAX_NESTING} levels") } else { Ok(()) }
    }
}
