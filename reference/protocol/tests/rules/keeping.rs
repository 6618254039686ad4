//! What a client keeps and holds a server to: checkpoints, welcomes, receipts, ciphertexts that are gone.

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::{Block, State};
use dispatch_protocol::checkpoint::{Checkpoint, Description};
use dispatch_protocol::entry::{Body, Prefix};
use dispatch_protocol::verdict::Finding;
use dispatch_protocol::verify::{Follower, Keeper};
use dispatch_protocol::wire::Accepted;

use crate::world::{World, card, id, key, redaction};

fn name(finding: Finding) -> (&'static str, &'static str) {
    (finding.verdict.as_str(), finding.requirement)
}

fn begin(world: &World) -> Follower {
    Follower::begin(world.blocks[0].clone(), None, Keeper::default())
        .unwrap()
        .0
}

fn follow(blocks: &[Block]) -> Follower {
    let (mut follower, _) = Follower::begin(blocks[0].clone(), None, Keeper::default()).unwrap();
    for block in &blocks[1..] {
        follower.block(block.clone()).unwrap();
    }
    follower
}

/// A chain from the same genesis with other blocks.
fn other_story(one: &World, cards: usize) -> World {
    let (state, linked) = State::from_genesis(one.blocks[0].clone()).unwrap();
    let mut world = World {
        state,
        blocks: vec![linked.into_block()],
        now: one.now,
        limits: one.limits.clone(),
    };
    world.add(&["m01"]);
    for _ in 0..cards {
        world.publish_card("m01");
    }
    world
}

/// The chain without the ciphertext of the message in this block.
fn without(blocks: &[Block], message: u64) -> Vec<Block> {
    let mut blocks = blocks.to_vec();
    let Body::Message(message) = &mut blocks[message as usize].entry.body else {
        panic!("not a message")
    };
    message.ciphertext = None;
    blocks
}

#[test]
fn a_checkpoint_is_signed_by_the_server_key_for_this_community() {
    let world = World::with_members(&["m01"]);
    let mut follower = follow(&world.blocks);
    let right = world.state.description();
    let sign = |description: Description| Checkpoint::sign(description, world.now, key("server"));
    for wrong in [
        sign(Description {
            community: Id::ZERO,
            ..right
        }),
        sign(Description { size: 0, ..right }),
        Checkpoint::sign(right, world.now, key("authority")),
        Checkpoint {
            time: world.now + 1,
            ..sign(right)
        },
        Checkpoint {
            size: right.size + 1,
            ..sign(right)
        },
    ] {
        let finding = follower.checkpoint(&wrong).unwrap_err();
        assert_eq!(name(finding), ("bad_checkpoint", "CHECK-6"), "{wrong:?}");
    }
    let good = sign(right);
    follower.checkpoint(&good).unwrap();
    assert_eq!(follower.keeper().kept(), Some(&good));
}

#[test]
fn a_signed_checkpoint_that_contradicts_the_chain_is_a_fork() {
    let world = World::with_members(&["m01"]);
    let right = world.state.description();
    for wrong in [
        Description {
            size: right.size - 1,
            ..right
        },
        Description {
            head: Hash::ZERO,
            ..right
        },
        Description {
            root: Hash::ZERO,
            ..right
        },
    ] {
        let checkpoint = Checkpoint::sign(wrong, world.now, key("server"));
        let finding = follow(&world.blocks).checkpoint(&checkpoint).unwrap_err();
        assert_eq!(name(finding), ("fork", "CHECK-8"), "{wrong:?}");
    }
    follow(&world.blocks)
        .checkpoint(&world.checkpoint())
        .unwrap();
}

#[test]
fn a_checkpoint_ahead_of_its_blocks_is_held_until_they_come() {
    let one = World::with_members(&["m01"]);
    let two = other_story(&one, 1);
    assert_eq!(one.state.size(), two.state.size());
    let last = one.blocks.last().unwrap().clone();
    for (checkpoint, expected) in [
        (one.checkpoint(), Ok(())),
        (two.checkpoint(), Err(("fork", "CHECK-8"))),
    ] {
        let mut follower = follow(&one.blocks[..one.blocks.len() - 1]);
        follower.checkpoint(&checkpoint).unwrap();
        assert_eq!(follower.keeper().kept(), None);
        // a file that ends here was cut short
        assert_eq!(
            name(follower.finish().unwrap_err()),
            ("rollback", "CHECK-7")
        );
        let taken = follower.block(last.clone()).map(|_| ()).map_err(name);
        assert_eq!(taken, expected);
    }
}

