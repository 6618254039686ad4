//! Entries, blocks, chains, trees, checkpoints, evidence.

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Entry, Prefix};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::merkle::{Tree, verify_consistency, verify_inclusion};
use dispatch_protocol::verify::{Evidence, Follower, Keeper};
use dispatch_protocol::wire::{Accepted, Blocks};
use serde_json::{Value, json};

use crate::vector::{Outcome, Vector, found, refused};

/// An entry as it stands in a block: a message may have lost its ciphertext.
fn entry(value: &Value) -> Entry {
    let block = json!({"index": 0, "prev": Hash::ZERO, "time": 0, "entry": value});
    Block::decode(&block.to_string()).unwrap().entry
}

pub fn entries(test: &Vector, _: &Vector) -> Outcome {
    let entry = entry(test.value("entry"));
    test.same("body_tuple", &entry.body.tuple());
    assert_eq!(entry.body.digest(), test.hash("body_digest"));
    test.same("entry_tuple", &entry.tuple());
    assert_eq!(entry.id(), test.id("entry_id"));
    let verified = entry.verify(&test.key("author_key")).map_err(refused)?;
    assert_eq!(verified.id(), test.id("entry_id"));
    Ok(())
}

pub fn changed_entries(test: &Vector, _: &Vector) -> Outcome {
    let entry = entry(test.value("entry"));
    entry
        .verify(&test.key("author_key"))
        .map(|_| ())
        .map_err(refused)
}

pub fn submitted_entries(test: &Vector, _: &Vector) -> Outcome {
    let text = test.value("entry").to_string();
    Entry::decode(&text, &Limits::default())
        .map(|_| ())
        .map_err(refused)
}

/// An entry without its signature, which no id covers.
fn unsigned(mut entry: Value) -> Entry {
    entry["signature"] = "AA".into();
    self::entry(&entry)
}

pub fn texts(test: &Vector, _: &Vector) -> Outcome {
    let entry = unsigned(test.value("entry").clone());
    assert_eq!(entry.id(), test.id("entry_id"));
    let text = test.bytes("text_utf8");
    let tuple = entry.body.tuple();
    assert!(
        text.is_empty()
            || tuple
                .windows(text.len())
                .any(|window| window == text.as_slice())
    );
    Ok(())
}

