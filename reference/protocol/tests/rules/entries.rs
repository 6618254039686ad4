//! The common part of entries: community, author, seq, seen, sent_at, signature, repeats.

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::chain::Admission;
use dispatch_protocol::entry::{Body, Entry, Genesis, Prefix};

use crate::world::{World, card, id, key, message_of, roster};

#[test]
fn an_entry_that_no_rule_refuses_is_appended() {
    let mut world = World::with_members(&["m01"]);
    let (size, head) = (world.state.size(), world.state.head());
    let entry = world.entry("m01", card());
    let linked = world.submit(entry.clone()).unwrap();
    assert_eq!(linked.block().index, size);
    assert_eq!(linked.block().prev, head);
    assert_eq!(linked.block().entry, entry);
    assert_eq!(linked.hash(), linked.block().hash());
    assert_eq!(
        (world.state.size(), world.state.head()),
        (size + 1, linked.hash())
    );
}

#[test]
fn an_entry_for_another_community_is_refused() {
    let mut world = World::with_members(&["m01"]);
    let refused = world.refuse_with("m01", card(), |draft| draft.community = Id::new([1; 32]));
    assert_eq!(refused, ("wrong_community", "ENTRY-2"));
    world.accept("m01", card());
}

#[test]
fn a_signature_by_another_or_over_something_else_is_refused() {
    let world = World::with_members(&["m01", "m02"]);
    let good = world.entry("m01", card());
    let refuse = |entry: Entry| {
        let refusal = entry.verify(key("m01").public()).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), refusal.requirement),
            ("bad_signature", "ENTRY-3")
        );
    };
    assert!(good.clone().verify(key("m01").public()).is_ok());
    refuse(Entry {
        seq: good.seq + 1,
        ..good.clone()
    });
    refuse(Entry {
        sent_at: good.sent_at + 1,
        ..good.clone()
    });
    refuse(Entry {
        seen: Prefix::EMPTY,
        ..good.clone()
    });
    refuse(Entry {
        body: card(),
        ..good.clone()
    });
    refuse(Entry {
        author: id("m02"),
        ..good.clone()
    });
    refuse(Entry {
        signature: Bytes::default(),
        ..good.clone()
    });
    refuse(Entry::sign(world.draft("m01", card()), key("m02")));
    // the right signature, but a key that is not the author's
    assert!(good.verify(key("m02").public()).is_err());
}

#[test]
fn seq_counts_an_authors_entries_from_1() {
    let mut world = World::founded();
    world.add(&["m01"]);
    for wrong in [0, 2, u64::MAX] {
        let refused = world.refuse_with("m01", card(), |draft| draft.seq = wrong);
        assert_eq!(refused, ("bad_seq", "ENTRY-4"));
    }
    world.accept("m01", card());
    for wrong in [0, 1, 3] {
        let refused = world.refuse_with("m01", card(), |draft| draft.seq = wrong);
        assert_eq!(refused, ("bad_seq", "ENTRY-4"), "{wrong}");
    }
    world.accept("m01", card());
    // genesis was the authority's first
    assert_eq!(world.state.next_seq(&id("authority")), 3);
}

#[test]
fn a_repeat_gets_the_first_receipt_whatever_else_has_changed() {
    let mut world = World::with_members(&["m01", "m02"]);
    let epoch = world.epoch(&["m01"]);
    let entry = world.entry("m01", Body::Message(message_of(epoch, 144)));
    let first = world.submit(entry.clone()).unwrap();
    world.publish_card("m01");
    world.publish_card("m02");
    world.now += world.limits.skew_ms * 10;
    let size = world.state.size();

    let again = |world: &World, entry: Entry| match world.admit(entry) {
        Ok(Admission::Repeat { index, hash }) => {
            assert_eq!((index, hash), (first.block().index, first.hash()))
        }
        other => panic!("not a repeat: {other:?}"),
    };
    again(&world, entry.clone());
    // another signature of the same statement
    let resigned = Entry {
        signature: key("m01").sign(&entry.tuple()),
        ..entry.clone()
    };
    assert_ne!(resigned.signature, entry.signature);
    again(&world, resigned);
    // the same statement with another ciphertext: the hash of the first one is what is signed
    let Body::Message(mut message) = entry.body.clone() else {
        unreachable!()
    };
    message.ciphertext = Some(Bytes::from(vec![0; 3]));
    again(
        &world,
        Entry {
            body: Body::Message(message),
            ..entry.clone()
        },
    );
    assert_eq!(world.state.size(), size);

    // the same seq with another statement is none
    let mut draft = world.draft("m01", card());
    draft.seq = entry.seq;
    let refusal = world.admit(Entry::sign(draft, key("m01"))).unwrap_err();
    assert_eq!(refusal.code.as_str(), "bad_seq");
}

#[test]
fn a_repeat_needs_a_good_signature() {
    let mut world = World::with_members(&["m01"]);
    let entry = world.entry("m01", card());
    world.submit(entry.clone()).unwrap();
    let forged = Entry {
        signature: Bytes::from(vec![0; 256]),
        ..entry
    };
    assert_eq!(
        world.admit(forged).unwrap_err().code.as_str(),
        "bad_signature"
    );
}

