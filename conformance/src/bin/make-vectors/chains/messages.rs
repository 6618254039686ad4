//! Messages and redactions that break a rule, and gaps that nobody redacted.

use super::good::{stale, talking};
use super::{Blocks, redacted};
use crate::community::{Community, Epoch, labelled, signed};
use crate::file::{Test, invalid};

use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use serde_json::Value;

use dispatch_conformance::codec::{Account, sha256};

pub(super) fn tests(blocks: &mut Blocks) -> Vec<Test> {
    let mut tests = messages(blocks);
    tests.extend(redactions(blocks));
    tests
}

fn messages(blocks: &mut Blocks) -> Vec<Test> {
    let (at, epoch) = talking();
    let (alice, bob, carol) = (named("m01"), named("m02"), named("m03"));
    let unknown = Epoch {
        id: labelled("no epoch"),
        secret: epoch.secret,
    };
    let (stale, old) = stale();
    let mut returned = stale.clone();
    let roster = returned.roster(&[carol], &[]);
    returned.append(roster);
    let mut own = at.clone();
    let roster = own.roster(&[], &[bob]);
    own.append(roster);
    let mut bad =
        |id: &str, about: &str, requirement, code, at: &Community, by: &Account, epoch: &Epoch| {
            let entry = at.message(by, epoch, "Is this still on?");
            blocks.bad_end(id, about, requirement, code, at, at.block(entry))
        };
    let mut tests = vec![
        bad(
            "chain-message-unknown-epoch",
            "under an epoch that is not in the chain",
            "MSG-1",
            "unknown_epoch",
            &at,
            alice,
            &unknown,
        ),
        bad(
            "chain-message-by-stranger",
            "by a member who is not a recipient",
            "MSG-2",
            "not_recipient",
            &at,
            carol,
            &epoch,
        )
        .flag("recipients"),
        bad(
            "chain-message-stale",
            "a recipient by its own wrap was removed",
            "MSG-3",
            "stale_epoch",
            &own,
            alice,
            &epoch,
        )
        .flag("epoch-for-ever"),
        bad(
            "chain-message-stale-by-share",
            "a recipient by a share was removed",
            "MSG-3",
            "stale_epoch",
            &stale,
            alice,
            &old,
        )
        .flag("epoch-for-ever"),
        bad(
            "chain-message-stale-after-return",
            "the removed recipient is on the roster again",
            "MSG-3",
            "stale_epoch",
            &returned,
            alice,
            &old,
        )
        .flag("epoch-for-ever"),
    ];
    let mut ciphertext = |id: &str, about: &str, requirement, bytes: &[u8], hash: [u8; 32]| {
        let mut entry = at.message(alice, &epoch, "x");
        entry["body"]["ciphertext"] = encode(bytes).into();
        entry["body"]["ciphertext_hash"] = encode(&hash).into();
        let last = at.block(signed(entry, alice));
        blocks.bad_end(id, about, requirement, "bad_ciphertext", &at, last)
    };
    tests.push(ciphertext(
        "chain-message-other-hash",
        "the hash is not the ciphertext's",
        "MSG-4",
        &[1; 144],
        sha256(&[2; 144]),
    ));
    for (length, about) in [
        (0, "no bytes"),
        (16, "a tag alone: nothing was padded"),
        (128, "a multiple of 128 without room for the tag"),
        (143, "a byte too few"),
        (145, "a byte too many"),
        (160, "padded to 16 and not to 128"),
    ] {
        let bytes = vec![5; length];
        tests.push(ciphertext(
            &format!("chain-message-length-{length}"),
            about,
            "MSG-5",
            &bytes,
            sha256(&bytes),
        ));
    }
    tests
}

fn redactions(blocks: &mut Blocks) -> Vec<Test> {
    let (at, epoch) = talking();
    let (alice, bob) = (named("m01"), named("m02"));
    let mut gone = at.clone();
    let redaction = gone.redaction(alice, 6, "");
    gone.append(redaction);
    let mut bad =
        |id: &str, about: &str, requirement, code, at: &Community, by: &Account, index| {
            blocks.bad_end(
                id,
                about,
                requirement,
                code,
                at,
                at.block(at.redaction(by, index, "")),
            )
        };
    let mut tests = vec![
        bad(
            "chain-redaction-of-card",
            "of a block that holds no message",
            "RED-1",
            "bad_redaction",
            &at,
            named("authority"),
            2,
        ),
        bad(
            "chain-redaction-of-genesis",
            "of block 0",
            "RED-1",
            "bad_redaction",
            &at,
            named("authority"),
            0,
        ),
        bad(
            "chain-redaction-beyond",
            "of a block that is not there",
            "RED-1",
            "bad_redaction",
            &at,
            alice,
            70,
        ),
        bad(
            "chain-redaction-of-itself",
            "of its own block",
            "RED-1",
            "bad_redaction",
            &at,
            alice,
            7,
        ),
        bad(
            "chain-redaction-twice",
            "of a message that is redacted already",
            "RED-2",
            "bad_redaction",
            &gone,
            named("authority"),
            6,
        ),
        bad(
            "chain-redaction-by-another",
            "by a member who is neither the authority nor the author",
            "RED-3",
            "not_authority",
            &at,
            bob,
            6,
        ),
    ];
    let mut gap = |id: &str, about: &str, list: &[Value]| {
        let frame = blocks.frame(id, 0, list);
        invalid(id, about, &["RED-8"], "unredacted_gap")
            .flag("gap")
            .with("frames", vec![frame])
            .with("at", "end")
    };
    let mut unredacted = at.blocks.clone();
    unredacted[6] = redacted(&unredacted[6]);
    tests.push(gap(
        "chain-gap",
        "a message without ciphertext that no block redacts",
        &unredacted,
    ));
    let mut two = at.clone();
    let message = two.message(bob, &epoch, "And to you.");
    two.append(message);
    let redaction = two.redaction(bob, 7, "");
    two.append(redaction);
    let mut wrong = two.blocks.clone();
    wrong[6] = redacted(&wrong[6]);
    wrong[7] = redacted(&wrong[7]);
    tests.push(gap(
        "chain-gap-beside-redaction",
        "two messages without ciphertext, of which a block redacts one",
        &wrong,
    ));
    tests
}
