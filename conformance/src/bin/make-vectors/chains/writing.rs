//! What a client may write under, by the chain that it holds.

use super::Blocks;
use super::good::{members, stale, talking};
use crate::community::{Community, Epoch, labelled, signed};
use crate::file::{Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::epoch::{Wrapping, commitment};
use dispatch_conformance::codec::{Account, Hash, base64url::encode, entry, hpke};
use serde_json::{Value, json};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = cards(blocks);
    tests.extend(shares(blocks));
    tests.extend(behind_seen(blocks));
    tests.extend(values(blocks));
    tests
}

/// The epoch of this chain may be written under.
fn may(blocks: &mut Blocks, id: &str, about: &str, at: &Community, epoch: &Epoch) -> Test {
    at.model.check_writable(&epoch.id).expect(id);
    let frame = blocks.frame(id, 0, &at.blocks);
    valid(id, about, &["ENC-19"])
        .with("frames", vec![frame])
        .bytes("epoch", &epoch.id)
}

/// It may not, because of a card.
fn must_not(blocks: &mut Blocks, id: &str, about: &str, at: &Community, epoch: &Epoch) -> Test {
    let frame = blocks.frame(id, 0, &at.blocks);
    invalid(id, about, &["ENC-19"], "old_card")
        .with("frames", vec![frame])
        .bytes("epoch", &epoch.id)
}

/// Another card than the one of the test keys.
fn other_card(at: &Community, of: &Account) -> Value {
    let private = labelled(&format!("another card of {}", of.name()));
    let body = json!({ "x25519": encode(&hpke::public_of(&private)) });
    at.entry(of, "card", body)
}

/// Wraps for the recipients' last cards in this chain.
fn wraps(at: &Community, author: &Account, recipients: &[&Account], secret: &Hash) -> Value {
    let wrap = |recipient: &&Account| {
        let member = at.model.member(&recipient.id()).expect("a member");
        let (card, x25519) = member.card_in(at.model.size()).expect("a card");
        let wrapping = Wrapping {
            x25519,
            ..Wrapping::between(at.id(), author, recipient, commitment(secret))
        };
        let ephemeral = labelled(&format!(
            "ephemeral {} {} {card}",
            author.name(),
            recipient.name()
        ));
        let wrap = wrapping.wrap(secret, &ephemeral).expect("usable cards");
        json!({ "member": encode(&recipient.id()), "wrap": encode(&wrap) })
    };
    recipients.iter().map(wrap).collect()
}

/// An epoch for the recipients' last cards.
fn epoch(at: &Community, author: &Account, recipients: &[&Account]) -> (Value, Epoch) {
    let secret = labelled("epoch after a new card");
    let body = json!({
        "commitment": encode(&commitment(&secret)),
        "wraps": wraps(at, author, recipients, &secret),
    });
    let entry = at.entry(author, "epoch", body);
    let id = entry::id(&entry).expect("it is well formed");
    (entry, Epoch { id, secret })
}

/// A share for the recipients' last cards.
fn share(at: &Community, author: &Account, epoch: &Epoch, recipients: &[&Account]) -> Value {
    let wraps = wraps(at, author, recipients, &epoch.secret);
    let body = json!({ "epoch": encode(&epoch.id), "wraps": wraps });
    at.entry(author, "share", body)
}

/// An entry that was signed over an older chain, as it is offered now.
fn late(at: &Community, entry: &Value, author: &Account) -> Value {
    let mut entry = entry.clone();
    entry["sent_at"] = at.now.into();
    signed(entry, author)
}

fn id_of(entry: &Value, secret: Hash) -> Epoch {
    let id = entry::id(entry).expect("it is well formed");
    Epoch { id, secret }
}

fn cards(blocks: &mut Blocks) -> Vec<Test> {
    let (at, old) = talking();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let mut by_carol = at.clone();
    by_carol.append(other_card(&at, carol));
    let mut by_bob = at.clone();
    by_bob.append(other_card(&at, bob));
    let mut by_alice = at.clone();
    by_alice.append(other_card(&at, alice));
    let mut anew = by_bob.clone();
    let (entry, new) = epoch(&anew, alice, &[alice, bob]);
    anew.append(entry);
    let (removed, gone) = stale();
    let frame = blocks.frame("write-stale", 0, &removed.blocks);
    vec![
        may(
            blocks,
            "write-cards-as-they-were",
            "nobody has another card than the one that the epoch was wrapped for",
            &at,
            &old,
        ),
        may(
            blocks,
            "write-card-of-no-recipient",
            "a member who is no recipient of the epoch has a new card",
            &by_carol,
            &old,
        ),
        must_not(
            blocks,
            "write-card-of-a-recipient",
            "a recipient has a new card",
            &by_bob,
            &old,
        )
        .flag("old-card"),
        must_not(
            blocks,
            "write-card-of-the-author",
            "the epoch's author has a new card",
            &by_alice,
            &old,
        )
        .flag("old-card"),
        must_not(
            blocks,
            "write-epoch-before-the-card",
            "there is another epoch for the new card: the one from before is none to write under all the same",
            &anew,
            &old,
        )
        .flag("old-card"),
        may(
            blocks,
            "write-epoch-after-the-card",
            "the epoch was wrapped for the new card; the one that the recipient had before is of no matter",
            &anew,
            &new,
        )
        .flag("first-card"),
        invalid(
            "write-stale",
            "a recipient was removed",
            &["ENC-11"],
            "stale_epoch",
        )
        .flag("epoch-for-ever")
        .with("frames", vec![frame])
        .bytes("epoch", &gone.id),
    ]
}