#[test]
fn seen_is_a_prefix_of_the_chain_and_not_empty() {
    let mut world = World::with_members(&["m01", "m02"]);
    let size = world.state.size();
    let wrong = [
        Prefix::EMPTY,
        Prefix {
            size: 0,
            hash: world.state.head(),
        },
        Prefix {
            size,
            hash: Hash::ZERO,
        },
        Prefix {
            size: size - 1,
            hash: world.state.head(),
        },
        Prefix {
            size: size + 1,
            hash: world.state.head(),
        },
        Prefix {
            size: u64::MAX,
            hash: world.state.head(),
        },
    ];
    for seen in wrong {
        let refused = world.refuse_with("m01", card(), |draft| draft.seen = seen);
        assert_eq!(refused, ("bad_seen", "ENTRY-7"), "{seen:?}");
    }
    let older = Prefix {
        size: size - 1,
        hash: world.state.prefix_head(size - 1).unwrap(),
    };
    world
        .submit_with("m01", card(), |draft| draft.seen = older)
        .unwrap();
}

#[test]
fn seen_never_falls_behind_the_authors_last_but_may_stay() {
    let mut world = World::with_members(&["m01"]);
    let older = world.state.prefix();
    world.publish_card("m01");
    let newer = world.state.prefix();
    world
        .submit_with("m01", card(), |draft| draft.seen = newer)
        .unwrap();
    let refused = world.refuse_with("m01", card(), |draft| draft.seen = older);
    assert_eq!(refused, ("bad_seen", "ENTRY-8"));
    world
        .submit_with("m01", card(), |draft| draft.seen = newer)
        .unwrap();
}

#[test]
fn sent_at_may_be_off_by_the_advertised_skew_and_no_more() {
    let mut world = World::with_members(&["m01"]);
    let (now, skew) = (world.now, world.limits.skew_ms);
    for wrong in [now - skew - 1, now + skew + 1, 0] {
        let refused = world.refuse_with("m01", card(), |draft| draft.sent_at = wrong);
        assert_eq!(refused, ("clock_skew", "ENTRY-9"));
    }
    for right in [now - skew, now + skew] {
        world
            .submit_with("m01", card(), |draft| draft.sent_at = right)
            .unwrap();
    }
}

#[test]
fn a_removed_author_is_refused_and_goes_on_when_added_again() {
    let mut world = World::with_members(&["m01"]);
    let seen = world.state.prefix();
    world.publish_card("m01");
    world.remove(&["m01"]);
    assert_eq!(world.refuse("m01", card()), ("not_allowed", "ENTRY-10"));
    world.add(&["m01"]);
    // [ROST-9]
    assert_eq!(world.state.next_seq(&id("m01")), 3);
    let refused = world.refuse_with("m01", card(), |draft| draft.seq = 1);
    assert_eq!(refused, ("bad_seq", "ENTRY-4"));
    world.publish_card("m01");
    let refused = world.refuse_with("m01", card(), |draft| draft.seen = seen);
    assert_eq!(refused, ("bad_seen", "ENTRY-8"));
}

#[test]
fn genesis_is_never_submitted() {
    let mut world = World::founded();
    let body = |world: &World| {
        Body::Genesis(Genesis {
            name: "Again".to_owned(),
            authority: key("authority").public().to_bytes(),
            server_key: key("server").public().to_bytes(),
            created_at: world.now,
        })
    };
    let genesis = body(&world);
    assert_eq!(world.refuse("authority", genesis), ("bad_genesis", "GEN-2"));
    let genesis = body(&world);
    let refused = world.refuse_with("authority", genesis, |draft| {
        draft.community = Id::ZERO;
        draft.seq = 1;
        draft.seen = Prefix::EMPTY;
    });
    assert_eq!(refused, ("bad_genesis", "GEN-2"));
    // block 0's own entry, too
    let first = world.blocks[0].entry.clone();
    assert_eq!(world.admit(first).unwrap_err().code.as_str(), "bad_genesis");
}

#[test]
fn a_blocks_time_never_falls_even_if_the_clock_does() {
    let mut world = World::founded();
    let time = world.add(&["m01"]).block().time;
    assert_eq!(time, world.now);
    world.now -= 500;
    assert_eq!(world.publish_card("m01").block().time, time);
    world.now += 1500;
    assert_eq!(world.publish_card("m01").block().time, world.now);
}

#[test]
#[should_panic(expected = "the state that admitted it")]
fn an_entry_is_not_appended_to_a_later_state() {
    let mut world = World::with_members(&["m01"]);
    let admit = |world: &World| match world.admit(world.entry("m01", card())).unwrap() {
        Admission::Append(admitted) => *admitted,
        Admission::Repeat { .. } => unreachable!(),
    };
    let (one, two) = (admit(&world), admit(&world));
    world.state.append(one, world.now);
    world.state.append(two, world.now);
}

#[test]
fn the_roster_is_changed_by_the_authority_alone() {
    let mut world = World::with_members(&["m01"]);
    assert_eq!(
        world.refuse("m01", roster(&["m02"], &[])),
        ("not_authority", "ROST-1")
    );
    world.accept("authority", roster(&["m02"], &[]));
}
