//! The steps that are counted, and what they work on. Another process makes that before, since keys would take minutes where
//! each instruction is looked at.

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;

use dispatch_protocol::bytes::{Bytes, Hash, Salt};
use dispatch_protocol::chain::{Admission, Block, Digest, State};
use dispatch_protocol::entry::VerifiedEntry;
use dispatch_protocol::epoch::{MessageContext, Secret};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::merkle::Tree;
use dispatch_protocol::wire::{ClientFrame, Ref, Submit};
use dispatch_server::benching::{self, Store};

use crate::chain::{Community, Signing};

/// Letters of a message, so that its `submit` has about 1.5 KiB.
const LETTERS: usize = 420;

/// Messages of one turn.
const MESSAGES: usize = 64;

/// Accounts that write.
const WRITERS: usize = 8;

/// Blocks of the tree, which no power of two is near.
const TREE: u64 = 100_000;

/// The function whose instructions count: callgrind is told of it by its name.
pub const COUNTED: &str = concat!(module_path!(), "::count_these_instructions");

/// The steps' names, in the order in which they are counted, and of how many elements each is.
pub const STEPS: [(&str, u64); 10] = [
    ("submit of 1.5 KiB, decoded", MESSAGES as u64),
    ("entry id: tuple and hash", MESSAGES as u64),
    ("message, admitted and appended", MESSAGES as u64),
    ("messages, appended to the store", MESSAGES as u64),
    ("blocks, written into frames", MESSAGES as u64),
    ("blocks, read from the store into frames", MESSAGES as u64),
    ("block of 1.5 KiB, decoded", MESSAGES as u64),
    ("message, sealed", 1),
    ("message, opened", 1),
    ("consistency proof of 100,000 blocks", 1),
];

/// Makes what the steps work on.
///
/// # Errors
/// If the folder cannot be written.
///
/// # Panics
/// If the system's random source fails.
pub fn prepare(folder: &Path) -> io::Result<()> {
    let (mut community, first) = Community::found(WRITERS, 0);
    let messages = community.messages(MESSAGES, LETTERS, Signing::Real);
    let submits: Vec<String> = messages
        .iter()
        .map(|entry| {
            let submit = ClientFrame::Submit(Submit {
                reference: Ref::parse("1").expect("a short reference"),
                token: Bytes::from(vec![7; 256]),
                entry: entry.clone(),
            });
            serde_json::to_string(&submit).expect("a frame is plain JSON")
        })
        .collect();
    let lines = |blocks: &[Block]| {
        let lines: Vec<String> = blocks.iter().map(Block::to_text).collect();
        lines.join("\n")
    };
    let blocks: Vec<Block> = messages
        .into_iter()
        .map(|entry| community.append(entry))
        .collect();
    fs::write(folder.join(FIRST), lines(&first))?;
    fs::write(folder.join(BLOCKS), lines(&blocks))?;
    fs::write(folder.join(SUBMITS), submits.join("\n"))
}

const FIRST: &str = "first.jsonl";
const BLOCKS: &str = "blocks.jsonl";
const SUBMITS: &str = "submits.jsonl";

