//! Stands in for the C library's `getrandom` in this program.

use std::cell::Cell;
use std::fs::File;
use std::io::Read;

thread_local! {
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From now on this thread's random bytes come from `seed`.
pub fn seed(seed: u64) {
    STATE.set(Some(seed));
}

/// Fills from the thread's seed (SplitMix64), or from the operating system if it has none.
fn fill(bytes: &mut [u8]) -> bool {
    let Some(mut state) = STATE.get() else {
        return File::open("/dev/urandom").and_then(|mut file| file.read_exact(bytes)).is_ok();
    };
    for byte in bytes {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        *byte = (z ^ (z >> 31)).to_le_bytes()[0];
    }
    STATE.set(Some(state));
    true
}

/// `getrandom(2)` as the C library declares it.
#[expect(unsafe_code, reason = "the one place where a run's randomness can be seeded: every library ends up here")]
#[unsafe(no_mangle)]
extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: callers of getrandom(2) pass a buffer of at least `length` writable bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    if fill(bytes) { isize::try_from(length).unwrap_or(-1) } else { -1 }
}
