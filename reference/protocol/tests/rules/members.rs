//! Roster, cards, epochs and shares.

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::entry::{Body, CardBody, Epoch, Roster};
use dispatch_protocol::key::{Card, CardKey};

use crate::world::{World, card, epoch, id, key, message, roster, share, wraps};

#[test]
fn a_roster_entry_adds_and_removes_at_once() {
    let mut world = World::with_members(&["m01"]);
    world.accept("authority", roster(&["m02"], &["m01"]));
    assert!(world.state.on_roster(&id("m02")) && !world.state.on_roster(&id("m01")));
    assert!(world.state.on_roster(&id("authority")));
    let roster: Vec<_> = world.state.roster().map(|key| key.id()).collect();
    assert_eq!(roster, [id("authority"), id("m02")]);
}

#[test]
fn the_state_knows_since_which_block_an_account_is_a_member() {
    let mut world = World::founded();
    let added = world.add(&["m01", "m02"]).block().index;
    assert_eq!(world.state.member_since(&id("authority")), Some(0));
    assert_eq!(world.state.member_since(&id("m01")), Some(added));
    world.remove(&["m01"]);
    assert_eq!(world.state.member_since(&id("m01")), None);
    let again = world.add(&["m01"]).block().index;
    assert_eq!(world.state.member_since(&id("m01")), Some(again));
    assert_eq!(world.state.member_since(&id("m02")), Some(added));
    assert_eq!(world.state.member_since(&id("m03")), None);
}

#[test]
fn a_bad_key_is_not_added() {
    let mut world = World::founded();
    let good = key("m01").public().der();
    let body = |key: Vec<u8>| {
        Body::Roster(Roster {
            add: vec![Bytes::from(key)],
            remove: vec![],
        })
    };
    assert_eq!(
        world.refuse("authority", body([good, &[0]].concat())),
        ("bad_key", "ROST-2")
    );
    assert_eq!(
        world.refuse("authority", body(good[1..].to_vec())),
        ("bad_key", "ROST-2")
    );
    world.accept("authority", body(good.to_vec()));
}

#[test]
fn the_roster_changes_as_it_fits_alone() {
    let mut world = World::with_members(&["m01"]);
    for (add, remove, requirement) in [
        (&["m01"][..], &[][..], "ROST-3"),
        (&["authority"], &[], "ROST-3"),
        (&[], &["m02"], "ROST-4"),
        (&[], &["authority"], "ROST-5"),
        (&["m02", "m02"], &[], "ROST-6"),
        (&[], &["m01", "m01"], "ROST-6"),
        (&["m02"], &["m02"], "ROST-6"),
        (&[], &[], "ROST-7"),
    ] {
        let refused = world.refuse("authority", roster(add, remove));
        assert_eq!(refused, ("bad_roster", requirement), "{add:?} {remove:?}");
    }
    world.accept("authority", roster(&["m02", "m03"], &["m01"]));
    world.accept("authority", roster(&["m01"], &["m02"]));
}

#[test]
fn a_card_is_a_usable_key() {
    let mut world = World::founded();
    world.add(&["m01"]);
    let body = |bytes: [u8; 32]| {
        Body::Card(CardBody {
            x25519: Card::new(bytes),
        })
    };
    assert_eq!(
        world.refuse("m01", body([0xff; 32])),
        ("bad_card", "CARD-1")
    );
    assert_eq!(world.refuse("m01", body([0; 32])), ("bad_card", "CARD-2"));
    let good = CardKey::generate().card();
    world.accept("m01", body(*good.as_bytes()));
    assert_eq!(world.state.card(&id("m01"), world.state.size()), Some(good));
}

#[test]
fn a_card_is_the_last_one_that_a_prefix_holds() {
    let mut world = World::founded();
    world.add(&["m01"]);
    let before = world.state.size();
    let publish = |world: &mut World| {
        let card = CardKey::generate().card();
        world.accept("m01", Body::Card(CardBody { x25519: card }));
        card
    };
    let one = publish(&mut world);
    let two = publish(&mut world);
    let card_in = |size| world.state.card(&id("m01"), size);
    assert_eq!(card_in(before), None);
    assert_eq!(card_in(before + 1), Some(one));
    assert_eq!(card_in(before + 2), Some(two));
    assert_eq!(card_in(u64::MAX), Some(two));
}

#[test]
fn an_epochs_recipients_are_members_with_cards_named_once_and_the_author_among_them() {
    let mut world = World::with_members(&["m01", "m02"]);
    world.add(&["m03"]);
    for (recipients, requirement) in [
        (&["m01", "m04"][..], "EPOCH-1"),
        (&["m01", "m03"], "EPOCH-2"),
        (&["m01", "m02", "m01"], "EPOCH-3"),
        (&["m02"], "EPOCH-4"),
        (&[], "EPOCH-5"),
    ] {
        let refused = world.refuse("m01", epoch(recipients));
        assert_eq!(refused, ("bad_recipient", requirement), "{recipients:?}");
    }
    world.accept("m01", epoch(&["m01", "m02"]));
    world.accept("m01", epoch(&["m01"]));
}

