//! Joining: hello, challenge, prove, welcome.

use dispatch_protocol::bytes::{Bytes, Hash, Id, Nonce};
use dispatch_protocol::session::Dial;
use dispatch_protocol::wire::{Challenge, ClientFrame, Hello, Prove, ServerFrame, Welcome};

use crate::peers::{NONCE, Server, challenge, connect, dial, hello, join_with, prove, refused};
use crate::world::{id, key};

#[test]
fn a_member_joins_and_both_sides_are_proven() {
    let mut server = Server::new();
    let hello = hello(&server, "m01");
    let (connection, joined, welcome) = join_with(&mut server, "m01", hello);
    let open = connection.session.open().unwrap();
    assert_eq!(open.account(), id("m01"));
    assert_eq!(open.from(), 0);
    assert_eq!(open.welcomed_at(), server.world.state.size());
    assert_eq!(joined.chain(), server.world.state.prefix());
    // [JOIN-18]
    assert_eq!(
        welcome.expires_at,
        server.now() + server.host.limits.session_ms
    );
    assert_eq!(
        (joined.expires_at(), open.expires_at()),
        (welcome.expires_at, welcome.expires_at)
    );
    assert_eq!(joined.token(), &welcome.token);
}

#[test]
fn a_session_lives_no_longer_than_the_client_wants() {
    let mut server = Server::new();
    let longest = server.host.limits.session_ms;
    for (wish, life) in [
        (1000, 1000),
        (longest - 1, longest - 1),
        (longest + 1, longest),
    ] {
        let hello = dial(&server, "m01").hello(NONCE, Some(wish), None);
        let (_, joined, _) = join_with(&mut server, "m01", hello);
        assert_eq!(joined.expires_at(), server.now() + life);
    }
}

#[test]
fn a_hello_for_another_origin_or_with_a_bad_key_leaves_the_connection_as_it_was() {
    let mut server = Server::new();
    let mut connection = connect();
    for origin in [
        "https://chat.example.org:443",
        "https://chat.example.org/",
        "http://chat.example.org",
        "HTTPS://chat.example.org",
    ] {
        let hello = Hello {
            origin: origin.to_owned(),
            ..hello(&server, "m01")
        };
        assert_eq!(
            refused(server.take(&mut connection, ClientFrame::Hello(hello))),
            "wrong_origin"
        );
    }
    let hello = Hello {
        public_key: Bytes::from(vec![1, 2, 3]),
        ..hello(&server, "m01")
    };
    assert_eq!(
        refused(server.take(&mut connection, ClientFrame::Hello(hello))),
        "bad_key"
    );
    let good = self::hello(&server, "m01");
    let second = Hello {
        origin: "http://127.0.0.1:7311".to_owned(),
        ..good
    };
    let challenge = challenge(&mut server, &mut connection, second);
    // [JOIN-8]
    assert_eq!(
        challenge.expires_at,
        server.now() + server.host.limits.challenge_ms
    );
}

#[test]
fn a_proof_is_by_the_account_of_the_hello_over_this_join() {
    let mut server = Server::new();
    let other = Dial {
        origin: "http://127.0.0.1:7311".to_owned(),
        ..dial(&server, "m01")
    };
    let mut answer = |make: &dyn Fn(&Server, &Challenge) -> Prove| {
        let mut connection = connect();
        let hello = hello(&server, "m01");
        let challenge = challenge(&mut server, &mut connection, hello);
        let prove = make(&server, &challenge);
        server.take(&mut connection, ClientFrame::Prove(prove))
    };
    let good = answer(&|server, challenge| prove(server, "m01", challenge));
    assert!(matches!(good, ServerFrame::Welcome(_)));
    let by_another = answer(&|server, challenge| prove(server, "m02", challenge));
    assert_eq!(refused(by_another), "bad_proof");
    // what a hostile community would pass on
    let elsewhere = answer(&|_, challenge| other.prove(NONCE, challenge, key("m01")).unwrap().1);
    assert_eq!(refused(elsewhere), "bad_proof");
    let other_nonce = answer(&|server, challenge| {
        dial(server, "m01")
            .prove(Nonce::new([0; 32]), challenge, key("m01"))
            .unwrap()
            .1
    });
    assert_eq!(refused(other_nonce), "bad_proof");
    let later = answer(&|server, challenge| {
        let later = Challenge {
            expires_at: challenge.expires_at + 1,
            ..*challenge
        };
        prove(server, "m01", &later)
    });
    assert_eq!(refused(later), "bad_proof");
    let short = answer(&|server, challenge| Prove {
        signature: Bytes::from(vec![1; 3]),
        ..prove(server, "m01", challenge)
    });
    assert_eq!(refused(short), "bad_proof");
}