pub fn written_otherwise(test: &Vector, _: &Vector) -> Outcome {
    let json = test.bytes("json");
    let text = std::str::from_utf8(&json).unwrap();
    // the text as it stands, with a signature behind its last member
    let end = text.rfind('}').unwrap();
    let text = format!(r#"{},"signature":"AA"{}"#, &text[..end], &text[end..]);
    let entry = Entry::decode(&text, &Limits::default()).map_err(refused)?;
    assert_eq!(entry.id(), test.id("entry_id"));
    Ok(())
}

pub fn block_hashes(test: &Vector, _: &Vector) -> Outcome {
    let block = Block::decode(&test.value("block").to_string()).map_err(refused)?;
    assert_eq!(block.entry.id(), test.id("entry_id"));
    assert_eq!(block.hash(), test.hash("block_hash"));
    assert_eq!(Hash::of(&test.bytes("block_tuple")), block.hash());
    Ok(())
}

pub fn checkpoints(test: &Vector, group: &Vector) -> Outcome {
    let shared = |name| test.find(name).map_or(group, |_| test);
    let checkpoint = Checkpoint::decode(&test.value("checkpoint").to_string()).map_err(refused)?;
    checkpoint
        .verify(&shared("server_key").key("server_key"))
        .map_err(found)?;
    checkpoint
        .belongs(shared("community").id("community"))
        .map_err(found)?;
    test.same("checkpoint_tuple", &checkpoint.tuple());
    Ok(())
}

pub fn evidence(test: &Vector, _: &Vector) -> Outcome {
    // A file that is no evidence at all proves no fork, either.
    let evidence = Evidence::decode(&test.value("evidence").to_string())
        .map_err(|refusal| (String::from("bad_evidence"), refusal.to_string()))?;
    evidence.verify().map_err(found)?;
    assert_eq!(evidence.first.community, test.id("community"));
    Ok(())
}

fn tree(group: &Vector) -> Tree {
    let mut tree = Tree::default();
    group
        .hashes("block_hashes")
        .into_iter()
        .for_each(|hash| tree.append(hash));
    tree
}

pub fn roots(test: &Vector, group: &Vector) -> Outcome {
    let root = tree(if group.find("block_hashes").is_some() {
        group
    } else {
        test
    })
    .root(test.uint("size"));
    assert_eq!(root, Some(test.hash("root")));
    Ok(())
}

pub fn inclusion(test: &Vector, _: &Vector) -> Outcome {
    let (block, root) = (test.hash("block_hash"), test.hash("root"));
    verify_inclusion(
        &block,
        test.uint("index"),
        test.uint("size"),
        &test.hashes("path"),
        &root,
    )
    .map_err(|error| found(error.into()))
}

pub fn consistency(test: &Vector, _: &Vector) -> Outcome {
    let (old, new) = (test.hash("from_root"), test.hash("to_root"));
    verify_consistency(
        test.uint("from"),
        test.uint("to"),
        &old,
        &new,
        &test.hashes("path"),
    )
    .map_err(|error| found(error.into()))
}

/// Where a client refuses what it is shown.
struct Refused {
    at: String,
    code: (String, String),
}

pub fn views(test: &Vector, group: &Vector) -> Outcome {
    match view(test, group) {
        Ok(follower) => {
            let state = follower.state();
            assert_eq!(state.size(), test.uint("size"));
            assert_eq!(state.head(), test.hash("head"));
            assert_eq!(state.root(), test.hash("root"));
            Ok(())
        }
        Err(refused) => {
            let at = test.find("at").map(|at| at.as_str().unwrap());
            let (code, said) = refused.code;
            if at != Some(refused.at.as_str()) {
                return Err((format!("{code} at {}", refused.at), said));
            }
            Err((code, said))
        }
    }
}

/// Whether an epoch of the chain may be written under.
pub fn writing(test: &Vector, group: &Vector) -> Outcome {
    let follower = view(test, group).unwrap_or_else(|refused| {
        let (code, said) = refused.code;
        panic!("{code} at {}: {said}", refused.at)
    });
    let epoch = follower.state().epoch(&test.id("epoch")).unwrap();
    epoch.check_writable().map_err(found)
}

fn view(test: &Vector, group: &Vector) -> Result<Follower, Refused> {
    let pinned = test.find("pinned").map(|_| test.id("pinned"));
    let checkpoint = |name: &str| {
        test.find(name)
            .map(|checkpoint| Checkpoint::decode(&checkpoint.to_string()).unwrap())
    };
    let refuse = |at: &str| {
        let at = at.to_owned();
        move |code| Refused { at, code }
    };
    let mut follower: Option<Follower> = None;
    let mut entries = Vec::new();
    for frame in test.value("frames").as_array().unwrap() {
        let frame = Vector(frame);
        let mut from = Some(frame.uint("from"));
        for name in frame.value("blocks").as_array().unwrap() {
            let name = name.as_str().unwrap();
            let block = Vector(group.value("blocks")).value(name);
            let block =
                Block::decode(&block.to_string()).map_err(|error| refuse(name)(refused(error)))?;
            entries.push((block.entry.id(), block.entry.author, block.entry.seq));
            match &mut follower {
                None => {
                    let (begun, _) =
                        Follower::begin(block, pinned, Keeper::new(checkpoint("kept")))
                            .map_err(|finding| refuse(name)(found(finding)))?;
                    follower = Some(begun);
                }
                Some(follower) => {
                    if let Some(from) = from {
                        let empty = Blocks {
                            from,
                            blocks: vec![],
                        };
                        follower
                            .blocks(empty)
                            .map_err(|finding| refuse("from")(found(finding)))?;
                    }
                    follower
                        .block(block)
                        .map_err(|finding| refuse(name)(found(finding)))?;
                }
            }
            from = None;
        }
    }
    let mut follower = follower.expect("a chain has a block");
    if let Some(welcome) = test.find("welcome") {
        let welcome = Vector(welcome);
        let chain = Prefix {
            size: welcome.uint("size"),
            hash: welcome.hash("head"),
        };
        let have = test.find("have").map_or(0, |have| have.as_u64().unwrap());
        follower
            .keeper()
            .welcomed(chain.size, have)
            .and_then(|()| follower.welcome(chain))
            .map_err(|finding| refuse("welcome")(found(finding)))?;
    }
    if let Some(checkpoint) = checkpoint("checkpoint") {
        follower
            .checkpoint(&checkpoint)
            .map_err(|finding| refuse("checkpoint")(found(finding)))?;
    }
    if let Some(accepted) = test.find("accepted") {
        let accepted = Vector(accepted);
        let entry = accepted.id("entry_id");
        // who made the entry knows its author and seq; of one that is in no block any will do
        let (_, author, seq) = entries
            .iter()
            .copied()
            .find(|(id, ..)| *id == entry)
            .unwrap_or((entry, entry, 1));
        let receipt = Accepted {
            reference: None,
            index: accepted.uint("index"),
            hash: accepted.hash("hash"),
        };
        follower
            .receipt(&receipt, &author, seq, &entry)
            .map_err(|finding| refuse("accepted")(found(finding)))?;
    }
    follower
        .finish()
        .map_err(|finding| refuse("end")(found(finding)))?;
    Ok(follower)
}