fn shares(blocks: &mut Blocks) -> Vec<Test> {
    let (at, old) = talking();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let mut to_carol = at.clone();
    let entry = share(&at, bob, &old, &[carol]);
    to_carol.append(entry);
    let mut by_carol = to_carol.clone();
    by_carol.append(other_card(&to_carol, carol));
    let mut twice = to_carol.clone();
    let entry = share(&twice, alice, &old, &[carol]);
    twice.append(entry);
    let mut renewed = at.clone();
    renewed.append(other_card(&at, bob));
    let entry = share(&renewed, alice, &old, &[bob]);
    renewed.append(entry);
    vec![
        may(
            blocks,
            "write-shared",
            "a share made another member a recipient",
            &to_carol,
            &old,
        ),
        may(
            blocks,
            "write-shared-twice",
            "two recipients wrapped it for a third, for one card",
            &twice,
            &old,
        ),
        must_not(
            blocks,
            "write-card-of-a-recipient-by-share",
            "a recipient by a share has a new card",
            &by_carol,
            &old,
        )
        .flag("shares-left-out"),
        must_not(
            blocks,
            "write-shared-for-the-new-card",
            "a recipient has a new card, and the epoch was shared for it: the wrap for the old one is still there",
            &renewed,
            &old,
        )
        .flag("newest-wrap"),
    ]
}

/// Wraps whose authors could not know of a new card that stands before them in the chain.
fn behind_seen(blocks: &mut Blocks) -> Vec<Test> {
    let at = members();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let (early, secret) = {
        let (entry, epoch) = epoch(&at, alice, &[alice, bob]);
        (entry, epoch.secret)
    };
    let mut crossed = at.clone();
    crossed.append(other_card(&at, bob));
    let entry = late(&crossed, &early, alice);
    let cross = id_of(&entry, secret);
    crossed.append(entry);

    // Bob's new card, then an epoch for it; Carol, who is a recipient, has not read so far when she shares it.
    let mut shared = at.clone();
    shared.append(other_card(&at, bob));
    let (entry, new) = epoch(&shared, alice, &[alice, bob, carol]);
    shared.append(entry);
    let unread = share(&at, carol, &new, &[bob]);
    let mut reopened = shared.clone();
    let entry = late(&reopened, &unread, carol);
    reopened.append(entry);
    vec![
        must_not(
            blocks,
            "write-epoch-crossed-by-a-card",
            "the new card stands before the epoch in the chain, and behind its `seen`: the wrap is for the old one",
            &crossed,
            &cross,
        )
        .flag("prefix-of-seen"),
        may(
            blocks,
            "write-not-shared-late",
            "the epoch was wrapped for the new card",
            &shared,
            &new,
        ),
        must_not(
            blocks,
            "write-shared-late",
            "the same, and a share whose `seen` is from before the new card wraps it for the old one",
            &reopened,
            &new,
        )
        .flag("first-wrap"),
    ]
}

/// Cards whose values come again.
fn values(blocks: &mut Blocks) -> Vec<Test> {
    let (at, old) = talking();
    let (alice, bob) = (named("m01"), named("m02"));
    let mut again = at.clone();
    let card = again.card(bob);
    again.append(card);
    let mut back = at.clone();
    back.append(other_card(&at, bob));
    let mut between = back.clone();
    let card = back.card(bob);
    back.append(card);
    let entry = share(&between, alice, &old, &[bob]);
    between.append(entry);
    let card = between.card(bob);
    between.append(card);
    vec![
        may(
            blocks,
            "write-card-again",
            "a recipient has published the same card again: it is the same key",
            &again,
            &old,
        )
        .flag("other-block"),
        may(
            blocks,
            "write-card-back",
            "a recipient has published another card, and then the old one again: a new epoch would be wrapped for just that",
            &back,
            &old,
        )
        .flag("other-block"),
        must_not(
            blocks,
            "write-card-between",
            "the same, and the epoch was shared for the card in between",
            &between,
            &old,
        )
        .flag("shares-left-out"),
    ]
}