#[test]
fn a_stranger_learns_after_the_proof_alone_that_they_are_none() {
    let mut server = Server::new();
    let mut connection = connect();
    let hello = hello(&server, "o01");
    let challenge = challenge(&mut server, &mut connection, hello);
    let wrong = Prove {
        signature: Bytes::from(vec![1; 256]),
        ..prove(&server, "o01", &challenge)
    };
    assert_eq!(
        refused(server.take(&mut connection, ClientFrame::Prove(wrong))),
        "bad_proof"
    );
    let hello = self::hello(&server, "o01");
    let challenge = self::challenge(&mut server, &mut connection, hello);
    let good = prove(&server, "o01", &challenge);
    assert_eq!(
        refused(server.take(&mut connection, ClientFrame::Prove(good))),
        "not_allowed"
    );
    assert!(server.sessions.is_empty());
}

#[test]
fn a_challenge_is_spent_by_whoever_names_it_and_by_nobody_else() {
    let mut server = Server::new();
    let mut connection = connect();
    let hello = hello(&server, "m01");
    let first = challenge(&mut server, &mut connection, hello.clone());
    let good = prove(&server, "m01", &first);

    // another nonce changes nothing
    let foreign = Prove {
        server_nonce: Nonce::new([0xee; 32]),
        ..good.clone()
    };
    assert_eq!(
        refused(server.take(&mut connection, ClientFrame::Prove(foreign))),
        "no_challenge"
    );
    // nor does a hello
    let again = ClientFrame::Hello(hello.clone());
    assert_eq!(
        refused(server.take(&mut connection, again.clone())),
        "unexpected_frame"
    );
    // a wrong proof spends it
    let wrong = Prove {
        signature: Bytes::from(vec![1; 256]),
        ..good.clone()
    };
    assert_eq!(
        refused(server.take(&mut connection, ClientFrame::Prove(wrong))),
        "bad_proof"
    );
    assert_eq!(
        refused(server.take(&mut connection, ClientFrame::Prove(good.clone()))),
        "no_challenge"
    );

    // of two connections each has its own
    let mut other = connect();
    challenge(&mut server, &mut other, hello.clone());
    let second = challenge(&mut server, &mut connection, hello);
    let proof = prove(&server, "m01", &second);
    assert_eq!(
        refused(server.take(&mut other, ClientFrame::Prove(proof.clone()))),
        "no_challenge"
    );
    assert!(matches!(
        server.take(&mut connection, ClientFrame::Prove(proof)),
        ServerFrame::Welcome(_)
    ));
}

#[test]
fn a_challenge_ends_at_its_time() {
    for (late, expected) in [
        (-1, None),
        (0, Some("challenge_expired")),
        (1, Some("challenge_expired")),
    ] {
        let mut server = Server::new();
        let mut connection = connect();
        let hello = hello(&server, "m01");
        let challenge = challenge(&mut server, &mut connection, hello);
        let good = prove(&server, "m01", &challenge);
        server.world.now = challenge.expires_at.checked_add_signed(late).unwrap();
        let answer = server.take(&mut connection, ClientFrame::Prove(good));
        match expected {
            None => assert!(matches!(answer, ServerFrame::Welcome(_))),
            Some(code) => assert_eq!(refused(answer), code),
        }
    }
}

#[test]
fn a_client_believes_a_welcome_that_is_the_servers_answer_to_it_alone() {
    let mut server = Server::new();
    let dial = dial(&server, "m01");
    let mut welcome = |change: &dyn Fn(&mut Welcome)| {
        let mut connection = connect();
        let hello = hello(&server, "m01");
        let challenge = challenge(&mut server, &mut connection, hello);
        let (awaiting, prove) = dial.prove(NONCE, &challenge, key("m01")).unwrap();
        let ServerFrame::Welcome(mut welcome) =
            server.take(&mut connection, ClientFrame::Prove(prove))
        else {
            panic!("no welcome")
        };
        change(&mut welcome);
        awaiting
            .welcome(&welcome)
            .map(|_| ())
            .map_err(|finding| (finding.verdict.as_str(), finding.requirement))
    };
    assert_eq!(welcome(&|_| {}), Ok(()));
    let bad: [&dyn Fn(&mut Welcome); 6] = [
        &|welcome| welcome.expires_at += 1,
        &|welcome| welcome.size += 1,
        &|welcome| welcome.head = Hash::ZERO,
        &|welcome| welcome.token = Bytes::from(vec![1; 256]),
        &|welcome| welcome.signature = Bytes::from(vec![1; 256]),
        &|welcome| welcome.signature = welcome.token.clone(),
    ];
    for change in bad {
        assert_eq!(welcome(change), Err(("bad_welcome", "JOIN-17")));
    }
    let checkpoint = welcome(&|welcome| welcome.checkpoint.time += 1);
    assert_eq!(checkpoint, Err(("bad_checkpoint", "CHECK-6")));
}

#[test]
fn a_client_signs_nothing_for_another_community() {
    let mut server = Server::new();
    let hello = hello(&server, "m01");
    let good = challenge(&mut server, &mut connect(), hello);
    let dial = dial(&server, "m01");
    assert!(dial.prove(NONCE, &good, key("m01")).is_ok());
    let other = Challenge {
        community: Id::ZERO,
        ..good
    };
    let finding = dial
        .prove(NONCE, &other, key("m01"))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        (finding.verdict.as_str(), finding.requirement),
        ("wrong_genesis", "JOIN-19")
    );
}
