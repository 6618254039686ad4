//! Messages, stale epochs, redactions.

use dispatch_protocol::bytes::{Bytes, Hash};
use dispatch_protocol::entry::{Body, Message};

use crate::world::{World, message, message_of, redaction, share};

#[test]
fn a_message_is_by_a_recipient_of_a_known_epoch() {
    let mut world = World::with_members(&["m01", "m02"]);
    let epoch = world.epoch(&["m01"]);
    assert_eq!(
        world.refuse("m01", message(world.state.community())),
        ("unknown_epoch", "MSG-1")
    );
    assert_eq!(
        world.refuse("m02", message(epoch)),
        ("not_recipient", "MSG-2")
    );
    // not even the authority
    assert_eq!(
        world.refuse("authority", message(epoch)),
        ("not_recipient", "MSG-2")
    );
    world.message("m01", epoch);
}

#[test]
fn a_removed_recipient_makes_an_epoch_stale_for_ever() {
    let mut world = World::with_members(&["m01", "m02", "m03"]);
    let both = world.epoch(&["m01", "m02"]);
    let alone = world.epoch(&["m01"]);
    world.message("m01", both);
    world.remove(&["m02"]);
    assert_eq!(world.refuse("m01", message(both)), ("stale_epoch", "MSG-3"));
    assert!(world.state.epoch(&both).unwrap().is_stale());
    // an epoch without the removed one is as good as before
    world.message("m01", alone);
    world.add(&["m02"]);
    assert_eq!(world.refuse("m01", message(both)), ("stale_epoch", "MSG-3"));
    assert_eq!(world.refuse("m02", message(both)), ("stale_epoch", "MSG-3"));
    let anew = world.epoch(&["m01", "m02"]);
    world.message("m02", anew);
}

#[test]
fn a_recipient_by_a_share_makes_an_epoch_stale_too() {
    let mut world = World::with_members(&["m01", "m02", "m03"]);
    let epoch = world.epoch(&["m01"]);
    world.accept("m01", share(epoch, &["m02"]));
    world.message("m01", epoch);
    world.remove(&["m03"]);
    world.message("m01", epoch);
    world.remove(&["m02"]);
    assert_eq!(
        world.refuse("m01", message(epoch)),
        ("stale_epoch", "MSG-3")
    );
    // a stale epoch may still be shared: old messages stay readable
    world.add(&["m03"]);
    world.accept("m01", share(epoch, &["m03"]));
    assert_eq!(
        world.refuse("m03", message(epoch)),
        ("stale_epoch", "MSG-3")
    );
}

#[test]
fn a_ciphertext_has_its_hash_and_a_padded_length() {
    let mut world = World::with_members(&["m01"]);
    let epoch = world.epoch(&["m01"]);
    for length in [0, 1, 16, 128, 143, 145, 160, 271, 273] {
        let refused = world.refuse("m01", Body::Message(message_of(epoch, length)));
        assert_eq!(refused, ("bad_ciphertext", "MSG-5"), "{length}");
    }
    let good = message_of(epoch, 144);
    for wrong in [
        Message {
            ciphertext_hash: Hash::ZERO,
            ..good.clone()
        },
        Message {
            ciphertext: Some(Bytes::from(vec![6; 144])),
            ..good.clone()
        },
    ] {
        assert_eq!(
            world.refuse("m01", Body::Message(wrong)),
            ("bad_ciphertext", "MSG-4")
        );
    }
    world.accept("m01", Body::Message(good));
    for length in [272, 65_424] {
        world.accept("m01", Body::Message(message_of(epoch, length)));
    }
}

#[test]
fn a_message_is_redacted_once_by_its_author_or_the_authority() {
    let mut world = World::with_members(&["m01", "m02"]);
    let epoch = world.epoch(&["m01", "m02"]);
    let one = world.message("m01", epoch).block().index;
    let two = world.message("m01", epoch).block().index;
    assert_eq!(
        world.refuse("m02", redaction(one)),
        ("not_authority", "RED-3")
    );
    world.accept("m01", redaction(one));
    assert!(world.state.is_redacted(one) && !world.state.is_redacted(two));
    assert_eq!(
        world.refuse("m01", redaction(one)),
        ("bad_redaction", "RED-2")
    );
    assert_eq!(
        world.refuse("authority", redaction(one)),
        ("bad_redaction", "RED-2")
    );
    world.accept("authority", redaction(two));
}

#[test]
fn only_messages_of_the_chain_are_redacted() {
    let mut world = World::with_members(&["m01"]);
    let epoch = world.epoch(&["m01"]);
    let message = world.message("m01", epoch).block().index;
    for index in [0, 1, message - 1, message + 1, message + 2, u64::MAX] {
        assert_eq!(
            world.refuse("m01", redaction(index)),
            ("bad_redaction", "RED-1"),
            "{index}"
        );
    }
    let redaction_block = world.accept("m01", redaction(message)).block().index;
    assert_eq!(
        world.refuse("authority", redaction(redaction_block)),
        ("bad_redaction", "RED-1")
    );
}
