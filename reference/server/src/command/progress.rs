//! How far a long command is.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the progress is shown.
const PROGRESS: Duration = Duration::from_millis(200);

/// One line on a terminal that is written over; nothing elsewhere.
pub(super) struct Progress {
    /// What is counted, such as `blocks verified`.
    what: &'static str,
    shown: Instant,
    live: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Progress {
        Progress {
            what,
            shown: Instant::now(),
            live: std::io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&mut self, done: u64, of: u64) {
        if self.live && self.shown.elapsed() >= PROGRESS {
            self.shown = Instant::now();
            let mut out = std::io::stderr();
            let _ = write!(out, "\r{done} of {of} {}\x1b[K", self.what);
            let _ = out.flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.live {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