#[test]
fn two_checkpoints_of_one_size_are_a_fork_before_their_blocks_come() {
    let one = World::with_members(&["m01"]);
    let two = other_story(&one, 1);
    let ahead = || begin(&one);
    let mut follower = ahead();
    follower.checkpoint(&one.checkpoint()).unwrap();
    follower.checkpoint(&one.checkpoint()).unwrap();
    let finding = follower.checkpoint(&two.checkpoint()).unwrap_err();
    assert_eq!(name(finding), ("fork", "CHECK-8"));
    // and so are one that is kept and one that is shown
    let keeper = Keeper::new(Some(one.checkpoint()));
    let (mut follower, _) = Follower::begin(one.blocks[0].clone(), None, keeper).unwrap();
    let finding = follower.checkpoint(&two.checkpoint()).unwrap_err();
    assert_eq!(name(finding), ("fork", "CHECK-8"));
    // of two sizes each is judged when its blocks are there
    let mut follower = ahead();
    let partly = &one.blocks[..one.blocks.len() - 1];
    let lie = Description {
        head: Hash::ZERO,
        size: partly.len() as u64,
        ..one.state.description()
    };
    follower.checkpoint(&one.checkpoint()).unwrap();
    let lie = Checkpoint::sign(lie, one.now, key("server"));
    follower.checkpoint(&lie).unwrap();
    let taken = partly[1..]
        .iter()
        .try_for_each(|block| follower.block(block.clone()).map(|_| ()));
    assert_eq!(name(taken.unwrap_err()), ("fork", "CHECK-8"));
}

#[test]
fn an_older_checkpoint_is_fine_where_it_agrees_and_the_highest_is_kept() {
    let mut world = World::with_members(&["m01"]);
    let old = world.checkpoint();
    world.publish_card("m01");
    let new = world.checkpoint();
    let mut follower = follow(&world.blocks);
    follower.checkpoint(&new).unwrap();
    // [CHECK-11]
    follower.checkpoint(&old).unwrap();
    assert_eq!(follower.keeper().kept(), Some(&new));
    let wrong = Description {
        head: Hash::ZERO,
        size: old.size,
        ..world.state.description()
    };
    let wrong = Checkpoint::sign(wrong, world.now, key("server"));
    assert_eq!(
        name(follower.checkpoint(&wrong).unwrap_err()),
        ("fork", "CHECK-8")
    );
}

#[test]
fn a_welcome_that_states_less_than_before_is_a_rollback() {
    let mut world = World::with_members(&["m01"]);
    let (old, short) = (world.checkpoint(), world.state.prefix());
    world.publish_card("m01");
    let (new, whole) = (world.checkpoint(), world.state.prefix());

    // less than the client's have
    let mut follower = follow(&world.blocks);
    assert_eq!(follower.ask(), whole);
    assert_eq!(
        name(follower.welcome(short).unwrap_err()),
        ("rollback", "CHECK-7")
    );
    follower.ask();
    follower.welcome(whole).unwrap();
    follower.checkpoint(&old).unwrap();

    // less than the kept checkpoint, though the client holds no blocks any more
    let keeper = Keeper::new(Some(new.clone()));
    let begin = || {
        Follower::begin(world.blocks[0].clone(), None, keeper.clone())
            .unwrap()
            .0
    };
    let mut follower = begin();
    assert_eq!(
        name(follower.welcome(short).unwrap_err()),
        ("rollback", "CHECK-7")
    );
    let mut follower = begin();
    follower.welcome(whole).unwrap();
    follower.checkpoint(&old).unwrap();
    for block in &world.blocks[1..] {
        follower.block(block.clone()).unwrap();
    }
    follower.finish().unwrap();
    assert_eq!(follower.keeper().kept(), Some(&new));
}

#[test]
fn a_chain_that_is_not_the_welcomes_or_the_kept_one_is_a_fork() {
    let one = World::with_members(&["m01"]);
    let two = other_story(&one, 2);
    let head = Prefix {
        hash: Hash::ZERO,
        ..one.state.prefix()
    };

    let mut follower = begin(&one);
    follower.ask();
    follower.welcome(head).unwrap();
    let last = one.blocks.len() - 1;
    for block in &one.blocks[1..last] {
        follower.block(block.clone()).unwrap();
    }
    let finding = follower.block(one.blocks[last].clone()).unwrap_err();
    assert_eq!(name(finding), ("fork", "CHECK-10"));

    // what is held already is compared at once
    let mut follower = follow(&one.blocks);
    follower.ask();
    let finding = follower.welcome(head).unwrap_err();
    assert_eq!(name(finding), ("fork", "CHECK-10"));

    // a kept checkpoint of the one story, blocks of the other
    let keeper = Keeper::new(Some(one.checkpoint()));
    let (mut follower, _) = Follower::begin(two.blocks[0].clone(), None, keeper).unwrap();
    follower.welcome(two.state.prefix()).unwrap();
    for block in &two.blocks[1..3] {
        follower.block(block.clone()).unwrap();
    }
    let mut without_welcome = follower.clone();
    let finding = follower.block(two.blocks[3].clone()).unwrap_err();
    assert_eq!(name(finding), ("fork", "CHECK-8"));
    without_welcome.ask();
    let finding = without_welcome
        .checkpoint(&two.checkpoint())
        .and_then(|()| without_welcome.block(two.blocks[3].clone()).map(|_| ()));
    assert_eq!(name(finding.unwrap_err()), ("fork", "CHECK-8"));
    let file = Follower::begin(
        one.blocks[0].clone(),
        None,
        Keeper::new(Some(two.checkpoint())),
    );
    assert_eq!(
        name(file.unwrap().0.finish().unwrap_err()),
        ("rollback", "CHECK-7")
    );
}