#[test]
fn a_removed_recipient_is_none() {
    let mut world = World::with_members(&["m01", "m02"]);
    world.remove(&["m02"]);
    assert_eq!(
        world.refuse("m01", epoch(&["m01", "m02"])),
        ("bad_recipient", "EPOCH-1")
    );
    world.add(&["m02"]);
    // its card is on the chain still
    world.accept("m01", epoch(&["m01", "m02"]));
}

#[test]
fn a_card_that_the_author_has_not_seen_does_not_count() {
    let mut world = World::with_members(&["m01"]);
    world.add(&["m02"]);
    let seen = world.state.prefix();
    world.publish_card("m02");
    let refused = world.refuse_with("m01", epoch(&["m01", "m02"]), |draft| draft.seen = seen);
    assert_eq!(refused, ("bad_recipient", "EPOCH-2"));
    // the prefix that ends with the card's block holds it, though the chain has gone on
    let seen = world.state.prefix();
    world.publish_card("m02");
    world
        .submit_with("m01", epoch(&["m01", "m02"]), |draft| draft.seen = seen)
        .unwrap();
}

#[test]
fn a_share_adds_recipients_to_an_epoch_that_its_author_reads() {
    let mut world = World::with_members(&["m01", "m02", "m03"]);
    let made = world.epoch(&["m01"]);
    let unknown = Id::from(Hash::of(b"no epoch"));
    assert_eq!(
        world.refuse("m01", share(unknown, &["m02"])),
        ("unknown_epoch", "SHARE-1")
    );
    assert_eq!(
        world.refuse("m02", share(made, &["m03"])),
        ("not_recipient", "SHARE-2")
    );
    assert_eq!(
        world.refuse("m01", share(made, &[])),
        ("bad_recipient", "EPOCH-5")
    );
    assert_eq!(
        world.refuse("m01", share(made, &["m02", "m02"])),
        ("bad_recipient", "EPOCH-3")
    );
    assert_eq!(
        world.refuse("m01", share(made, &["m04"])),
        ("bad_recipient", "EPOCH-1")
    );
    assert_eq!(
        world.refuse("m02", message(made)),
        ("not_recipient", "MSG-2")
    );
    world.accept("m01", share(made, &["m02"]));
    // who was shared with may write, and share on
    world.message("m02", made);
    world.accept("m02", share(made, &["m03"]));
    let view = world.state.epoch(&made).unwrap();
    assert_eq!((view.recipients(), view.is_stale()), (3, false));
    assert!(view.has_recipient(&id("m03")) && !view.has_recipient(&id("authority")));
}

#[test]
fn an_id_of_another_entry_is_no_epoch() {
    let mut world = World::with_members(&["m01"]);
    let card = world.accept("m01", card()).id();
    assert_eq!(
        world.refuse("m01", message(card)),
        ("unknown_epoch", "MSG-1")
    );
    let made = world.epoch(&["m01"]);
    world.message("m01", made);
}

#[test]
fn the_state_keeps_an_epochs_commitment() {
    let mut world = World::with_members(&["m01"]);
    let body = Epoch {
        commitment: Hash::of(b"mine"),
        wraps: wraps(&["m01"]),
    };
    let made = world.accept("m01", Body::Epoch(body)).id();
    assert_eq!(
        world.state.epoch(&made).unwrap().commitment(),
        Hash::of(b"mine")
    );
    assert!(world.state.epoch(&id("m01")).is_none());
}

#[test]
fn an_author_wraps_an_epoch_once_for_each_card_of_a_recipient() {
    let mut world = World::with_members(&["m01", "m02", "m03"]);
    let made = world.epoch(&["m01", "m02"]);
    let again = ("bad_recipient", "SHARE-3");
    // in the epoch's own entry, for itself and for another
    assert_eq!(world.refuse("m01", share(made, &["m01"])), again);
    assert_eq!(world.refuse("m01", share(made, &["m02"])), again);
    world.accept("m01", share(made, &["m03"]));
    assert_eq!(world.refuse("m01", share(made, &["m03"])), again);
    // another recipient may wrap for the same one, once
    world.accept("m02", share(made, &["m03", "m01"]));
    assert_eq!(world.refuse("m02", share(made, &["m03"])), again);
    assert_eq!(world.refuse("m02", share(made, &["m02", "m01"])), again);
    // a new card is worth a new wrap, from what has seen it on
    let before = world.state.prefix();
    world.publish_card("m03");
    let refused = world.refuse_with("m01", share(made, &["m03"]), |draft| draft.seen = before);
    assert_eq!(refused, again);
    world.accept("m01", share(made, &["m03"]));
    assert_eq!(world.refuse("m01", share(made, &["m03"])), again);
    assert_eq!(world.state.epoch(&made).unwrap().recipients(), 3);
}

#[test]
fn an_epoch_and_its_first_message_may_have_the_same_seen() {
    let mut world = World::with_members(&["m01"]);
    let seen = world.state.prefix();
    let made = world
        .submit_with("m01", epoch(&["m01"]), |draft| draft.seen = seen)
        .unwrap()
        .id();
    world
        .submit_with("m01", message(made), |draft| draft.seen = seen)
        .unwrap();
}
