//! Evidence of a fork: accepted if, and only if, it proves one.

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::State;
use dispatch_protocol::checkpoint::{Checkpoint, Description};
use dispatch_protocol::verify::{Evidence, EvidenceInclusion};

use crate::world::{World, key};

/// Two chains from one genesis: the second has `more` blocks more.
fn fork(more: usize) -> (World, World) {
    let one = World::with_members(&["m01"]);
    let (state, linked) = State::from_genesis(one.blocks[0].clone()).unwrap();
    let mut two = World {
        state,
        blocks: vec![linked.into_block()],
        now: one.now,
        limits: one.limits.clone(),
    };
    two.add(&["m01"]);
    for _ in 0..=more {
        two.publish_card("m01");
    }
    (one, two)
}

fn inclusion(world: &World, size: u64) -> EvidenceInclusion {
    EvidenceInclusion {
        block_hash: world.state.tree().block(size - 1).unwrap(),
        path: world
            .state
            .tree()
            .inclusion(size - 1, world.state.size())
            .unwrap(),
    }
}

fn refused(evidence: &Evidence) {
    let finding = evidence.verify().unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("bad_evidence", "EVID-1")
    );
}

#[test]
fn two_heads_or_two_roots_of_one_size_are_a_fork() {
    let (one, two) = fork(0);
    let genesis = one.blocks[0].clone();
    let (first, second) = (one.checkpoint(), two.checkpoint());
    let evidence = Evidence::new(genesis.clone(), first.clone(), second.clone(), None);
    evidence.verify().unwrap();
    let text = serde_json::to_string(&evidence).unwrap();
    assert_eq!(Evidence::decode(&text).unwrap(), evidence);

    refused(&Evidence::new(
        genesis.clone(),
        first.clone(),
        first.clone(),
        None,
    ));
    // the same chain at another time is none
    let later = Checkpoint::sign(one.state.description(), one.now + 1, key("server"));
    refused(&Evidence::new(genesis.clone(), first.clone(), later, None));
    for other in [
        Description {
            head: Hash::ZERO,
            ..one.state.description()
        },
        Description {
            root: Hash::ZERO,
            ..one.state.description()
        },
    ] {
        let other = Checkpoint::sign(other, one.now, key("server"));
        Evidence::new(genesis.clone(), first.clone(), other, None)
            .verify()
            .unwrap();
    }
}

#[test]
fn a_larger_chain_with_another_block_at_the_smaller_ones_end_is_a_fork() {
    let (one, two) = fork(5);
    let genesis = one.blocks[0].clone();
    let (first, second) = (one.checkpoint(), two.checkpoint());
    let proof = inclusion(&two, first.size);
    // whichever comes first
    for (a, b) in [(&first, &second), (&second, &first)] {
        Evidence::new(genesis.clone(), a.clone(), b.clone(), Some(proof.clone()))
            .verify()
            .unwrap();
    }
    refused(&Evidence::new(
        genesis.clone(),
        first.clone(),
        second.clone(),
        None,
    ));
    let other_block = EvidenceInclusion {
        block_hash: Hash::ZERO,
        ..proof.clone()
    };
    refused(&Evidence::new(
        genesis.clone(),
        first.clone(),
        second.clone(),
        Some(other_block),
    ));
    let shorter = EvidenceInclusion {
        path: proof.path[1..].to_vec(),
        ..proof.clone()
    };
    refused(&Evidence::new(
        genesis.clone(),
        first.clone(),
        second.clone(),
        Some(shorter),
    ));
    let swapped = Evidence {
        first: second.clone(),
        second: first.clone(),
        ..Evidence::new(genesis, first, second, Some(proof))
    };
    refused(&swapped);
}

#[test]
fn a_head_that_its_own_root_does_not_hold_is_a_fork_by_the_same_proof() {
    let (one, _) = fork(0);
    let lie = Description {
        head: Hash::ZERO,
        ..one.state.description()
    };
    let lie = Checkpoint::sign(lie, one.now, key("server"));
    let proof = inclusion(&one, lie.size);
    let genesis = one.blocks[0].clone();
    Evidence::new(
        genesis.clone(),
        lie.clone(),
        lie.clone(),
        Some(proof.clone()),
    )
    .verify()
    .unwrap();
    refused(&Evidence::new(genesis.clone(), lie.clone(), lie, None));
    let truth = one.checkpoint();
    refused(&Evidence::new(genesis, truth.clone(), truth, Some(proof)));
}

#[test]
fn one_chain_that_grew_is_no_fork() {
    let mut world = World::with_members(&["m01"]);
    let first = world.checkpoint();
    world.publish_card("m01");
    let second = world.checkpoint();
    let proof = inclusion(&world, first.size);
    refused(&Evidence::new(
        world.blocks[0].clone(),
        first,
        second,
        Some(proof),
    ));
}

#[test]
fn checkpoints_that_the_server_key_did_not_sign_for_this_community_prove_nothing() {
    let (one, two) = fork(0);
    let genesis = one.blocks[0].clone();
    let (first, second) = (one.checkpoint(), two.checkpoint());
    let good = Evidence::new(genesis, first.clone(), second, None);
    good.verify().unwrap();

    let forged = Checkpoint::sign(two.state.description(), two.now, key("m01"));
    refused(&Evidence {
        second: forged,
        ..good.clone()
    });
    let elsewhere = Description {
        community: Id::ZERO,
        ..two.state.description()
    };
    refused(&Evidence {
        second: Checkpoint::sign(elsewhere, two.now, key("server")),
        ..good.clone()
    });
    refused(&Evidence {
        format: "dispatch-d/2 evidence".to_owned(),
        ..good.clone()
    });
    let mut other_genesis = good.clone();
    other_genesis.genesis.time += 1;
    refused(&other_genesis);
    let empty = Description {
        size: 0,
        ..one.state.description()
    };
    refused(&Evidence {
        first: Checkpoint::sign(empty, one.now, key("server")),
        ..good
    });
}
