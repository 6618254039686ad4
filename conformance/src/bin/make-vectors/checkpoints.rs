//! `checkpoints.json`: the server's signed statements.

use crate::community::{Community, checkpoint_by, labelled, sign};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::{Checkpoint, Scheme, base64url::encode};
use serde_json::Value;

pub fn file() -> File {
    File::new(
        "checkpoints",
        "Checkpoints. Verify each by the server key, for the community with this id, as a client does that holds no block yet.",
    )
    .flag("not-signed", "leaves a member out of the checkpoint tuple", &[])
    .flag("other-signer", "takes a signature by another key", &[])
    .flag("other-community", "does not hold the checkpoint's community against its own", &[])
    .group(
        Group::new(
            "checkpoints",
            "`server_key`: genesis' server key; `community`: the client's; `checkpoint`; `checkpoint_tuple`: the signed bytes of a valid one.",
        )
        .shared("server_key", encode(named("server").public_key()))
        .shared("community", encode(&Community::example().id()))
        .tests(tests()),
    )
    .flag_rest("other-scheme", "takes another signature scheme", &["checkpoint-pkcs1v15", "checkpoint-salt-"])
    .flag_rest("empty-chain", "takes a checkpoint of no blocks", &["checkpoint-of-nothing"])
}

fn tests() -> Vec<Test> {
    let mut at = Community::example();
    let one = at.statement(1);
    let roster = at.roster(&[named("m01"), named("m02")], &[]);
    at.append(roster);
    let two = at.statement(2);
    let huge = Checkpoint {
        size: 9_007_199_254_740_991,
        time: 9_007_199_254_740_991,
        ..two.clone()
    };
    let good = |id: &str, about: &str, statement: &Checkpoint| {
        valid(id, about, &["CHECK-6", "TUPLE-1"])
            .with("checkpoint", checkpoint_by(statement, at.server))
            .bytes("checkpoint_tuple", &statement.tuple().encode())
    };
    let bad = |id: &str, about: &str, checkpoint: Value| {
        invalid(id, about, &["CHECK-6"], "bad_checkpoint").with("checkpoint", checkpoint)
    };
    let changed = |id: &str, member: &str, value: Value| {
        let mut checkpoint = checkpoint_by(&two, at.server);
        checkpoint[member] = value;
        bad(id, &format!("`{member}` was changed"), checkpoint).flag("not-signed")
    };
    let hash = || Value::from(encode(&labelled("another")));
    let scheme = |id: &str, about: &str, scheme| {
        let mut checkpoint = checkpoint_by(&two, at.server);
        checkpoint["signature"] = encode(&sign(at.server, &two.tuple().encode(), scheme)).into();
        bad(id, about, checkpoint)
    };
    let elsewhere = Checkpoint {
        community: labelled("elsewhere"),
        ..two.clone()
    };
    let nothing = Checkpoint {
        size: 0,
        head: [0; 32],
        ..two.clone()
    };
    vec![
        good("checkpoint-one-block", "of block 0 alone", &one),
        good("checkpoint-two-blocks", "of two blocks", &two),
        good(
            "checkpoint-greatest-numbers",
            "2^53 - 1 for size and time",
            &huge,
        ),
        changed("checkpoint-changed-size", "size", 3.into()),
        changed("checkpoint-changed-head", "head", hash()),
        changed("checkpoint-changed-root", "root", hash()),
        changed("checkpoint-changed-time", "time", (two.time + 1).into()),
        changed("checkpoint-changed-community", "community", hash()).flag("other-community"),
        bad(
            "checkpoint-by-authority",
            "signed by the authority",
            checkpoint_by(&two, at.authority),
        )
        .flag("other-signer"),
        bad(
            "checkpoint-by-member",
            "signed by a member",
            checkpoint_by(&two, named("m01")),
        )
        .flag("other-signer"),
        bad(
            "checkpoint-by-other-server",
            "signed by another server key",
            checkpoint_by(&two, named("other-server")),
        )
        .flag("other-signer"),
        bad(
            "checkpoint-of-other-community",
            "signed by this server key, for another community",
            checkpoint_by(&elsewhere, at.server),
        )
        .flag("other-community"),
        bad(
            "checkpoint-of-nothing",
            "of size 0",
            checkpoint_by(&nothing, at.server),
        ),
        scheme(
            "checkpoint-pkcs1v15",
            "signed by RSASSA-PKCS1-v1_5",
            Scheme::Pkcs1v15,
        ),
        scheme(
            "checkpoint-salt-0",
            "signed without a salt",
            Scheme::PssSalt(0),
        ),
    ]
}
