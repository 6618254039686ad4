//! What the runner itself does on a server, besides cases: reads the chain, changes the roster.

use super::{Stage, body, entry::Draft, miss::Miss};
use crate::{
    codec::Hash,
    result::Finding,
    scenario::step::{Have, Join},
};

const ERRAND: &str = "errand";

impl Stage {
    /// Joins as a role and reads the chain: from its beginning, or on from what the runner holds.
    ///
    /// # Errors
    /// The code of a refusal, else what happened, in words.
    pub async fn enter(&mut self, role: &str, have: Have) -> Result<(), String> {
        let step = Join {
            on: ERRAND.into(),
            role: role.into(),
            have,
            session_ms: None,
            over: None,
            receive_buffer: None,
        };
        let joined = self.join(&step).await;
        joined.map_err(|miss| self.refusal().unwrap_or_else(|| describe(&miss)))
    }

    /// As the authority, puts keys on the roster and takes accounts from it.
    ///
    /// # Errors
    /// What happened, in words.
    pub async fn change_roster(
        &mut self,
        role: &str,
        add: &[&[u8]],
        remove: &[Hash],
    ) -> Result<(), String> {
        self.enter(role, Have::All).await?;
        let entry = self.build(Draft::of(role, "roster", body::roster(add, remove)));
        let entry = entry.map_err(|trouble| describe(&trouble.into()))?;
        self.submit_and_read(ERRAND, "roster", entry)
            .await
            .map_err(|miss| describe(&miss))
    }

    /// What was found wrong so far; it is not told again.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.collect_findings();
        std::mem::take(&mut self.findings)
    }

    fn refusal(&self) -> Option<String> {
        let connection = self.connections.get(ERRAND)?;
        let observer = connection.observer();
        let last: serde_json::Value = serde_json::from_str(observer.texts().last()?).ok()?;
        (last["type"] == "refused").then(|| last["code"].as_str().map(str::to_owned))?
    }
}

fn describe(miss: &Miss) -> String {
    format!("{} was due, and came {}", miss.expected, miss.came)
}
