//! Replaying a chain as a client does, and what is wrong with those that a server should not have shown.

use std::num::NonZeroUsize;

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::chain::{Block, State, found};
use dispatch_protocol::entry::{Body, Draft, Entry, Genesis, Prefix};
use dispatch_protocol::verdict::Finding;
use dispatch_protocol::verify::{Follower, Keeper};
use dispatch_protocol::wire::Blocks;

use crate::world::{FOUNDED, World, card, epoch, id, key, message, redaction, roster};

fn name(finding: Finding) -> (&'static str, &'static str) {
    (finding.verdict.as_str(), finding.requirement)
}

fn begin(blocks: &[Block]) -> Follower {
    Follower::begin(blocks[0].clone(), None, Keeper::default())
        .unwrap()
        .0
}

fn follow(blocks: &[Block]) -> Result<Follower, Finding> {
    let mut follower = begin(blocks);
    for block in &blocks[1..] {
        follower.block(block.clone())?;
    }
    Ok(follower)
}

fn broken(blocks: &[Block]) -> (&'static str, &'static str) {
    name(follow(blocks).unwrap_err())
}

/// A chain with something of everything.
fn rich() -> World {
    let mut world = World::with_members(&["m01", "m02"]);
    let epoch = world.epoch(&["m01", "m02"]);
    let said = world.message("m01", epoch).block().index;
    world.message("m02", epoch);
    world.accept("authority", redaction(said));
    world.remove(&["m02"]);
    world
}

/// The chain with its last block's entry replaced by one that `author` signs over the same place.
fn with_last(
    world: &World,
    author: &str,
    body: Body,
    change: impl FnOnce(&mut Draft),
) -> Vec<Block> {
    let mut draft = world.draft(author, body);
    change(&mut draft);
    let mut blocks = world.blocks.clone();
    blocks.push(Block {
        index: world.state.size(),
        prev: world.state.head(),
        time: world.now,
        entry: Entry::sign(draft, key(author)),
    });
    blocks
}

#[test]
fn a_replayed_chain_gives_the_servers_state() {
    let world = rich();
    let follower = follow(&world.blocks).unwrap();
    assert_eq!(follower.state().description(), world.state.description());
    let again: Vec<_> = world
        .blocks
        .iter()
        .map(|block| Block::decode(&serde_json::to_string(block).unwrap()).unwrap())
        .collect();
    assert_eq!(again, world.blocks);
}

#[test]
fn a_store_is_restored_without_verifying_signatures_but_not_without_rules() {
    let world = rich();
    let mut blocks = world.blocks.clone();
    blocks.last_mut().unwrap().entry.signature = Bytes::from(vec![0; 256]);
    let (mut state, _) = State::from_genesis(blocks[0].clone()).unwrap();
    for block in &blocks[1..] {
        state.restore(block.clone()).unwrap();
    }
    assert_eq!(state.size(), world.state.size());
    assert_eq!(broken(&blocks), ("bad_signature", "ENTRY-3"));
    let (mut state, _) = State::from_genesis(blocks[0].clone()).unwrap();
    assert_eq!(
        name(state.restore(blocks[2].clone()).unwrap_err()),
        ("bad_index", "CHAIN-8")
    );
}

#[test]
fn blocks_follow_on_each_other() {
    let world = rich();
    let change = |at: usize, change: &dyn Fn(&mut Block)| {
        let mut blocks = world.blocks.clone();
        change(&mut blocks[at]);
        blocks
    };
    assert_eq!(
        broken(&change(3, &|block| block.index += 1)),
        ("bad_index", "CHAIN-8")
    );
    assert_eq!(
        broken(&change(3, &|block| block.index -= 1)),
        ("bad_index", "CHAIN-8")
    );
    assert_eq!(
        broken(&change(3, &|block| block.prev = Hash::ZERO)),
        ("bad_prev", "CHAIN-9")
    );
    assert_eq!(
        broken(&change(3, &|block| block.time -= 1)),
        ("bad_time", "CHAIN-10")
    );
    // a later time is no fault of this block, but changes its hash
    assert_eq!(
        broken(&change(3, &|block| block.time += 1)),
        ("bad_prev", "CHAIN-9")
    );
    let mut missing = world.blocks.clone();
    missing.remove(3);
    assert_eq!(broken(&missing), ("bad_index", "CHAIN-8"));
    let mut swapped = world.blocks.clone();
    swapped.swap(3, 4);
    assert_eq!(broken(&swapped), ("bad_index", "CHAIN-8"));
}

#[test]
fn a_bad_block_leaves_the_state_as_it_was() {
    let world = rich();
    let mut follower = begin(&world.blocks);
    let mut bad = world.blocks[1].clone();
    bad.entry.signature = Bytes::from(vec![0; 256]);
    let before = follower.state().prefix();
    assert_eq!(
        name(follower.block(bad).unwrap_err()),
        ("bad_signature", "ENTRY-3")
    );
    assert_eq!(follower.state().prefix(), before);
    follower.block(world.blocks[1].clone()).unwrap();
}

