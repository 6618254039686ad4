//! `check`: values held against each other, and against what came on a connection.

use serde_json::Value;

use crate::{
    codec::{PublicKey, signature},
    peer::observer::{Arrived, Joined},
    play::{Stage, miss::Miss},
    scenario::step::{Check, Relation},
    story::shorten,
};

/// What makes blocks and checkpoints one chain.
pub const CHAIN: [&str; 9] = [
    "CHAIN-1", "CHAIN-2", "CHAIN-3", "CHAIN-7", "SYNC-2", "ENTRY-3", "CHECK-1", "CHECK-2",
    "CHECK-4",
];

impl Stage {
    pub(in crate::play) fn check(&mut self, check: &Check) -> Result<(), Miss> {
        match check {
            Check::Relation(relation, left, right) => {
                related(*relation, &self.evaluate(left)?, &self.evaluate(right)?)
            }
            Check::Signature {
                of,
                key,
                label,
                fields,
            } => {
                let expected = format!("a signature over Tuple({label:?}, ...)");
                let key = PublicKey::from_der(&self.bytes(key)?).map_err(|verdict| {
                    Miss::other(&expected, format!("a key that is none: {verdict}"))
                })?;
                let tuple = self.tuple(label, fields)?;
                signature::verify(&key, &tuple.encode(), &self.bytes(of)?)
                    .map_err(|verdict| Miss::other(expected, verdict.detail))
            }
            Check::Once { of, on } => {
                let id = self.entry_made(of)?.id()?;
                match self.blocks_that(on, |block| block.states(&id))? {
                    1 => Ok(()),
                    times => Err(Miss::other(
                        format!("one block with the entry `{of}`"),
                        format!("{times} of them"),
                    )),
                }
            }
            Check::Never { of, on } => {
                let made = self.entry_made(of)?;
                let id = made.id().ok();
                let signature = made.entry["signature"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                match self.blocks_that(on, |block| block.holds(id.as_ref(), &signature))? {
                    0 => Ok(()),
                    times => Err(Miss::other(
                        format!("no block with the entry `{of}`"),
                        format!("{times} of them"),
                    )),
                }
            }
            Check::Unsaid { of, on } => {
                let text = crate::codec::base64url::encode(&self.bytes(of)?);
                let connection = self.connection(on)?;
                let said = connection
                    .observer()
                    .texts()
                    .iter()
                    .find(|frame| frame.contains(&text))
                    .cloned();
                said.map_or(Ok(()), |frame| {
                    Err(Miss::other(
                        "no frame that holds these bytes",
                        shorten::text(&frame),
                    ))
                })
            }
            Check::Proof { of } => {
                let proof = self.captured(of)?.clone();
                let judged = self.server.chain.proves(&proof);
                judged.map_err(|verdict| {
                    Miss::other("a proof that leads to the chain's root", verdict.detail)
                })
            }
            Check::Kept { on } => {
                let connection = self.connection(on)?;
                let size = connection.observer().joined().map(|joined| joined.size);
                let size = size
                    .ok_or_else(|| Miss::harness(format!("`{on}` was joined by no `welcome`")))?;
                self.server.chain.lost(size).map_or(Ok(()), |fault| {
                    let expected =
                        "a chain that holds what the server acknowledged, sent and covered before";
                    Err(Miss::other(expected, fault.detail).against(&fault.requirement))
                })
            }
            Check::Chain { on } => {
                self.times_never_fall(on)?;
                let broken = self
                    .findings_on(on)
                    .into_iter()
                    .find(|finding| CHAIN.contains(&finding.requirement.as_str()));
                broken.map_or(Ok(()), |finding| {
                    Err(
                        Miss::other("blocks and checkpoints of one chain", finding.detail)
                            .against(&finding.requirement),
                    )
                })
            }
        }
    }

    /// [CHAIN-3] Looked at again here: a breach is found by whoever sees the block first, which may be another case.
    fn times_never_fall(&mut self, on: &str) -> Result<(), Miss> {
        let joined = |joined: &Joined| joined.arrived.iter().map(|block| block.index).collect();
        let arrived: Vec<u64> = self
            .connection(on)?
            .observer()
            .joined()
            .map_or_else(Vec::new, joined);
        let time = |index: u64| self.server.chain.block(index)?["time"].as_u64();
        let falls = |index: &u64| {
            let before = index.checked_sub(1).and_then(time);
            before.is_some_and(|before| time(*index).is_some_and(|time| time < before))
        };
        let fallen = arrived.into_iter().find(falls);
        fallen.map_or(Ok(()), |index| {
            let came = format!("block {index} is earlier than the one before it");
            Err(Miss::other("times that never fall", came).against("CHAIN-3"))
        })
    }

    /// How many of the blocks that arrived on a connection are such.
    fn blocks_that(&mut self, on: &str, are: impl Fn(&Arrived) -> bool) -> Result<usize, Miss> {
        let observer = self.connection(on)?.observer();
        let arrived = observer
            .joined()
            .map(|joined| joined.arrived.as_slice())
            .unwrap_or_default();
        Ok(arrived.iter().filter(|block| are(block)).count())
    }
}

fn related(relation: Relation, left: &Value, right: &Value) -> Result<(), Miss> {
    let (holds, sign) = match relation {
        Relation::Equal => (left == right, "equal to"),
        Relation::Differ => (left != right, "different from"),
        Relation::AtMost => match (left.as_u64(), right.as_u64()) {
            (Some(left), Some(right)) => (left <= right, "at most"),
            _ => return Err(Miss::harness(format!("no two numbers: {left} and {right}"))),
        },
    };
    if holds {
        return Ok(());
    }
    Err(Miss::other(
        format!("a value {sign} {}", shorten::value(right)),
        shorten::value(left),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn relations_hold_or_do_not() {
        assert!(related(Relation::Equal, &json!([1]), &json!([1])).is_ok());
        assert!(related(Relation::Equal, &json!(1), &json!("1")).is_err());
        assert!(related(Relation::Differ, &json!("a"), &json!("b")).is_ok());
        assert!(related(Relation::Differ, &json!("a"), &json!("a")).is_err());
        assert!(related(Relation::AtMost, &json!(3), &json!(3)).is_ok());
        assert!(related(Relation::AtMost, &json!(4), &json!(3)).is_err());
    }
}
