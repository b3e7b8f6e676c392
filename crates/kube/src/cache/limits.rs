//! The limits of every cache.

use std::time::Duration;

/// Objects a page of a list. One page of text is in memory while a list is read.
pub const LIST_PAGE_OBJECTS: usize = 200;
/// A page that has not arrived whole after this long is given up.
pub const LIST_PAGE_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest line of a watch, in bytes; far above what an API server stores, so a longer one is a broken stream.
pub const WATCH_LINE_BYTES_MAX: usize = 64 << 20;
/// A line buffer larger than this is given back once it is empty.
pub const WATCH_BUFFER_KEPT_BYTES: usize = 64 << 10;
/// The server is asked to end a watch after this many seconds, plus up to [`WATCH_SPREAD_SECONDS`] by resource, so
/// that not all watches end at once.
pub const WATCH_SECONDS: u64 = 240;
/// See [`WATCH_SECONDS`].
pub const WATCH_SPREAD_SECONDS: u64 = 50;
/// A watch that outlives the end it asked for by this much is dead: its connection went away without a word.
pub const WATCH_OVERDUE: Duration = Duration::from_secs(30);
/// API servers tell once a minute how far a watch has come, even if nothing happens. A watch on which one has done so
/// and that then brings nothing for this long is dead.
pub const WATCH_SILENT_MAX: Duration = Duration::from_secs(150);
/// A watch that has not begun after this long is given up. API servers give up on a request after 60 s themselves.
pub const WATCH_BEGIN_TIMEOUT: Duration = Duration::from_secs(75);
/// A watch that has not brought a write of our own after this long is suspected to be dead.
pub const WATCH_LAG_MAX: Duration = Duration::from_secs(30);
/// A watch that ends sooner than this without a single event counts as a failure; one that lasts longer shows that
/// the server is well again.
pub const WATCH_SHORT: Duration = Duration::from_secs(1);
/// First wait after a failed list or watch.
pub const RETRY_MIN: Duration = Duration::from_millis(800);
/// Longest wait while lists or watches keep failing.
pub const RETRY_MAX: Duration = Duration::from_secs(30);
/// From one look for a kind that need not be installed to the next.
pub const UNSERVED_RETRY: Duration = Duration::from_secs(60);
