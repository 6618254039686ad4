//! Following many blocks at once, and going on with what was stored.

use std::num::NonZeroUsize;

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::chain::State;
use dispatch_protocol::checkpoint::{Checkpoint, Description};
use dispatch_protocol::verify::{Follower, Keeper};
use dispatch_protocol::wire::Blocks;

use crate::world::{World, key};

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
