//! What a server says of its chain, held against what the client holds and kept.

use super::{Blocks, redacted};
use crate::keys::named;

use super::good::{stale, talking};
use crate::community::{Community, checkpoint_by, labelled};
use crate::file::{Test, invalid};
use dispatch_conformance::codec::{Checkpoint, base64url::encode};
use serde_json::{Value, json};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = known(blocks);
    tests.extend(pins(blocks));
    tests.extend(checkpoints(blocks));
    tests.extend(memory(blocks));
    tests.extend(receipts(blocks));
    tests
}

/// The chain that all look at: ten blocks.
fn shown() -> Community {
    stale().0
}

/// Another story with the same first seven blocks and more of them.
fn other_story() -> Community {
    let (mut at, epoch) = talking();
    for text in ["It went", "another", "way", "here.", "Quite."] {
        let message = at.message(named("m02"), &epoch, text);
        at.append(message);
    }
    at
}

/// Size and head of the whole chain, as a welcome shows them.
fn shown_by(at: &Community) -> Value {
    json!({ "size": at.model.size(), "head": encode(&at.model.head()) })
}

fn known(blocks: &mut Blocks) -> Vec<Test> {
    let at = shown();
    let welcome = shown_by(&at);
    let good = |blocks: &mut Blocks, id: &str, about: &str, requirements: &[&'static str]| {
        blocks.valid(id, about, requirements, &at)
    };
    vec![
        good(
            blocks,
            "view-all-at-once",
            "pin, welcome and checkpoint fit the chain",
            &["GEN-3", "CHECK-6", "CHECK-10"],
        )
        .with("pinned", encode(&at.id()))
        .with("welcome", welcome)
        .with("checkpoint", at.checkpoint()),
        good(
            blocks,
            "view-checkpoint-behind",
            "the checkpoint covers a part of the chain",
            &["CHECK-6"],
        )
        .with("checkpoint", at.checkpoint_of(4)),
        good(
            blocks,
            "view-kept-and-newer",
            "the newer checkpoint extends the kept one",
            &["CHECK-7", "CHECK-8"],
        )
        .with("kept", at.checkpoint_of(8))
        .with("checkpoint", at.checkpoint()),
        good(
            blocks,
            "view-kept-and-older",
            "the checkpoint is smaller than the kept one, and agrees with it",
            &["CHECK-11"],
        )
        .with("kept", at.checkpoint_of(8))
        .with("checkpoint", at.checkpoint_of(3)),
        good(
            blocks,
            "view-kept-and-equal",
            "a checkpoint of the kept one's size, made later",
            &["CHECK-8"],
        )
        .with("kept", at.checkpoint_of(8))
        .with("checkpoint", {
            let later = Checkpoint {
                time: at.now + 60_000,
                ..at.statement(8)
            };
            checkpoint_by(&later, at.server)
        }),
        good(
            blocks,
            "view-have-all",
            "the welcome is of just the size that the client has",
            &["CHECK-7"],
        )
        .with("have", at.model.size())
        .with("welcome", shown_by(&at)),
    ]
}

fn pins(blocks: &mut Blocks) -> Vec<Test> {
    let at = shown();
    let elsewhere = Community::found(
        "Test community",
        named("other-authority"),
        named("other-server"),
    );
    let mut taken = Community::found("Test community", named("authority"), named("other-server"));
    taken.now += 1;
    let mut bad = |id: &str, about: &str, chain: &Community| {
        blocks
            .bad(id, about, "GEN-3", "wrong_genesis", &chain.blocks, 0)
            .with("pinned", encode(&at.id()))
            .flag("genesis-unchecked")
    };
    vec![
        bad(
            "view-other-community",
            "the server serves another community of the same name",
            &elsewhere,
        ),
        bad(
            "view-other-server-key",
            "the same authority, another server key: another community",
            &taken,
        ),
    ]
}

