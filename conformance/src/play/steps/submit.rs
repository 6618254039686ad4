//! `make`, `submit`, `post`, `answers`.

use serde_json::{Value, json};

use super::expect::{is_refused_with, one_of};
use crate::{
    play::{Stage, entry::Draft, miss::Miss},
    scenario::step::{Answers, EntryRef, Make, Post, Submit},
    story::shorten,
};

impl Stage {
    pub(super) fn make(&mut self, step: &Make) -> Result<(), Miss> {
        let entry = self.build(Draft {
            by: &step.by,
            kind: &step.kind,
            body: self.evaluate(&step.body)?,
            with: self.members(&step.with)?,
            signer: step.sign.by.as_ref().unwrap_or(&step.by),
            scheme: step.sign.scheme.0,
        })?;
        self.keep_entry(&step.name, entry);
        Ok(())
    }

    pub(super) async fn submit(&mut self, step: &Submit) -> Result<(), Miss> {
        let reference = match &step.reference {
            Some(template) => self.evaluate(template)?,
            None => self.fresh_reference().into(),
        };
        let token = match &step.token {
            Some(template) => self.evaluate(template)?,
            None => self.token(&step.on),
        };
        let frame = self.submission(&step.entry, &reference, token)?;
        let text = self.framed(&frame, &step.edits, step.pad_to.as_ref())?;
        self.connection(&step.on)?
            .send_text(&text, step.fragments.unwrap_or(1))
            .await;
        // A template may give an entry that was made, unchanged.
        let name = match &step.entry {
            EntryRef::Made(name) => Some(name.clone()),
            EntryRef::Given(_) => self
                .made
                .iter()
                .find(|(_, made)| made.entry == frame["entry"])
                .map(|(name, _)| name.clone()),
        };
        let answer = self
            .answer(
                &step.on,
                &reference,
                name.as_deref(),
                step.expect.as_slice(),
            )
            .await?;
        self.capture(step.capture.as_ref(), &answer);
        Ok(())
    }

    pub(super) async fn post(&mut self, step: &Post) -> Result<(), Miss> {
        let reference = match &step.reference {
            Some(template) => self.evaluate(template)?,
            None => self.fresh_reference().into(),
        };
        let frame = self.submission(&step.entry, &reference, self.token(&step.on))?;
        self.connection(&step.on)?
            .send_text(&frame.to_string(), 1)
            .await;
        Ok(())
    }

    pub(super) async fn answers(&mut self, step: &Answers) -> Result<(), Miss> {
        for name in &step.to {
            let reference = self.entry_made(name)?.reference.clone();
            let reference = reference
                .ok_or_else(|| Miss::harness(format!("the entry `{name}` was not posted")))?;
            self.answer(
                &step.on,
                &reference.into(),
                Some(name),
                step.expect.as_slice(),
            )
            .await?;
        }
        Ok(())
    }

    /// Submits an entry under a name and expects it accepted.
    pub(super) async fn submit_accepted(
        &mut self,
        on: &str,
        name: &str,
        entry: Value,
    ) -> Result<(), Miss> {
        self.keep_entry(name, entry);
        let reference: Value = self.fresh_reference().into();
        let frame =
            self.submission(&EntryRef::Made(name.to_owned()), &reference, self.token(on))?;
        self.connection(on)?.send_text(&frame.to_string(), 1).await;
        self.answer(on, &reference, Some(name), &["accepted".to_owned()])
            .await
            .map(|_| ())
    }

    /// The `submit` of an entry.
    pub(super) fn submission(
        &mut self,
        entry: &EntryRef,
        reference: &Value,
        token: Value,
    ) -> Result<Value, Miss> {
        let entry = match entry {
            EntryRef::Made(name) => {
                let name = &*self.numbered(name).into_owned();
                let made = self
                    .made
                    .get_mut(name)
                    .ok_or_else(|| Miss::harness(format!("no entry was made as `{name}`")))?;
                made.reference = reference.as_str().map(str::to_owned);
                made.entry.clone()
            }
            EntryRef::Given(template) => self.evaluate(template)?,
        };
        Ok(json!({"type": "submit", "ref": reference, "token": token, "entry": entry}))
    }

    /// The connection's token; before a welcome one that nobody was given.
    pub(super) fn token(&self, on: &str) -> Value {
        let connection = self.connections.get(&*self.numbered(on));
        let token = connection
            .and_then(|connection| Some(connection.observer().joined()?.welcome["token"].clone()));
        token.unwrap_or_else(|| super::super::bytes::value(&[0; 256]))
    }

    /// Takes the answer to a `submit` and holds it against what is due.
    pub(super) async fn answer(
        &mut self,
        on: &str,
        reference: &Value,
        name: Option<&str>,
        due: &[String],
    ) -> Result<Value, Miss> {
        let expected = match due {
            [accepted] if accepted == "accepted" => "`accepted`".to_owned(),
            codes => format!("`refused` with {}", one_of(codes)),
        };
        let came = self
            .connection(on)?
            .answer_to(reference.as_str().unwrap_or_default())
            .await;
        let frame = came.map_err(|missing| Miss::missing(&expected, missing))?;
        self.note_refusal(&frame);
        let accepted = frame["type"] == "accepted";
        let name = name.map(|name| self.numbered(name).into_owned());
        if accepted
            && let Some(made) = name.and_then(|name| self.made.get_mut(&name))
            && let Some(index) = frame["index"].as_u64()
        {
            // The first one stays, for a later one to be held against.
            made.accepted.get_or_insert((index, frame["hash"].clone()));
        }
        let fits =
            (accepted && due.iter().any(|due| due == "accepted")) || is_refused_with(&frame, due);
        if !fits {
            return Err(Miss::other(expected, shorten::value(&frame)));
        }
        let unread = matches!(frame["code"].as_str(), Some("malformed" | "too_large"));
        if frame.get("ref").is_none() && !unread {
            return Err(Miss::other(
                format!("{expected}, with the `ref` {reference}"),
                shorten::value(&frame),
            )
            .against("SUB-3"));
        }
        Ok((*frame).clone())
    }
}