#[test]
fn a_missing_ciphertext_is_judged_when_a_later_welcomes_blocks_are_there() {
    let mut world = World::with_members(&["m01"]);
    let made = world.epoch(&["m01"]);
    let said = world.message("m01", made).block().index;
    let before = world.blocks.len();
    world.publish_card("m01");
    let gap = without(&world.blocks, said);
    assert!(follow(&world.blocks).finish().is_ok());
    // in a file that is all there is
    assert_eq!(
        name(follow(&gap).finish().unwrap_err()),
        ("unredacted_gap", "RED-8")
    );

    // on a connection the redaction may still be on its way, until the next welcome
    let mut follower = follow(&gap[..before]);
    assert_eq!(follower.ask().size, before as u64);
    follower.welcome(world.state.prefix()).unwrap();
    let finding = follower.block(gap[before].clone()).unwrap_err();
    assert_eq!(name(finding), ("unredacted_gap", "RED-8"));

    let mut follower = begin(&world);
    follower.ask();
    follower.welcome(world.state.prefix()).unwrap();
    for block in &gap[1..] {
        follower.block(block.clone()).unwrap();
    }
    follower.ask();
    let finding = follower.welcome(world.state.prefix()).unwrap_err();
    assert_eq!(name(finding), ("unredacted_gap", "RED-8"));

    // [RED-7] a redaction fills it
    world.accept("m01", redaction(said));
    let redacted = without(&world.blocks, said);
    let follower = follow(&redacted);
    follower.finish().unwrap();
    assert_eq!(follower.state().head(), world.state.head());
}

#[test]
fn a_receipt_is_kept_by_the_chain_or_there_is_a_fork() {
    let mut world = World::with_members(&["m01"]);
    let linked = world.accept("m01", card());
    let follower = follow(&world.blocks);
    let receipt = |index, hash| Accepted {
        reference: None,
        index,
        hash,
    };
    let (index, seq) = (linked.block().index, linked.block().entry.seq);
    let author = id("m01");
    let check = |accepted: Accepted, seq, entry| {
        follower
            .receipt(&accepted, &author, seq, &entry)
            .map_err(name)
    };
    assert_eq!(
        check(receipt(index, linked.hash()), seq, linked.id()),
        Ok(())
    );
    let fork = Err(("fork", "CHAIN-11"));
    assert_eq!(check(receipt(index, Hash::ZERO), seq, linked.id()), fork);
    assert_eq!(
        check(receipt(index - 1, linked.hash()), seq, linked.id()),
        fork
    );
    assert_eq!(check(receipt(index, linked.hash()), seq, Id::ZERO), fork);
    assert_eq!(
        check(receipt(index, linked.hash()), seq + 1, linked.id()),
        fork
    );
}

#[test]
fn a_client_without_the_chain_follows_checkpoints_by_consistency_proofs() {
    let mut world = World::with_members(&["m01"]);
    let mut keeper = Keeper::default();
    let server = key("server").public();
    let old = world.checkpoint();
    keeper.take_by_proof(&old, &[], server).unwrap();
    for _ in 0..5 {
        world.publish_card("m01");
    }
    let new = world.checkpoint();
    let path = world.state.tree().consistency(old.size, new.size).unwrap();
    let take = |keeper: &mut Keeper, checkpoint: &Checkpoint, path: &[Hash]| {
        keeper.take_by_proof(checkpoint, path, server).map_err(name)
    };
    let short = take(&mut keeper, &new, &path[1..]);
    assert_eq!(short, Err(("bad_consistency", "TREE-3")));
    let forged = keeper.take_by_proof(&new, &path, key("m01").public());
    assert_eq!(name(forged.unwrap_err()), ("bad_checkpoint", "CHECK-6"));
    assert_eq!(keeper.kept(), Some(&old));
    take(&mut keeper, &new, &path).unwrap();
    take(&mut keeper, &new, &[]).unwrap();
    // an older one, by the same proof
    take(&mut keeper, &old, &path).unwrap();
    assert_eq!(keeper.kept(), Some(&new));
    let headless = Description {
        head: Hash::ZERO,
        ..world.state.description()
    };
    let headless = Checkpoint::sign(headless, world.now, key("server"));
    assert_eq!(take(&mut keeper, &headless, &[]), Err(("fork", "CHECK-8")));
}
