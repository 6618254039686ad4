//! An epoch's way from its author over the chain to its recipients.

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::entry::{Body, CardBody, Entry, Epoch, Message, Recipient, Share};
use dispatch_protocol::epoch::{MessageContext, Plaintext, Secret, WrapContext};
use dispatch_protocol::key::CardKey;

use crate::world::{World, id, salt};

fn publish(world: &mut World, name: &str) -> CardKey {
    let card = CardKey::generate();
    world.accept(
        name,
        Body::Card(CardBody {
            x25519: card.card(),
        }),
    );
    card
}

/// A wrap's context as both sides read it from the chain.
fn context(world: &World, author: &str, commitment: Hash, to: &str) -> WrapContext {
    WrapContext {
        community: world.state.community(),
        author: id(author),
        recipient: id(to),
        card: world.state.card(&id(to), world.state.size()).unwrap(),
        commitment,
    }
}

fn seal(world: &World, author: &str, secret: &Secret, to: &str) -> Recipient {
    Recipient {
        member: id(to),
        wrap: context(world, author, secret.commitment(), to)
            .seal(secret)
            .unwrap(),
    }
}

fn place(entry: &Entry, epoch: Id) -> MessageContext {
    MessageContext {
        community: entry.community,
        epoch,
        author: entry.author,
        seq: entry.seq,
    }
}

fn write(world: &mut World, author: &str, epoch: Id, secret: &Secret, text: &str) -> Entry {
    let draft = world.draft(
        author,
        Body::Card(CardBody {
            x25519: CardKey::generate().card(),
        }),
    );
    let context = MessageContext {
        community: draft.community,
        epoch,
        author: draft.author,
        seq: draft.seq,
    };
    let plaintext = Plaintext {
        text: text.to_owned(),
        reply_to: None,
        channel: None,
    };
    let salt = salt();
    let ciphertext = context.encrypt(secret, &salt, &plaintext.encode());
    let message = Message {
        epoch,
        salt,
        ciphertext_hash: Hash::of(&ciphertext),
        ciphertext: Some(ciphertext),
    };
    world
        .accept(author, Body::Message(message))
        .into_block()
        .entry
}

#[test]
fn recipients_by_epoch_and_by_share_read_what_was_written() {
    let mut world = World::founded();
    world.add(&["m01", "m02", "m03"]);
    let one = publish(&mut world, "m01");
    let two = publish(&mut world, "m02");
    let three = publish(&mut world, "m03");

    let secret = Secret::generate();
    let commitment = secret.commitment();
    let wraps: Vec<_> = ["m01", "m02"]
        .map(|to| seal(&world, "m01", &secret, to))
        .to_vec();
    let own = context(&world, "m01", commitment, "m01");
    let theirs = context(&world, "m01", commitment, "m02");
    let epoch = world
        .accept(
            "m01",
            Body::Epoch(Epoch {
                commitment,
                wraps: wraps.clone(),
            }),
        )
        .id();
    assert!(own.open(&one, &wraps[0].wrap).is_ok());
    let opened = theirs.open(&two, &wraps[1].wrap).unwrap();
    assert_eq!(opened.as_bytes(), secret.as_bytes());

    // the second shares with the third
    let shared = seal(&world, "m02", &opened, "m03");
    let theirs = context(&world, "m02", commitment, "m03");
    world.accept(
        "m02",
        Body::Share(Share {
            epoch,
            wraps: vec![shared],
        }),
    );
    let opened = theirs.open(&three, &shared.wrap).unwrap();

    let said = write(&mut world, "m01", epoch, &secret, "good morning");
    let Body::Message(message) = &said.body else {
        unreachable!()
    };
    let bytes = place(&said, epoch)
        .decrypt(&opened, &message.salt, message.ciphertext.as_ref().unwrap())
        .unwrap();
    assert_eq!(Plaintext::decode(&bytes).unwrap().text, "good morning");
}

#[test]
fn a_message_that_is_copied_to_another_seq_does_not_open() {
    let mut world = World::founded();
    world.add(&["m01"]);
    publish(&mut world, "m01");
    let secret = Secret::generate();
    let wraps = vec![seal(&world, "m01", &secret, "m01")];
    let epoch = world
        .accept(
            "m01",
            Body::Epoch(Epoch {
                commitment: secret.commitment(),
                wraps,
            }),
        )
        .id();
    let said = write(&mut world, "m01", epoch, &secret, "once");
    let copied = world.accept("m01", said.body.clone()).into_block().entry;
    let Body::Message(message) = &copied.body else {
        unreachable!()
    };
    let open = |entry| {
        place(entry, epoch).decrypt(&secret, &message.salt, message.ciphertext.as_ref().unwrap())
    };
    assert!(open(&said).is_ok());
    let finding = open(&copied).unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("bad_ciphertext", "ENC-6")
    );
}
