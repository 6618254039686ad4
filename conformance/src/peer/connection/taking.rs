//! What a case takes of what came: answers, pushes, pongs, and the end.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{Came, Connection, End, Missing, Observer};

impl Connection {
    /// Takes the next frame that is no push.
    ///
    /// # Errors
    /// If none came in time, or the connection ended first.
    pub async fn answer(&mut self) -> Result<Arc<Value>, Missing> {
        let due = self.due();
        loop {
            if let Some(came) = self.answers.pop_front() {
                return Ok(self.took(came));
            }
            self.more(due).await?;
        }
    }

    /// Takes the answer to the `submit` of a `ref`, or the next one without any.
    ///
    /// # Errors
    /// If none came in time, or the connection ended first.
    pub async fn answer_to(&mut self, reference: &str) -> Result<Arc<Value>, Missing> {
        let due = self.due();
        loop {
            let fits = |(frame, _): &Came| match frame.get("ref") {
                Some(other) => *other == reference,
                None => matches!(frame["type"].as_str(), Some("accepted" | "refused")),
            };
            if let Some(place) = self.answers.iter().position(fits)
                && let Some(came) = self.answers.remove(place)
            {
                return Ok(self.took(came));
            }
            self.more(due).await?;
        }
    }

    /// Takes the next push of a type.
    ///
    /// # Errors
    /// If none came in time, or the connection ended first.
    pub async fn push(&mut self, kind: &str) -> Result<Arc<Value>, Missing> {
        let due = self.due();
        loop {
            if let Some(place) = self
                .pushes
                .iter()
                .position(|(frame, _)| frame["type"] == kind)
                && let Some(came) = self.pushes.remove(place)
            {
                return Ok(self.took(came));
            }
            self.more(due).await?;
        }
    }

    /// Forgets the blocks under a size, which came because of a welcome.
    pub fn forget_blocks(&mut self, size: u64) {
        self.pushes
            .retain(|(frame, _)| frame["type"] != "blocks" || frame["from"].as_u64() >= Some(size));
    }

    /// Takes a pong; gives what it carries.
    ///
    /// # Errors
    /// If none came in time, or the connection ended first.
    pub async fn pong(&mut self) -> Result<Vec<u8>, Missing> {
        let due = self.due();
        loop {
            if let Some(bytes) = self.pongs.pop_front() {
                return Ok(bytes);
            }
            self.more(due).await?;
        }
    }

    /// Reads on until something holds of what was observed, `longer` than an answer may take.
    ///
    /// # Errors
    /// If it does not hold in time, or the connection ended first.
    pub async fn until(
        &mut self,
        longer: Duration,
        holds: impl Fn(&Observer) -> bool,
    ) -> Result<(), Missing> {
        let due = self.due() + longer;
        while !holds(&self.observer()) {
            self.more(due).await?;
        }
        Ok(())
    }

    /// Reads blocks up to a size. However long that takes: as long as there is progress, a server is not late.
    ///
    /// # Errors
    /// If no further block came in time, or the connection ended first.
    pub async fn blocks_up_to(&mut self, size: u64) -> Result<(), Missing> {
        let mut reached = None;
        let mut due = self.due();
        loop {
            let next = self.observer().joined().map(|joined| joined.next);
            if next >= Some(size) {
                return Ok(());
            }
            if next > reached {
                reached = next;
                due = self.due();
            }
            self.more(due).await?;
        }
    }

    /// Reads on until the connection ends; an end before a due answer included.
    ///
    /// # Errors
    /// If it does not end in time.
    pub async fn end(&mut self) -> Result<End, Missing> {
        let due = self.due();
        loop {
            match self.more(due).await {
                Ok(()) => {}
                Err(Missing::Ended(end)) => return Ok(end),
                Err(timeout) => return Err(timeout),
            }
        }
    }

    /// How it ended, as far as was read.
    pub fn ended(&mut self) -> Option<&End> {
        while let Ok(event) = self.inbox.try_recv() {
            self.sort(event);
        }
        self.end.as_ref()
    }
}
