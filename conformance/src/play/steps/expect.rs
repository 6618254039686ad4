//! `expect`, `expect_refused`, `expect_block`, `expect_checkpoint`, `expect_end`.

use std::time::Duration;

use serde_json::Value;

use crate::{
    peer::{
        Observer,
        connection::{End, Missing},
        observer::codes::close_code,
    },
    play::{
        Stage,
        miss::{Miss, ended},
    },
    scenario::step::{Expect, ExpectBlock, ExpectCheckpoint, ExpectEnd, ExpectRefused},
    story::shorten,
};

impl Stage {
    pub(super) async fn expect(&mut self, step: &Expect) -> Result<(), Miss> {
        let kind = step.frame.frame_type().map(str::to_owned);
        let expected = match &kind {
            Some(kind) => format!("a frame `{kind}` as the vector says"),
            None => "a frame as the vector says".to_owned(),
        };
        let connection = self.connection(&step.on)?;
        let came = match kind.as_deref() {
            Some(push @ ("blocks" | "checkpoint")) => connection.push(push).await,
            _ => connection.answer().await,
        };
        let frame = came.map_err(|missing| Miss::missing(&expected, missing))?;
        self.note_refusal(&frame);
        let differences = self.differences(&step.frame, Some(&frame))?;
        if !differences.is_empty() {
            return Err(Miss::other(
                expected,
                format!("{}\n{}", shorten::value(&frame), differences.join("\n")),
            ));
        }
        self.capture(step.capture.as_ref(), &frame);
        Ok(())
    }

    pub(super) async fn expect_refused(&mut self, step: &ExpectRefused) -> Result<(), Miss> {
        let codes = step.code.as_slice();
        let expected = format!("`refused` with {}", one_of(codes));
        let came = self.connection(&step.on)?.answer().await;
        let frame = came.map_err(|missing| Miss::missing(&expected, missing))?;
        self.note_refusal(&frame);
        if !is_refused_with(&frame, codes) {
            return Err(Miss::other(expected, shorten::value(&frame)));
        }
        self.capture(step.capture.as_ref(), &frame);
        Ok(())
    }

    pub(super) async fn expect_block(&mut self, step: &ExpectBlock) -> Result<(), Miss> {
        let id = self.entry_made(&step.of)?.id()?;
        let connection = self.connection(&step.on)?;
        let arrived = connection
            .until(Duration::ZERO, |observer| {
                observer
                    .joined()
                    .is_some_and(|joined| joined.arrived.iter().any(|block| block.states(&id)))
            })
            .await;
        match (arrived, &step.or_bye) {
            (Ok(()), _) => Ok(()),
            (Err(Missing::Ended(end)), Some(code)) if says(&end, code) => Ok(()),
            (Err(missing), None) => {
                Err(Miss::missing(format!("the block of `{}`", step.of), missing).against("SYNC-1"))
            }
            (Err(missing), Some(code)) => Err(Miss::missing(
                format!("the block of `{}`, or `bye` with `{code}`", step.of),
                missing,
            )),
        }
    }

    pub(super) async fn expect_checkpoint(&mut self, step: &ExpectCheckpoint) -> Result<(), Miss> {
        let made = self.entry_made(&step.of)?;
        let id = made.id()?;
        let accepted = made.accepted.as_ref().map(|(index, _)| *index);
        let checkpoint_ms = self.server.limit("checkpoint_ms");
        let longer = Duration::from_millis(checkpoint_ms);
        let index = |observer: &Observer| {
            let arrived = observer
                .joined()
                .and_then(|joined| joined.arrived.iter().find(|block| block.states(&id)))
                .map(|block| block.index);
            arrived.or(accepted)
        };
        let connection = self.connection(&step.on)?;
        let covered = connection
            .until(longer, |observer| {
                let covered = observer.joined().map_or(0, |joined| joined.covered);
                index(observer).is_some_and(|index| covered > index)
            })
            .await;
        let expected = format!("a checkpoint that covers the block of `{}`", step.of);
        covered.map_err(|missing| Miss::missing(&expected, missing).against("CHECK-4"))?;
        let index = index(&connection.observer());
        match index.and_then(|index| self.server.chain.covered_late(index, checkpoint_ms)) {
            Some(fault) => Err(Miss::other(format!("{expected} in time"), fault.detail)
                .against(&fault.requirement)),
            None => Ok(()),
        }
    }

    pub(super) async fn expect_end(&mut self, step: &ExpectEnd) -> Result<(), Miss> {
        let mut expected = "the end of the connection".to_owned();
        match &step.bye {
            Some(Some(code)) => expected.push_str(&format!(", after `bye` with `{code}`")),
            Some(None) => expected.push_str(", without a `bye`"),
            None => {}
        }
        if let Some(close) = &step.close {
            expected.push_str(&format!(", with close code {}", one_of(close.as_slice())));
        }
        let end = self.connection(&step.on)?.end().await;
        let end = end.map_err(|missing| Miss::missing(&expected, missing))?;
        self.unsettling = true;
        let code = end.bye.as_ref().and_then(|bye| bye["code"].as_str());
        let bye_fits = match &step.bye {
            Some(due) => code == due.as_deref(),
            None => true,
        };
        let close_fits = step.close.as_ref().is_none_or(|close| {
            end.close
                .is_some_and(|came| close.as_slice().contains(&came))
        });
        if bye_fits && close_fits {
            return Ok(());
        }
        Err(Miss {
            verdict: ended(&end),
            ..Miss::other(expected, end.describe())
        })
    }

    /// Keeps a frame under a name.
    pub(super) fn capture(&mut self, name: Option<&String>, frame: &Value) {
        if let Some(name) = name {
            self.keep_frame(name, frame);
        }
    }

    /// After a refusal the case ends with a look whether the server lives.
    pub(super) fn note_refusal(&mut self, frame: &Value) {
        self.unsettling |= frame["type"] == "refused";
    }
}

/// Whether a frame is a refusal with one of these codes.
pub fn is_refused_with(frame: &Value, codes: &[String]) -> bool {
    frame["type"] == "refused" && codes.iter().any(|code| frame["code"] == **code)
}

fn says(end: &End, code: &str) -> bool {
    end.bye.as_ref().is_some_and(|bye| bye["code"] == code) && end.close == close_code(code)
}

/// `a`, or `a` or `b`.
pub fn one_of<T: std::fmt::Display>(items: &[T]) -> String {
    items
        .iter()
        .map(|item| format!("`{item}`"))
        .collect::<Vec<_>>()
        .join(" or ")
}
