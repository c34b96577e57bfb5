//! Decoders that are not ours may panic on bytes that lie about themselves. That is a malformed file: an error, no end of the program, and
//! no trace of a stack on somebody's terminal.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static DECODES: Cell<bool> = const { Cell::new(false) };
}

static QUIETED: Once = Once::new();

/// What `decode` returns; nothing when it panics. Its panic is not printed, those of everything else are.
pub fn unpanicked<T>(decode: impl FnOnce() -> T) -> Option<T> {
    QUIETED.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !DECODES.get() {
                usual(panic);
            }
        }));
    });
    let outer = DECODES.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode)).ok();
    DECODES.set(outer);
    decoded
}

#[cfg(test)]
mod tests {
    use super::{DECODES, unpanicked};

    #[test]
    fn a_panic_is_no_answer_and_what_follows_is_heard_again() {
        assert_eq!(unpanicked(|| unpanicked(|| Vec::<u8>::new()[7]).is_none() && DECODES.get()), Some(true));
        assert!(!DECODES.get());
    }
}
