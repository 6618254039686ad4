//! What one server showed: its turns at each load.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Kind, Server};
use crate::load::{Measured, Problem};

/// What one server showed.
#[derive(Debug)]
pub struct Column {
    /// Which.
    pub server: Server,
    /// Its version, or why it was not run.
    pub version: Result<String, String>,
    /// Each turn of each load. None for a turn that failed.
    pub taken: BTreeMap<Kind, Vec<Option<Taken>>>,
    /// Resident memory of an idle connection, in bytes.
    pub idle: Option<f64>,
    /// What failed, and why.
    pub failed: Vec<String>,
}

/// What one load showed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Taken {
    /// Acknowledged messages a second.
    pub accepted_per_s: f64,
    /// Messages a second that were both acknowledged and in everybody's hands.
    pub sustained_per_s: f64,
    /// Messages a second that subscribers received, all of them together.
    pub deliveries_per_s: f64,
    /// The server's processor time for each accepted message, in microseconds.
    pub server_us: Option<f64>,
    /// Half of the acknowledgements were faster, in milliseconds.
    pub acknowledgement_p50_ms: f64,
    /// Half of the deliveries were faster, and 99 of 100, in milliseconds.
    pub delivery_ms: Option<(f64, f64)>,
}

/// A figure of a load. None where it was not told.
pub type Of = fn(&Taken) -> Option<f64>;

impl Taken {
    /// What counts of a load.
    pub fn of(measured: &Measured) -> Taken {
        let delivery = measured.delivery.as_ref();
        Taken {
            accepted_per_s: measured.accepted_per_s,
            sustained_per_s: measured.sustained_per_s,
            deliveries_per_s: measured.deliveries_per_s,
            server_us: measured.server_us_per_accepted,
            acknowledgement_p50_ms: measured.acknowledgement.p50_ms,
            delivery_ms: delivery.map(|latency| (latency.p50_ms, latency.p99_ms)),
        }
    }

    /// Acknowledged messages a second.
    pub fn accepted(&self) -> Option<f64> {
        Some(self.accepted_per_s)
    }

    /// Messages a second that were in everybody's hands, too.
    pub fn sustained(&self) -> Option<f64> {
        Some(self.sustained_per_s)
    }

    /// Deliveries a second.
    pub fn deliveries(&self) -> Option<f64> {
        Some(self.deliveries_per_s)
    }

    /// The server's time for each message, in microseconds.
    pub fn server(&self) -> Option<f64> {
        self.server_us
    }

    /// The middle acknowledgement, in milliseconds.
    pub fn acknowledgement(&self) -> Option<f64> {
        Some(self.acknowledgement_p50_ms)
    }

    /// The middle delivery, in milliseconds.
    pub fn delivery_p50(&self) -> Option<f64> {
        self.delivery_ms.map(|(p50, _)| p50)
    }

    /// The slowest of 99 of 100 deliveries, in milliseconds.
    pub fn delivery_p99(&self) -> Option<f64> {
        self.delivery_ms.map(|(_, p99)| p99)
    }
}

impl Column {
    /// Notes a turn.
    ///
    /// # Errors
    /// The reference's: what it showed before is worth nothing then.
    pub fn note(&mut self, kind: Kind, taken: Result<Taken, Problem>) -> Result<(), Problem> {
        let taken = self.passed(kind.name(), taken)?;
        self.taken.entry(kind).or_default().push(taken);
        Ok(())
    }

    /// Notes what an idle connection takes, in bytes.
    ///
    /// # Errors
    /// As [`Column::note`].
    pub fn note_idle(&mut self, idle: Result<f64, Problem>) -> Result<(), Problem> {
        self.idle = self.passed("idle connections", idle)?;
        Ok(())
    }

    fn passed<T>(&mut self, what: &str, shown: Result<T, Problem>) -> Result<Option<T>, Problem> {
        let server = self.server.name();
        match shown {
            Ok(shown) => Ok(Some(shown)),
            Err(problem) if self.server == Server::Dispatch => {
                Err(Problem::at(format!("{server}, {what}"))(problem))
            }
            Err(problem) => {
                self.failed.push(format!("{what}: {problem}"));
                Ok(None)
            }
        }
    }

    /// The figures of each turn of a load.
    pub fn turns(&self, kind: Kind, of: Of) -> Vec<Option<f64>> {
        let turns = self.taken.get(&kind).into_iter().flatten();
        turns.map(|taken| taken.as_ref().and_then(of)).collect()
    }

    /// The middle one of them.
    pub fn middle(&self, kind: Kind, of: Of) -> Option<f64> {
        middle(self.turns(kind, of).into_iter().flatten().collect())
    }
}

/// The middle one of some figures; of an even number, the lower of the two.
pub fn middle(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().checked_sub(1)? / 2).copied()
}
