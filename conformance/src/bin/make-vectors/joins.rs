//! `joins.json`: the account's signature in a `prove`, and the server's in a `welcome`.

use crate::community::{Community, FOUNDED, labelled, sign};
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::{Account, Join, Scheme, base64url::encode};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new("joins", "The two signatures of a join, by the one who checks each.")
        .flag("relayed", "verifies over an origin or a community that the other side told", &["servers that trust Host or X-Forwarded-Host"])
        .flag("replayed", "leaves a nonce or a time out of the tuple", &[])
        .flag("wrong-statement", "takes a signature that was made for something else", &[])
        .flag("other-scheme", "takes another signature scheme", &[])
        .flag("wrong-server", "takes another signer than the server key of genesis", &[])
        .group(
            Group::new(
                "proofs",
                "As a server: `public_key` is that of the `hello`; `origin`, `community`, `client_nonce`, `server_nonce` and \
                 `expires_at` are what the server holds; `signature` is that of the `prove`. `join_tuple`: the signed bytes of a \
                 valid one.",
            )
            .tests(proofs()),
        )
        .group(
            Group::new(
                "welcomes",
                "As a client: `server_key` is that of genesis; `origin`, `community`, `account`, `client_nonce`, `server_nonce` and \
                 `token` are what the client holds; `welcome` is the frame. `welcome_tuple`: the signed bytes of a valid one. The \
                 checkpoint is not looked at.",
            )
            .tests(welcomes()),
        )
        .flag_rest("unverified", "does not verify the signature by the key that was given, or takes bytes that are none", &["join-"])
        .flag_rest("not-signed", "leaves a member out of the welcome tuple", &["welcome-changed-"])
}

fn join() -> Join {
    Join {
        origin: "https://chat.example.org".into(),
        community: Community::example().id(),
        account: named("m01").id(),
        client_nonce: labelled("client nonce"),
        server_nonce: labelled("server nonce"),
        expires_at: FOUNDED + 60_000,
    }
}

fn with_join(test: Test, join: &Join) -> Test {
    test.with("origin", join.origin.as_str())
        .bytes("community", &join.community)
        .bytes("client_nonce", &join.client_nonce)
        .bytes("server_nonce", &join.server_nonce)
}

fn proofs() -> Vec<Test> {
    let alice = named("m01");
    let held = |test: Test, join: &Join, account: &Account| {
        with_join(test, join)
            .with("expires_at", join.expires_at)
            .bytes("public_key", account.public_key())
    };
    let good = |id: &str, about: &str, account: &Account| {
        let join = Join {
            account: account.id(),
            ..join()
        };
        held(valid(id, about, &["JOIN-11"]), &join, account)
            .bytes("join_tuple", &join.tuple().encode())
            .bytes(
                "signature",
                &sign(account, &join.tuple().encode(), Scheme::Pss),
            )
    };
    let bad = |id: &str, about: &str, signature: &[u8]| {
        held(
            invalid(id, about, &["JOIN-11"], "bad_proof"),
            &join(),
            alice,
        )
        .bytes("signature", signature)
    };
    let signed = |id: &str, about: &str, change: fn(&mut Join)| {
        let mut stated = join();
        change(&mut stated);
        bad(
            id,
            about,
            &sign(alice, &stated.tuple().encode(), Scheme::Pss),
        )
    };
    let tuple = join().tuple().encode();
    let by = |id: &str, about: &str, account: &Account, scheme| {
        bad(id, about, &sign(account, &tuple, scheme))
    };
    let welcome = join()
        .welcome_tuple(1, &labelled("head"), b"token")
        .encode();
    vec![
        good("join-2048", "a key of 2048 bits", alice),
        good("join-4096", "a key of 4096 bits", named("m14")),
        signed(
            "join-other-origin",
            "signed for another origin: relayed",
            |j| j.origin = "https://mallory.example".into(),
        )
        .flag("relayed"),
        signed(
            "join-origin-with-port",
            "signed for the origin with its default port",
            |j| j.origin = "https://chat.example.org:443".into(),
        )
        .flag("relayed"),
        signed(
            "join-origin-with-slash",
            "signed for the origin with a slash",
            |j| j.origin = "https://chat.example.org/".into(),
        )
        .flag("relayed"),
        signed("join-origin-websocket", "signed for the scheme wss", |j| {
            j.origin = "wss://chat.example.org".into()
        })
        .flag("relayed"),
        signed(
            "join-other-community",
            "signed for another community",
            |j| j.community = labelled("elsewhere"),
        )
        .flag("relayed"),
        signed(
            "join-other-account",
            "signed with another account's id",
            |j| j.account = named("m02").id(),
        )
        .flag("replayed"),
        signed(
            "join-other-client-nonce",
            "signed with another client nonce",
            |j| j.client_nonce = labelled("another nonce"),
        )
        .flag("replayed"),
        signed(
            "join-other-server-nonce",
            "signed for another challenge",
            |j| j.server_nonce = labelled("another nonce"),
        )
        .flag("replayed"),
        signed(
            "join-nonces-swapped",
            "the nonces in the wrong places",
            |j| std::mem::swap(&mut j.client_nonce, &mut j.server_nonce),
        )
        .flag("replayed"),
        signed(
            "join-other-expiry",
            "signed for a later `expires_at`",
            |j| j.expires_at += 1,
        )
        .flag("replayed"),
        by(
            "join-by-another",
            "signed by another account",
            named("m02"),
            Scheme::Pss,
        ),
        by(
            "join-pkcs1v15",
            "RSASSA-PKCS1-v1_5",
            alice,
            Scheme::Pkcs1v15,
        )
        .flag("other-scheme"),
        by(
            "join-salt-20",
            "a salt of 20 bytes",
            alice,
            Scheme::PssSalt(20),
        )
        .flag("other-scheme"),
        by(
            "join-mgf1-sha1",
            "SHA-1 in MGF1",
            alice,
            Scheme::PssMgf1Sha1,
        )
        .flag("other-scheme"),
        by(
            "join-plus-modulus",
            "a good signature plus the modulus",
            alice,
            Scheme::PssPlusModulus,
        )
        .flag("other-scheme"),
        bad(
            "join-welcome-tuple",
            "signed under the label `welcome`",
            &sign(alice, &welcome, Scheme::Pss),
        )
        .flag("wrong-statement"),
        bad(
            "join-bare-nonce",
            "signed over the server nonce alone",
            &sign(alice, &join().server_nonce, Scheme::Pss),
        )
        .flag("wrong-statement"),
        bad(
            "join-cut",
            "the last byte is missing",
            &sign(alice, &tuple, Scheme::Pss)[..255],
        ),
        bad("join-empty", "no bytes", &[]),
    ]
}