fn checkpoints(blocks: &mut Blocks) -> Vec<Test> {
    let at = shown();
    let frame = blocks.frame("view-checkpoints", 0, &at.blocks);
    let bad = |id: &str, about: &str, requirement, code, checkpoint: Value| {
        invalid(id, about, &[requirement], code)
            .with("frames", vec![frame.clone()])
            .with("checkpoint", checkpoint)
            .with("at", "checkpoint")
    };
    let stated = |statement: Checkpoint| checkpoint_by(&statement, at.server);
    let all = at.statement(10);
    let other = other_story();
    vec![
        bad(
            "view-checkpoint-by-authority",
            "signed by the authority",
            "CHECK-6",
            "bad_checkpoint",
            checkpoint_by(&all, at.authority),
        ),
        bad(
            "view-checkpoint-of-nothing",
            "of size 0",
            "CHECK-6",
            "bad_checkpoint",
            stated(Checkpoint {
                size: 0,
                head: [0; 32],
                ..all.clone()
            }),
        ),
        bad(
            "view-checkpoint-other-community",
            "of another community",
            "CHECK-6",
            "bad_checkpoint",
            stated(Checkpoint {
                community: labelled("elsewhere"),
                ..all.clone()
            }),
        ),
        bad(
            "view-checkpoint-other-head",
            "the head is not that of the chain",
            "CHECK-8",
            "fork",
            stated(Checkpoint {
                head: labelled("head"),
                ..all.clone()
            }),
        ),
        bad(
            "view-checkpoint-other-root",
            "the root is not that of the chain",
            "CHECK-8",
            "fork",
            stated(Checkpoint {
                root: labelled("root"),
                ..all.clone()
            }),
        ),
        bad(
            "view-checkpoint-other-size",
            "the size is one less than that of head and root",
            "CHECK-8",
            "fork",
            stated(Checkpoint {
                size: 9,
                ..all.clone()
            }),
        ),
        bad(
            "view-checkpoint-other-story",
            "of another chain with the same beginning",
            "CHECK-8",
            "fork",
            other.checkpoint_of(9),
        ),
    ]
    .into_iter()
    .map(|test| test.flag("no-memory"))
    .collect()
}

