//! The two signatures of a join.

use dispatch_protocol::key::PublicKey;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::session::{AwaitProof, Host, Meeting};
use dispatch_protocol::wire::{Hello, Prove, ServerFrame, Version};

use crate::vector::{Outcome, Vector, found, refused};

pub fn proofs(test: &Vector, _: &Vector) -> Outcome {
    let limits = Limits::default();
    let made = test.uint("expires_at") - limits.challenge_ms;
    let host = Host {
        origins: vec![test.text("origin").to_owned()],
        community: test.id("community"),
        limits,
    };
    let hello = Hello {
        version: Version,
        origin: test.text("origin").to_owned(),
        public_key: test.bytes("public_key"),
        client_nonce: test.nonce("client_nonce"),
        session_ms: None,
        have: None,
    };
    let (awaiting, challenge) =
        AwaitProof::hello(hello, &host, test.nonce("server_nonce"), made).map_err(refused)?;
    assert_eq!(challenge.expires_at, test.uint("expires_at"));
    let prove = Prove {
        server_nonce: test.nonce("server_nonce"),
        signature: test.bytes("signature"),
    };
    let account = PublicKey::parse(&test.bytes("public_key")).unwrap().id();
    test.same(
        "join_tuple",
        &meeting(test, account).join_tuple(challenge.expires_at),
    );
    let proven = awaiting
        .prove(prove, made)
        .and_then(|proof| proof.verify())
        .map_err(refused)?;
    assert_eq!(proven.account(), account);
    Ok(())
}

pub fn welcomes(test: &Vector, _: &Vector) -> Outcome {
    let frame = ServerFrame::decode(&test.value("welcome").to_string()).map_err(refused)?;
    let Some(ServerFrame::Welcome(welcome)) = frame else {
        panic!("not a welcome")
    };
    let meeting = meeting(test, test.id("account"));
    let token = test.bytes("token");
    let chain = dispatch_protocol::entry::Prefix {
        size: welcome.size,
        hash: welcome.head,
    };
    let hash = dispatch_protocol::session::TokenHash::of(&token);
    test.same(
        "welcome_tuple",
        &meeting.welcome_tuple(welcome.expires_at, &chain, &hash),
    );
    meeting
        .verify(&welcome, &token, &test.key("server_key"))
        .map_err(found)
}

fn meeting(test: &Vector, account: dispatch_protocol::bytes::Id) -> Meeting {
    Meeting {
        origin: test.text("origin").to_owned(),
        community: test.id("community"),
        account,
        client_nonce: test.nonce("client_nonce"),
        server_nonce: test.nonce("server_nonce"),
    }
}
