//! Whole chains, read as a client reads them.

use crate::outcome::{Failure, Outcome, hash, same, same_bytes, uint};
use dispatch_conformance::codec::chain::ChainModel;
use dispatch_conformance::codec::{Checkpoint, Verdict, fields};
use serde_json::Value;

pub fn chain(test: &Value, group: &Value) -> Outcome {
    let mut model = match test["pinned"].is_string() {
        true => ChainModel::pinned(hash(test, "pinned")),
        false => ChainModel::new(),
    };
    for frame in crate::list(test, "frames") {
        take(&mut model, frame, group)?;
    }
    let kept = test["kept"]
        .as_object()
        .map(|_| Checkpoint::read(&test["kept"]).expect("a checkpoint"));
    let have = test["have"].as_u64().unwrap_or(0);
    if let Some(welcome) = present(test, "welcome") {
        at(
            "welcome",
            model.check_shown(
                uint(welcome, "size"),
                &hash(welcome, "head"),
                have,
                kept.as_ref(),
            ),
        )?;
    }
    if let Some(checkpoint) = present(test, "checkpoint") {
        at(
            "checkpoint",
            model.check_checkpoint(checkpoint, kept.as_ref()),
        )?;
    }
    if let Some(accepted) = present(test, "accepted") {
        at(
            "accepted",
            model.check_accepted(accepted, &hash(accepted, "entry_id")),
        )?;
    }
    at("end", model.check_gaps())?;
    same(test, "size", model.size())?;
    same_bytes(test, "head", &model.head())?;
    same_bytes(
        test,
        "root",
        &model.root_of(model.size()).expect("the whole chain"),
    )
}

/// Whether an epoch of the chain may be written under.
pub fn writing(test: &Value, group: &Value) -> Outcome {
    let mut model = ChainModel::new();
    for frame in crate::list(test, "frames") {
        take(&mut model, frame, group).expect("a chain that no rule refuses");
    }
    Ok(model.check_writable(&hash(test, "epoch"))?)
}

/// A frame of the group's blocks, by their names.
fn take(model: &mut ChainModel, frame: &Value, group: &Value) -> Outcome {
    let from = uint(frame, "from");
    if from != model.size() {
        return at(
            "from",
            Err(Verdict::new(
                "bad_index",
                "CHAIN-8",
                "`from` does not follow",
            )),
        );
    }
    for name in crate::list(frame, "blocks") {
        let name = name.as_str().expect("a name");
        let block = fields::member(&group["blocks"], name).expect("a block of the group");
        at(name, model.append(block).map(drop))?;
    }
    Ok(())
}

fn at<T>(place: &str, result: Result<T, Verdict>) -> Result<T, Failure> {
    result.map_err(|v| Failure::Refused(v, Some(place.to_owned())))
}

fn present<'a>(test: &'a Value, name: &str) -> Option<&'a Value> {
    test.get(name).filter(|v| !v.is_null())
}