/// Rollbacks and forks over two sessions.
fn memory(blocks: &mut Blocks) -> Vec<Test> {
    let at = shown();
    let other = other_story();
    let mut short = at.clone();
    short.blocks.truncate(8);
    let mut early = at.clone();
    early.blocks.truncate(3);
    let mut gap = at.clone();
    gap.blocks[6] = redacted(&gap.blocks[6]);
    let eight = at.statement(8);
    let other_head = checkpoint_by(
        &Checkpoint {
            head: labelled("head"),
            ..eight.clone()
        },
        at.server,
    );
    let other_root = checkpoint_by(
        &Checkpoint {
            root: labelled("root"),
            ..eight
        },
        at.server,
    );
    let mut bad = |id: &str,
                   about: &str,
                   requirement,
                   code,
                   chain: &Community,
                   more: &[(&str, Value)],
                   place: &str| {
        let frame = blocks.frame(id, 0, &chain.blocks);
        let test = invalid(id, about, &[requirement], code)
            .with("frames", vec![frame])
            .with("at", place)
            .flag("no-memory");
        more.iter()
            .fold(test, |test, (name, value)| test.with(name, value.clone()))
    };
    let welcome_of_eight =
        json!({ "size": 8, "head": encode(&at.model.head_of(8).expect("so many")) });
    vec![
        bad(
            "view-rolled-back",
            "the chain is shorter than the kept checkpoint's",
            "CHECK-7",
            "rollback",
            &short,
            &[
                ("kept", at.checkpoint_of(9)),
                ("welcome", welcome_of_eight.clone()),
            ],
            "welcome",
        ),
        bad(
            "view-rolled-back-below-have",
            "the chain is shorter than what the client has, though no checkpoint covered that",
            "CHECK-7",
            "rollback",
            &short,
            &[
                ("kept", at.checkpoint_of(7)),
                ("have", 9.into()),
                ("welcome", welcome_of_eight),
            ],
            "welcome",
        ),
        bad(
            "view-forked",
            "the chain is longer than the kept checkpoint's, and another one",
            "CHECK-8",
            "fork",
            &other,
            &[
                ("kept", at.checkpoint_of(10)),
                ("checkpoint", other.checkpoint()),
            ],
            "checkpoint",
        ),
        bad(
            "view-forked-at-one-size",
            "the checkpoint has the kept one's size, and another head",
            "CHECK-8",
            "fork",
            &other,
            &[
                ("kept", at.checkpoint_of(8)),
                ("checkpoint", other.checkpoint_of(8)),
            ],
            "checkpoint",
        ),
        bad(
            "view-forked-before-the-blocks",
            "the checkpoint has the kept one's size and another head; the blocks that would show which is wrong are not held yet",
            "CHECK-8",
            "fork",
            &early,
            &[
                ("kept", at.checkpoint_of(8)),
                ("checkpoint", other.checkpoint_of(8)),
            ],
            "checkpoint",
        ),
        bad(
            "view-forked-by-its-head-alone",
            "the checkpoint has the kept one's size and root, and another head; the blocks that would show which is wrong are not held yet",
            "CHECK-8",
            "fork",
            &early,
            &[("kept", at.checkpoint_of(8)), ("checkpoint", other_head)],
            "checkpoint",
        ),
        bad(
            "view-forked-by-its-root-alone",
            "the checkpoint has the kept one's size and head, and another root; the blocks that would show which is wrong are not held yet",
            "CHECK-8",
            "fork",
            &early,
            &[("kept", at.checkpoint_of(8)), ("checkpoint", other_root)],
            "checkpoint",
        ),
        bad(
            "view-gap-in-answer-to-the-welcome",
            "a message has no ciphertext: a redaction may be among the blocks that follow this welcome's, and none follow",
            "RED-8",
            "unredacted_gap",
            &gap,
            &[("welcome", shown_by(&at))],
            "end",
        ),
        bad(
            "view-welcome-other-head",
            "the block at the welcome's last index has another hash than its head",
            "CHECK-10",
            "fork",
            &at,
            &[(
                "welcome",
                json!({ "size": 10, "head": encode(&labelled("head")) }),
            )],
            "welcome",
        ),
        bad(
            "view-welcome-head-of-another-story",
            "the welcome shows another chain than the blocks",
            "CHECK-10",
            "fork",
            &at,
            &[(
                "welcome",
                json!({ "size": 9, "head": encode(&other.model.head_of(9).expect("so many")) }),
            )],
            "welcome",
        ),
    ]
}

fn receipts(blocks: &mut Blocks) -> Vec<Test> {
    let at = shown();
    let held = at.model.held(8).expect("a message");
    let accepted = |index: u64, hash: &[u8; 32], entry: &[u8; 32]| json!({ "index": index, "hash": encode(hash), "entry_id": encode(entry) });
    let other_entry = at.model.held(6).expect("a message").entry;
    let good = blocks
        .valid(
            "view-accepted",
            "the acknowledged entry stands where the server said",
            &["CHAIN-11"],
            &at,
        )
        .with("accepted", accepted(8, &held.hash, &held.entry));
    let frame = blocks.frame("view-accepted", 0, &at.blocks);
    let bad = |id: &str, about: &str, accepted: Value| {
        invalid(id, about, &["CHAIN-11"], "fork")
            .flag("no-memory")
            .with("frames", vec![frame.clone()])
            .with("accepted", accepted)
            .with("at", "accepted")
    };
    vec![
        good,
        bad(
            "view-accepted-other-hash",
            "the block has another hash",
            accepted(8, &labelled("hash"), &held.entry),
        ),
        bad(
            "view-accepted-other-entry",
            "the block has the hash, and holds another entry",
            accepted(8, &held.hash, &other_entry),
        ),
        bad(
            "view-accepted-elsewhere",
            "the entry stands at another index",
            accepted(7, &held.hash, &held.entry),
        ),
    ]
}