/// Goes through each step once, uncounted, and once more.
///
/// # Errors
/// If the folder does not hold what [`prepare`] wrote.
///
/// # Panics
/// If a step does not do what it should.
pub fn go(folder: &Path) -> io::Result<()> {
    let first = blocks_of(&fs::read_to_string(folder.join(FIRST))?);
    let blocks = blocks_of(&fs::read_to_string(folder.join(BLOCKS))?);
    let submits = fs::read_to_string(folder.join(SUBMITS))?;
    let submits: Vec<&str> = submits.lines().collect();
    let (state, verified) = begun(&first, &blocks);
    let limits = Limits::default();
    let now = state.time();

    counted(
        || (),
        |()| {
            for text in &submits {
                black_box(ClientFrame::decode(text, &limits).expect("a good frame"));
            }
        },
    );
    counted(
        || (),
        |()| {
            blocks.iter().for_each(|block| {
                black_box(block.entry.id());
            })
        },
    );
    counted(
        || (state.clone(), verified.clone()),
        |(mut state, verified)| {
            for entry in verified {
                match state.admit(entry, now, &limits).expect("a good entry") {
                    Admission::Append(admitted) => drop(black_box(state.append(*admitted, now))),
                    Admission::Repeat { .. } => unreachable!("each is new"),
                }
            }
        },
    );
    let mut number = 0;
    let mut store = || {
        number += 1;
        let path = folder.join(format!("{number}.sqlite"));
        let mut store = Store::create(&path, &first[0]).expect("a new store");
        store.append(&first[1..]).expect("room on the disk");
        store
    };
    let digest = |block: &Block| Digest::compute(block).map(|digest| (block.index, digest));
    let digests: Vec<_> = blocks.iter().filter_map(digest).collect();
    counted(&mut store, |mut store| {
        let appended = store.append_judged(&blocks, &digests);
        appended.expect("room on the disk");
    });
    counted(|| (), |()| drop(black_box(benching::frames(&blocks))));
    let mut store = store();
    store.append(&blocks).expect("room on the disk");
    let (from, to) = (first.len() as u64, (first.len() + blocks.len()) as u64);
    counted(
        || (),
        |()| {
            drop(black_box(benching::frames(
                &store.blocks(from, to).expect("the blocks"),
            )))
        },
    );
    let texts: Vec<String> = blocks.iter().map(Block::to_text).collect();
    counted(
        || (),
        |()| {
            texts
                .iter()
                .for_each(|text| drop(black_box(Block::decode(text))))
        },
    );

    let secret = Secret::generate();
    let context = MessageContext {
        community: state.community(),
        epoch: first[0].entry.id(),
        author: first[0].entry.author,
        seq: 1,
    };
    let (salt, text) = (Salt::new([1; 16]), "m".repeat(LETTERS));
    let sealed = context.encrypt(&secret, &salt, text.as_bytes());
    counted(
        || (),
        |()| drop(black_box(context.encrypt(&secret, &salt, text.as_bytes()))),
    );
    counted(
        || (),
        |()| drop(black_box(context.decrypt(&secret, &salt, &sealed))),
    );

    let mut tree = Tree::default();
    (0..TREE).for_each(|index| tree.append(Hash::of(&index.to_be_bytes())));
    counted(|| (), |()| drop(black_box(tree.consistency(61_803, TREE))));
    Ok(())
}

fn blocks_of(lines: &str) -> Vec<Block> {
    lines
        .lines()
        .map(|line| Block::decode(line).expect("a good block"))
        .collect()
}

/// The state behind the first blocks, and the messages as entries whose signatures were looked at.
fn begun(first: &[Block], blocks: &[Block]) -> (State, Vec<VerifiedEntry>) {
    let (mut state, _) = State::from_genesis(first[0].clone()).expect("a good genesis");
    for block in &first[1..] {
        state.restore(block.clone()).expect("a good block");
    }
    let verified = blocks.iter().map(|block| {
        let entry = block.entry.clone();
        let key = state.key_of(&entry.author).expect("a member").clone();
        entry.verify(&key).expect("its author's")
    });
    let verified = verified.collect();
    (state, verified)
}

/// Takes a turn whose instructions do not count, so that what is made once is made, and one whose do.
fn counted<I>(mut prepare: impl FnMut() -> I, mut turn: impl FnMut(I)) {
    turn(prepare());
    let mut input = Some(prepare());
    count_these_instructions(&mut || {
        if let Some(input) = input.take() {
            turn(input);
        }
    });
}

#[inline(never)]
fn count_these_instructions(turn: &mut dyn FnMut()) {
    turn();
    // So that this frame stays until the turn is over.
    black_box(());
}