#[test]
fn a_client_judges_entries_as_a_server_should_have() {
    let mut world = World::with_members(&["m01", "m02"]);
    let made = world.epoch(&["m01"]);
    let said = world.message("m01", made).block().index;
    let none = |_: &mut Draft| {};
    assert!(follow(&with_last(&world, "m01", card(), none)).is_ok());
    // a clock that is off cannot be told from the chain
    assert!(follow(&with_last(&world, "m01", card(), |draft| draft.sent_at = 0)).is_ok());

    let cases: [(Vec<Block>, (&str, &str)); 11] = [
        (
            with_last(&world, "m01", card(), |draft| draft.seq += 1),
            ("bad_seq", "ENTRY-4"),
        ),
        (
            with_last(&world, "m01", card(), |draft| draft.seen = Prefix::EMPTY),
            ("bad_seen", "ENTRY-7"),
        ),
        (
            with_last(&world, "m01", card(), |draft| draft.community = Id::ZERO),
            ("wrong_community", "ENTRY-2"),
        ),
        (
            with_last(&world, "o01", card(), none),
            ("not_allowed", "ENTRY-10"),
        ),
        (
            with_last(&world, "m01", roster(&["o01"], &[]), none),
            ("not_authority", "ROST-1"),
        ),
        (
            with_last(&world, "authority", roster(&["m01"], &[]), none),
            ("bad_roster", "ROST-3"),
        ),
        (
            with_last(&world, "m01", epoch(&["m02"]), none),
            ("bad_recipient", "EPOCH-4"),
        ),
        (
            with_last(&world, "m02", message(made), none),
            ("not_recipient", "MSG-2"),
        ),
        (
            with_last(&world, "m02", redaction(said), none),
            ("not_authority", "RED-3"),
        ),
        (
            with_last(&world, "authority", redaction(0), none),
            ("bad_redaction", "RED-1"),
        ),
        (
            with_last(
                &world,
                "m01",
                world.blocks[said as usize].entry.body.clone(),
                |draft| draft.seq -= 1,
            ),
            ("bad_seq", "ENTRY-4"),
        ),
    ];
    for (blocks, expected) in cases {
        assert_eq!(broken(&blocks), expected);
    }
    // the very same entry once more: a repeat is answered, never appended
    let mut twice = world.blocks.clone();
    twice.push(Block {
        index: world.state.size(),
        prev: world.state.head(),
        ..world.blocks[said as usize].clone()
    });
    assert_eq!(broken(&twice), ("bad_seq", "ENTRY-4"));
}

#[test]
fn a_genesis_stands_in_block_0_alone() {
    let world = World::with_members(&["m01"]);
    let again = world.blocks[0].entry.body.clone();
    let blocks = with_last(&world, "authority", again, |_| {});
    assert_eq!(broken(&blocks), ("bad_genesis", "GEN-4"));
    let mut twice = world.blocks.clone();
    twice.push(Block {
        index: world.state.size(),
        prev: world.state.head(),
        time: world.now,
        entry: world.blocks[0].entry.clone(),
    });
    assert_eq!(broken(&twice), ("bad_genesis", "GEN-4"));
}

#[test]
fn block_0_is_a_genesis_by_the_authority_that_it_names() {
    let good = found("Test", key("authority"), key("server").public(), FOUNDED).unwrap();
    let begin = |block: Block| State::from_genesis(block).map(|_| ()).map_err(name);
    let Body::Genesis(body) = good.entry.body.clone() else {
        unreachable!()
    };
    let signed = |body: Body, by: &str, change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft {
            community: Id::ZERO,
            author: id("authority"),
            seq: 1,
            seen: Prefix::EMPTY,
            sent_at: FOUNDED,
            body,
        };
        change(&mut draft);
        Block {
            entry: Entry::sign(draft, key(by)),
            ..good.clone()
        }
    };
    let genesis = |change: &dyn Fn(&mut Genesis)| {
        let mut body = body.clone();
        change(&mut body);
        Body::Genesis(body)
    };
    let same = genesis(&|_| {});
    assert_eq!(begin(good.clone()), Ok(()));
    assert_eq!(begin(signed(same.clone(), "authority", &|_| {})), Ok(()));
    // no clock binds it
    assert_eq!(
        begin(signed(same.clone(), "authority", &|draft| draft.sent_at = 0)),
        Ok(())
    );

    let seen = Prefix {
        size: 1,
        hash: Hash::ZERO,
    };
    for bad in [
        signed(same.clone(), "authority", &|draft| draft.seq = 2),
        signed(same.clone(), "authority", &|draft| {
            draft.community = Id::new([1; 32])
        }),
        signed(same.clone(), "authority", &|draft| draft.seen = seen),
        signed(same.clone(), "m01", &|draft| draft.author = id("m01")),
        signed(same.clone(), "m01", &|_| {}),
        signed(card(), "authority", &|_| {}),
        signed(
            genesis(&|body| body.server_key = body.authority.clone()),
            "authority",
            &|_| {},
        ),
        signed(
            genesis(&|body| body.server_key = Bytes::from(vec![1])),
            "authority",
            &|_| {},
        ),
        signed(
            genesis(&|body| body.authority = Bytes::from(vec![1])),
            "authority",
            &|_| {},
        ),
        Block {
            index: 1,
            ..good.clone()
        },
        Block {
            prev: Hash::of(b""),
            ..good.clone()
        },
    ] {
        assert_eq!(begin(bad.clone()), Err(("bad_genesis", "GEN-1")), "{bad:?}");
    }
}

