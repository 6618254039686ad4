//! `card`, `epoch`, `message`, `roster`: entries that are real and must be accepted.

use std::time::Duration;

use serde_json::json;

use crate::{
    play::{Stage, body, bytes, entry::Draft, miss::Miss},
    scenario::{
        AccountKind,
        step::{Card, Epoch, Message, Roster},
    },
};

impl Stage {
    pub(super) async fn card(&mut self, step: &Card) -> Result<(), Miss> {
        let actor = self.role(&step.role)?;
        let x25519 = actor.x25519_public();
        if self.server.chain.card(&actor.id()) == Some(x25519) {
            return Ok(());
        }
        let entry = self.build(Draft::of(
            &step.role,
            "card",
            json!({"x25519": bytes::value(&x25519)}),
        ))?;
        self.submit_and_read(&step.on, &format!("(card of {})", step.role), entry)
            .await
    }

    pub(super) async fn epoch(&mut self, step: &Epoch) -> Result<(), Miss> {
        let body = body::epoch(self, &step.by, &step.to)?;
        let entry = self.build(Draft::of(&step.by, "epoch", body))?;
        self.submit_and_read(&step.on, &step.name, entry).await
    }

    pub(super) async fn message(&mut self, step: &Message) -> Result<(), Miss> {
        let text = match &step.text {
            Some(text) => self.text(text)?,
            None => body::WORDS.to_owned(),
        };
        let body = body::message(self, &step.by, &step.epoch, &text, None)?;
        let entry = self.build(Draft::of(&step.by, "message", body))?;
        self.submit_accepted(&step.on, &step.name, entry).await
    }

    pub(super) async fn roster(&mut self, step: &Roster) -> Result<(), Miss> {
        let authority = self
            .roles
            .iter()
            .find(|(_, (kind, _))| *kind == AccountKind::Authority);
        let authority = authority.map(|(role, _)| role.clone());
        let authority = authority
            .ok_or_else(|| Miss::harness("a `roster` needs a role that is the authority"))?;
        let mut add = Vec::new();
        for role in &step.add {
            add.push(self.role(role)?.public_key());
        }
        let mut remove = Vec::new();
        for role in &step.remove {
            remove.push(self.role(role)?.id());
        }
        let entry = self.build(Draft::of(&authority, "roster", body::roster(&add, &remove)))?;
        self.submit_and_read(&step.on, &step.name, entry).await
    }

    /// Submits an entry, and reads its block, so that the next entry's `seen` holds it.
    pub(in crate::play) async fn submit_and_read(
        &mut self,
        on: &str,
        name: &str,
        entry: serde_json::Value,
    ) -> Result<(), Miss> {
        self.submit_accepted(on, name, entry).await?;
        let index = self
            .entry_made(name)?
            .accepted
            .as_ref()
            .map(|(index, _)| *index)
            .unwrap_or_default();
        let arrived = self
            .connection(on)?
            .until(Duration::ZERO, |observer| {
                observer.joined().is_some_and(|joined| joined.next > index)
            })
            .await;
        arrived.map_err(|missing| {
            Miss::missing(
                format!("block {index}, of the entry just accepted"),
                missing,
            )
            .against("SYNC-1")
        })
    }
}
