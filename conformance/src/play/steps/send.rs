//! `send`, `ping`.

use serde_json::Value;

use crate::{
    codec::randomness::{Randomness, System},
    peer::socket::Kind,
    play::{Stage, miss::Miss},
    scenario::{
        Template,
        step::{Edit, Opcode, Ping, Send},
    },
};

impl Stage {
    pub(super) async fn send(&mut self, step: &Send) -> Result<(), Miss> {
        if let (Some(hex), Some(opcode)) = (&step.hex, step.opcode) {
            self.connection(&step.on)?
                .send_bytes(&hex.0, kind(opcode))
                .await;
            return Ok(());
        }
        let text = match (&step.frame, &step.text) {
            (Some(frame), _) => {
                let frame = self.evaluate(frame)?;
                if let Some(name) = &step.name {
                    self.keep_frame(name, &frame);
                }
                self.framed(&frame, &step.edits, step.pad_to.as_ref())?
            }
            (None, Some(text)) => self.text(text)?,
            (None, None) => return Err(Miss::harness("a `send` without a content")),
        };
        let fragments = step.fragments.unwrap_or(1);
        let connection = self.connection(&step.on)?;
        match step.opcode {
            Some(Opcode::Binary) => connection.send_bytes(text.as_bytes(), Kind::Binary).await,
            _ => connection.send_text(&text, fragments).await,
        }
        Ok(())
    }

    /// A frame's compact JSON with its edits and padding.
    pub(super) fn framed(
        &self,
        frame: &Value,
        edits: &[Edit],
        pad_to: Option<&Template>,
    ) -> Result<String, Miss> {
        let mut text = frame.to_string();
        for edit in edits {
            let (replace, with) = (self.text(&edit.replace)?, self.text(&edit.with)?);
            text = replaced(&text, &replace, &with).map_err(Miss::harness)?;
        }
        if let Some(pad_to) = pad_to {
            let length = usize::try_from(self.number(pad_to)?)
                .map_err(|_| Miss::harness("a padding beyond memory"))?;
            if text.len() > length {
                return Err(Miss::harness(format!(
                    "the frame has {} bytes already, more than {length}",
                    text.len()
                )));
            }
            text.push_str(&" ".repeat(length - text.len()));
        }
        Ok(text)
    }

    pub(super) async fn ping(&mut self, step: &Ping) -> Result<(), Miss> {
        let connection = self.connection(&step.on)?;
        let bytes = System.bytes(16);
        connection.ping(&bytes).await;
        let expected = "a pong with the bytes of the ping";
        let came = connection
            .pong()
            .await
            .map_err(|missing| Miss::missing(expected, missing))?;
        if came == bytes {
            return Ok(());
        }
        Err(Miss::other(
            expected,
            format!("a pong with {} other bytes", came.len()),
        ))
    }
}

fn kind(opcode: Opcode) -> Kind {
    match opcode {
        Opcode::Text => Kind::Text,
        Opcode::Binary => Kind::Binary,
    }
}

/// Replaces a text that occurs exactly once.
fn replaced(text: &str, replace: &str, with: &str) -> Result<String, String> {
    match text.matches(replace).count() {
        1 => Ok(text.replacen(replace, with, 1)),
        count => Err(format!(
            "the text {replace:?} that is to be replaced occurs {count} times in {text}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_needs_its_text_exactly_once() {
        assert_eq!(
            replaced(r#"{"seq":1}"#, "\"seq\":1", "\"seq\":01").as_deref(),
            Ok(r#"{"seq":01}"#)
        );
        assert!(replaced("aa", "a", "b").is_err());
        assert!(replaced("aa", "c", "b").is_err());
    }
}
