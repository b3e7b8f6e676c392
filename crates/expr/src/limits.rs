//! How much an expression may cost. Whoever may write a template writes expressions, and one controller evaluates
//! those of all of them.

/// Bytes of an expression's text. Upstream has no such bound.
pub const MAX_SOURCE: usize = 64 * 1024;

/// Operators, literals, names and calls of an expression; upstream's bound.
pub const MAX_NODES: usize = 10_000;

/// How deep an expression may be nested: operators, members and calls in a row count one each, brackets,
/// arguments, predicates and signs [`NESTED`] each. So 60 brackets, or a row of 240 operators. Upstream has no bound
/// of its own; this one keeps the evaluator within a small stack.
pub const MAX_DEPTH: usize = 240;

/// What a level of brackets counts of [`MAX_DEPTH`].
pub const NESTED: usize = 4;

/// How deep lists and maps made by an expression may contain each other.
pub const MAX_NESTING: u16 = 200;

/// Elements, and texts in units of [`BYTES_PER_CELL`] bytes, that one evaluation may make; upstream's bound.
pub const MAX_CELLS: u64 = 1_000_000;

/// What a text costs: one cell for so many bytes.
pub const BYTES_PER_CELL: u64 = 16;

/// Nodes evaluated and elements looked at in one evaluation.
pub const MAX_STEPS: u64 = 2_000_000;

/// Bytes of a compiled regular expression.
pub const MAX_PATTERN: usize = 1 << 20;

/// Regular expressions compiled before and during an evaluation, each.
pub const MAX_PATTERNS: usize = 64;

/// Bytes of a message: it goes into a status.
pub const MAX_MESSAGE: usize = 8192;

/// Bytes of a value that a message shows.
pub const MAX_SHOWN: usize = 4096;