#[test]
fn a_community_is_founded_with_a_name_and_two_keys() {
    let found = |name: &str, server: &str| {
        found(name, key("authority"), key(server).public(), FOUNDED).map(|_| ())
    };
    assert_eq!(found(&"é".repeat(64), "server"), Ok(()));
    assert!(found("", "server").is_err());
    assert!(found(&"x".repeat(129), "server").is_err());
    assert!(found("x", "authority").is_err());
}

#[test]
fn only_the_pinned_community_is_followed() {
    let world = World::founded();
    let begin = |pinned| Follower::begin(world.blocks[0].clone(), Some(pinned), Keeper::default());
    assert!(begin(world.state.community()).is_ok());
    assert_eq!(
        name(begin(Id::ZERO).unwrap_err()),
        ("wrong_genesis", "GEN-3")
    );
}

#[test]
fn a_frame_of_blocks_begins_where_the_chain_ends() {
    let world = rich();
    let frame = |from: usize, shown: std::ops::Range<usize>| Blocks {
        from: from as u64,
        blocks: world.blocks[shown].to_vec(),
    };
    let mut follower = begin(&world.blocks);
    let refused = |finding: Finding| assert_eq!(name(finding), ("bad_index", "CHAIN-8"));
    refused(follower.blocks(frame(2, 1..3)).unwrap_err());
    refused(follower.blocks(frame(1, 2..4)).unwrap_err());
    let linked = follower.blocks(frame(1, 1..3)).unwrap();
    assert_eq!(linked[1].hash(), world.blocks[2].hash());
    refused(follower.blocks(frame(2, 2..4)).unwrap_err());
    follower.blocks(frame(3, 3..world.blocks.len())).unwrap();
    assert_eq!(follower.state().head(), world.state.head());
}

#[test]
fn a_batch_is_judged_as_block_by_block() {
    let mut world = rich();
    // runs that are long enough for threads, cut by a roster entry that brings the next author
    for _ in 0..70 {
        world.publish_card("m01");
    }
    world.add(&["m03"]);
    for _ in 0..70 {
        world.publish_card("m03");
    }
    let replay = |blocks: &[Block], threads: usize| {
        let (mut state, _) = State::from_genesis(blocks[0].clone()).unwrap();
        let taken = state.replay_batch(blocks[1..].to_vec(), NonZeroUsize::new(threads).unwrap());
        (state.size(), taken)
    };
    for threads in [1, 2, 3, 200] {
        let (size, taken) = replay(&world.blocks, threads);
        assert_eq!(size, world.state.size());
        let hashes: Vec<_> = taken.unwrap().iter().map(|linked| linked.hash()).collect();
        assert_eq!(hashes.last(), Some(&world.state.head()));
        assert_eq!(hashes.len() as u64, size - 1);
    }
    let spoil = |at: usize, change: &dyn Fn(&mut Block)| {
        let mut blocks = world.blocks.clone();
        change(&mut blocks[at]);
        blocks
    };
    let last = world.blocks.len() - 1;
    for at in [1, 5, 40, 100, last] {
        let changes: [&dyn Fn(&mut Block); 6] = [
            &|block| block.entry.signature = Bytes::from(vec![0; 256]),
            &|block| block.prev = Hash::ZERO,
            &|block| block.time = 0,
            &|block| block.entry.author = id("o01"),
            &|block| block.entry.community = Id::ZERO,
            &|block| block.entry.body = world.blocks[0].entry.body.clone(),
        ];
        for change in changes {
            let blocks = spoil(at, change);
            let one_by_one = broken(&blocks);
            let (size, taken) = replay(&blocks, 3);
            let error = taken.unwrap_err();
            assert_eq!((error.index, size), (at as u64, at as u64));
            assert_eq!(name(error.finding), one_by_one, "{at}");
        }
    }
}
