//! The story of one case: what was sent and received on which of its connections, and when.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use super::visible::visible_line;
use crate::{
    result::{Direction, Moment},
    transcript::{Recorder, What},
};

/// More than a reader reads; what lies between the first and the last is left out.
const KEPT: usize = 400;

/// A story that several connections write.
#[derive(Debug, Clone)]
pub struct Timeline {
    start: Instant,
    moments: Arc<Mutex<Vec<Moment>>>,
    live: Option<Arc<str>>,
    sheet: Option<(Arc<Recorder>, Arc<str>)>,
}

impl Timeline {
    /// A story that begins now. With `live` each moment is also written to standard error, under this name.
    pub fn begin(live: Option<&str>) -> Self {
        Self {
            start: Instant::now(),
            moments: Arc::default(),
            live: live.map(Arc::from),
            sheet: None,
        }
    }

    /// Has everything written down whole, too, as the transcript of a case.
    pub fn recorded(mut self, recorder: Option<&Arc<Recorder>>, case: &str) -> Self {
        self.sheet = recorder.map(|recorder| (Arc::clone(recorder), Arc::from(case)));
        self
    }

    /// Adds a line to the transcript; gives its number, 0 where nothing is recorded.
    pub fn record(&self, connection: &str, what: impl FnOnce() -> What) -> u64 {
        match &self.sheet {
            Some((recorder, case)) => recorder.add(case, connection, what()),
            None => 0,
        }
    }

    /// Says in the transcript who plays a role.
    pub fn casts(&self, role: &str, account: &str) {
        if let Some((recorder, case)) = &self.sheet {
            recorder.casts(case, role, account);
        }
    }

    /// Adds a moment.
    pub fn add(&self, connection: &str, direction: Direction, text: impl Into<String>) {
        let moment = Moment {
            at: self.start.elapsed(),
            connection: connection.to_owned(),
            direction,
            text: text.into(),
        };
        if let Some(case) = &self.live {
            anstream::eprintln!("{case} {}", line(&moment));
        }
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        if moments.len() == KEPT {
            moments.remove(KEPT / 2);
        }
        moments.push(moment);
    }

    /// The story so far.
    pub fn moments(&self) -> Vec<Moment> {
        self.moments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A moment on one line, whatever the server put into it.
pub fn line(moment: &Moment) -> String {
    visible_line(&format!(
        "{:>9.1} ms  {:<6} {} {}",
        moment.at.as_secs_f64() * 1000.0,
        moment.connection,
        moment.direction.arrow(),
        moment.text
    ))
}
