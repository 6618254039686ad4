//! Following many blocks at once, and going on with what was stored.

use std::num::NonZeroUsize;

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::chain::{Digest, State};
use dispatch_protocol::checkpoint::{Checkpoint, Description};
use dispatch_protocol::verify::{Follower, Keeper};
use dispatch_protocol::wire::Blocks;

use crate::world::{World, card, key, redaction};

const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// A chain with some messages, and its checkpoint.
fn world() -> World {
    let mut world = World::with_members(&["m01", "m02"]);
    let epoch = world.epoch(&["m01", "m02"]);
    for author in ["m01", "m02", "m01", "m01"] {
        world.message(author, epoch);
    }
    world
}

fn begin(world: &World) -> Follower {
    let genesis = world.blocks[0].clone();
    let (follower, _) = Follower::begin(genesis, None, Keeper::default()).unwrap();
    follower
}

fn rest(world: &World) -> Blocks {
    Blocks {
        from: 1,
        blocks: world.blocks[1..].to_vec(),
    }
}

#[test]
fn a_batch_is_followed_as_its_blocks_are_one_by_one() {
    let world = world();
    let (mut one, mut many) = (begin(&world), begin(&world));
    let taken = one.blocks(rest(&world)).unwrap();
    let batch = many.batch(rest(&world), THREADS).unwrap();
    assert_eq!(batch.len(), taken.len());
    assert_eq!(many.state().description(), one.state().description());
    assert_eq!(many.state().description(), world.state.description());
}

#[test]
fn a_batch_that_does_not_follow_or_breaks_a_rule_is_refused() {
    let world = world();
    let mut late = rest(&world);
    late.from = 2;
    let finding = begin(&world).batch(late, THREADS).unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("bad_index", "CHAIN-8")
    );
    let mut forged = rest(&world);
    forged.blocks[2].entry.signature = forged.blocks[1].entry.signature.clone();
    let finding = begin(&world).batch(forged, THREADS).unwrap_err();
    assert_eq!(finding.verdict.as_str(), "bad_signature");
}

#[test]
fn a_batch_is_held_against_the_welcome_and_the_checkpoints_that_came_before_it() {
    let world = world();
    let right = world.state.description();
    let sign = |description| Checkpoint::sign(description, world.now, key("server"));

    let mut follower = begin(&world);
    let good = world.checkpoint();
    follower.checkpoint(&good).unwrap();
    assert_eq!(follower.keeper().kept(), None);
    follower.batch(rest(&world), THREADS).unwrap();
    assert_eq!(follower.keeper().kept(), Some(&good));

    let mut follower = begin(&world);
    let wrong = sign(Description {
        root: Hash::ZERO,
        ..right
    });
    follower.checkpoint(&wrong).unwrap();
    let finding = follower.batch(rest(&world), THREADS).unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("fork", "CHECK-8")
    );

    let mut follower = begin(&world);
    follower.ask();
    let mut promised = world.state.prefix();
    promised.hash = Hash::ZERO;
    follower.welcome(promised).unwrap();
    let finding = follower.batch(rest(&world), THREADS).unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("fork", "CHECK-10")
    );
}

#[test]
fn what_was_stored_goes_on_unless_it_contradicts_the_kept_checkpoint() {
    let world = world();
    let restored = |size: usize| {
        let (mut state, _) = State::from_genesis(world.blocks[0].clone()).unwrap();
        for block in &world.blocks[1..size] {
            state.restore(block.clone()).unwrap();
        }
        state
    };
    let kept = world.checkpoint();
    let size = world.blocks.len();
    let follower = Follower::resume(restored(size), Keeper::new(Some(kept.clone()))).unwrap();
    assert_eq!(follower.state().description(), world.state.description());

    // a store that lost its end goes on, and still holds the server to what it showed
    let mut follower = Follower::resume(restored(3), Keeper::new(Some(kept.clone()))).unwrap();
    let short = follower.ask();
    let finding = follower.welcome(short).unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("rollback", "CHECK-7")
    );

    let other = Description {
        head: Hash::ZERO,
        ..world.state.description()
    };
    for (spoilt, due) in [
        (Checkpoint::sign(other, world.now, key("server")), "fork"),
        (
            Checkpoint::sign(other, world.now, key("authority")),
            "bad_checkpoint",
        ),
    ] {
        let finding = Follower::resume(restored(size), Keeper::new(Some(spoilt))).unwrap_err();
        assert_eq!(finding.verdict.as_str(), due);
    }
}

#[test]
fn messages_are_recalled_by_their_digests_and_the_chain_goes_on_as_if_they_had_been_read() {
    let mut world = world();
    world.accept("m01", redaction(world.state.size() - 1));
    let (mut state, _) = State::from_genesis(world.blocks[0].clone()).unwrap();
    let mut recalled = 0;
    for block in &world.blocks[1..] {
        match Digest::compute(block) {
            Some(digest) => {
                state.recall(&digest).unwrap();
                recalled += 1;
            }
            None => drop(state.restore(block.clone()).unwrap()),
        }
    }
    assert_eq!(recalled, 4);
    assert_eq!(state.description(), world.state.description());
    state.check(&world.checkpoint()).unwrap();
    for index in 0..state.size() {
        assert_eq!(state.is_redacted(index), world.state.is_redacted(index));
    }
    for block in &world.blocks[1..] {
        let entry = &block.entry;
        assert_eq!(
            state.place_of(&entry.author, entry.seq, &entry.id()),
            Some((block.index, block.hash()))
        );
    }
    // and the next one follows on both
    let next = world.entry("m02", card());
    let linked = world.submit(next).unwrap();
    assert_eq!(Digest::of(&linked), None);
    state.replay(linked.into_block()).unwrap();
    assert_eq!(state.description(), world.state.description());
}

#[test]
fn a_digest_that_cannot_be_its_authors_next_is_refused_and_a_wrong_hash_shows_at_the_checkpoint() {
    let world = world();
    let first = world.blocks.len() - 4;
    let before = || {
        let (mut state, _) = State::from_genesis(world.blocks[0].clone()).unwrap();
        for block in &world.blocks[1..first] {
            state.restore(block.clone()).unwrap();
        }
        state
    };
    let good = Digest::compute(&world.blocks[first]).unwrap();
    let verdict = |change: &dyn Fn(&mut Digest)| {
        let mut digest = good.clone();
        change(&mut digest);
        let mut state = before();
        let found = state
            .recall(&digest)
            .map_err(|finding| finding.verdict.as_str());
        assert_eq!(state.size() as usize, first + usize::from(found.is_ok()));
        found
    };
    assert_eq!(verdict(&|_| {}), Ok(()));
    assert_eq!(verdict(&|digest| digest.time = 0), Err("bad_time"));
    assert_eq!(verdict(&|digest| digest.seq += 1), Err("bad_seq"));
    assert_eq!(verdict(&|digest| digest.seen = 0), Err("bad_seen"));
    assert_eq!(
        verdict(&|digest| digest.seen = first as u64 + 1),
        Err("bad_seen")
    );
    assert_eq!(
        verdict(&|digest| digest.author = key("m09").public().id()),
        Err("not_allowed")
    );
    let mut state = before();
    for block in &world.blocks[first..] {
        let mut digest = Digest::compute(block).unwrap();
        if block.index as usize == first {
            digest.hash = Hash::ZERO;
        }
        state.recall(&digest).unwrap();
    }
    let finding = state.check(&world.checkpoint()).unwrap_err();
    assert_eq!(finding.requirement, "CHECK-8");
}
