//! The server's own clock, in milliseconds since 1970: the one place where it is read.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now. A clock that is set before 1970 shows 0.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