fn welcomes() -> Vec<Test> {
    let at = Community::example();
    let alice = named("m01");
    let session = Join {
        expires_at: FOUNDED + 21_600_000,
        ..join()
    };
    let token = sign(alice, &join().tuple().encode(), Scheme::Pss);
    let (size, head) = (at.model.size(), at.model.head());
    let tuple = session.welcome_tuple(size, &head, &token).encode();
    let frame = |signature: Vec<u8>| {
        json!({
            "type": "welcome",
            "token": encode(&token),
            "expires_at": session.expires_at,
            "size": size,
            "head": encode(&head),
            "checkpoint": at.checkpoint(),
            "signature": encode(&signature),
        })
    };
    let held = |test: Test, welcome: Value| {
        with_join(test, &session)
            .bytes("account", &session.account)
            .bytes("server_key", at.server.public_key())
            .bytes("token", &token)
            .with("welcome", welcome)
    };
    let bad = |id: &str, about: &str, welcome: Value| {
        held(invalid(id, about, &["JOIN-17"], "bad_welcome"), welcome)
    };
    let signed = |id: &str, about: &str, change: fn(&mut Join)| {
        let mut stated = session.clone();
        change(&mut stated);
        bad(
            id,
            about,
            frame(sign(
                at.server,
                &stated.welcome_tuple(size, &head, &token).encode(),
                Scheme::Pss,
            )),
        )
    };
    let changed = |id: &str, about: &str, member: &str, value: Value| {
        let mut welcome = frame(sign(at.server, &tuple, Scheme::Pss));
        welcome[member] = value;
        bad(id, about, welcome)
    };
    let by = |id: &str, about: &str, account: &Account, scheme| {
        bad(id, about, frame(sign(account, &tuple, scheme)))
    };
    let other_token = sign(alice, b"another join", Scheme::Pss);
    let for_other_token = session.welcome_tuple(size, &head, &other_token).encode();
    vec![
        held(
            valid("welcome-good", "the answer to a good `prove`", &["JOIN-17"]),
            frame(sign(at.server, &tuple, Scheme::Pss)),
        )
        .bytes("welcome_tuple", &tuple),
        changed(
            "welcome-changed-size",
            "`size` was changed",
            "size",
            (size + 1).into(),
        ),
        changed(
            "welcome-changed-head",
            "`head` was changed",
            "head",
            encode(&labelled("head")).into(),
        ),
        changed(
            "welcome-changed-expiry",
            "`expires_at` was changed",
            "expires_at",
            (session.expires_at + 1).into(),
        ),
        changed(
            "welcome-other-token",
            "the token is not the client's",
            "token",
            encode(&other_token).into(),
        )
        .flag("replayed"),
        bad(
            "welcome-signed-for-other-token",
            "signed over another token",
            frame(sign(at.server, &for_other_token, Scheme::Pss)),
        )
        .flag("replayed"),
        signed("welcome-other-origin", "signed for another origin", |j| {
            j.origin = "https://mallory.example".into()
        })
        .flag("relayed"),
        signed(
            "welcome-other-community",
            "signed for another community",
            |j| j.community = labelled("elsewhere"),
        )
        .flag("relayed"),
        signed("welcome-other-account", "signed for another account", |j| {
            j.account = named("m02").id()
        })
        .flag("replayed"),
        signed(
            "welcome-other-client-nonce",
            "signed for another client nonce: an old welcome",
            |j| j.client_nonce = labelled("another nonce"),
        )
        .flag("replayed"),
        signed(
            "welcome-other-server-nonce",
            "signed for another server nonce",
            |j| j.server_nonce = labelled("another nonce"),
        )
        .flag("replayed"),
        signed(
            "welcome-challenge-expiry",
            "signed with the challenge's `expires_at`",
            |j| j.expires_at = FOUNDED + 60_000,
        )
        .flag("replayed"),
        by(
            "welcome-by-authority",
            "signed by the authority",
            at.authority,
            Scheme::Pss,
        )
        .flag("wrong-server"),
        by(
            "welcome-by-other-server",
            "signed by another server key",
            named("other-server"),
            Scheme::Pss,
        )
        .flag("wrong-server"),
        by(
            "welcome-by-client",
            "signed by the client's own account",
            alice,
            Scheme::Pss,
        )
        .flag("wrong-server"),
        by(
            "welcome-pkcs1v15",
            "RSASSA-PKCS1-v1_5",
            at.server,
            Scheme::Pkcs1v15,
        )
        .flag("other-scheme"),
        by(
            "welcome-salt-20",
            "a salt of 20 bytes",
            at.server,
            Scheme::PssSalt(20),
        )
        .flag("other-scheme"),
    ]
}
