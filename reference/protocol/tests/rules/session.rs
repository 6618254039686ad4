//! Sessions: resuming, submitting, ending; what a connection awaits.

use dispatch_protocol::bytes::{Bytes, Hash, Nonce};
use dispatch_protocol::entry::Prefix;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::session::{AwaitProof, Challenges, Joined, Sessions};
use dispatch_protocol::wire::{ClientFrame, Prove, Ref, Resume, ServerFrame, Submit};

use crate::peers::{
    Connection, NONCE, Server, challenge, connect, dial, hello, join, join_with, prove, refused,
};
use crate::world::{card, id};

#[test]
fn blocks_begin_behind_what_the_client_has() {
    let mut server = Server::new();
    let head = server.world.state.prefix();
    let second = Prefix {
        size: 2,
        hash: server.world.state.prefix_head(2).unwrap(),
    };
    for (have, from) in [
        (None, 0),
        (Some(Prefix::EMPTY), 0),
        (Some(second), 2),
        (Some(head), head.size),
    ] {
        let hello = dial(&server, "m01").hello(NONCE, None, have);
        let (connection, ..) = join_with(&mut server, "m01", hello);
        assert_eq!(connection.session.open().unwrap().from(), from);
    }
    for have in [
        Prefix {
            size: 0,
            hash: Hash::of(b""),
        },
        Prefix {
            size: 2,
            hash: head.hash,
        },
        Prefix {
            size: head.size + 1,
            ..head
        },
    ] {
        let mut connection = connect();
        let hello = dial(&server, "m01").hello(NONCE, None, Some(have));
        let challenge = challenge(&mut server, &mut connection, hello);
        let good = prove(&server, "m01", &challenge);
        let sessions = server.sessions.len();
        assert_eq!(
            refused(server.take(&mut connection, ClientFrame::Prove(good))),
            "unknown_have"
        );
        assert_eq!(server.sessions.len(), sessions);
    }
}

#[test]
fn a_session_is_resumed_under_its_token_while_it_lives() {
    let mut server = Server::new();
    let (_, joined) = join(&mut server, "m01");
    let head = server.world.state.prefix();
    server.world.publish_card("m02");
    let fresh = Nonce::new([0xc2; 32]);
    let (awaiting, resume) = joined.resume(fresh, Some(head));
    let mut second = connect();
    let ServerFrame::Welcome(welcome) =
        server.take(&mut second, ClientFrame::Resume(resume.clone()))
    else {
        panic!("not resumed")
    };
    let resumed = awaiting.welcome(&welcome).unwrap();
    assert_eq!(resumed.token(), joined.token());
    assert_eq!(resumed.expires_at(), joined.expires_at());
    assert_eq!(second.session.open().unwrap().from(), head.size);

    let resume_with = |server: &mut Server, resume: Resume| {
        refused(server.take(&mut connect(), ClientFrame::Resume(resume)))
    };
    let stolen = Resume {
        token: Bytes::from(vec![1; 256]),
        ..resume.clone()
    };
    assert_eq!(resume_with(&mut server, stolen), "bad_token");
    let have = Some(Prefix {
        hash: Hash::ZERO,
        ..head
    });
    assert_eq!(
        resume_with(
            &mut server,
            Resume {
                have,
                ..resume.clone()
            }
        ),
        "unknown_have"
    );
    // the session stays as it is
    assert!(matches!(
        server.take(&mut connect(), ClientFrame::Resume(resume.clone())),
        ServerFrame::Welcome(_)
    ));
    server.world.now = joined.expires_at();
    assert_eq!(resume_with(&mut server, resume), "bad_token");
}

#[test]
fn a_removal_ends_an_accounts_sessions_for_good() {
    let mut server = Server::new();
    let (_, one) = join(&mut server, "m01");
    let (_, two) = join(&mut server, "m01");
    let (_, other) = join(&mut server, "m02");
    server.world.remove(&["m01"]);
    assert_eq!(server.sessions.revoke(&id("m01")).len(), 2);
    let resume = |server: &mut Server, joined: &Joined| {
        let (_, resume) = joined.resume(NONCE, None);
        server.take(&mut connect(), ClientFrame::Resume(resume))
    };
    assert_eq!(refused(resume(&mut server, &one)), "bad_token");
    server.world.add(&["m01"]);
    assert_eq!(refused(resume(&mut server, &two)), "bad_token");
    assert!(matches!(
        resume(&mut server, &other),
        ServerFrame::Welcome(_)
    ));
    // a new join is welcome
    join(&mut server, "m01");
    assert_eq!(Sessions::removed().code.as_str(), "removed");
}

#[test]
fn a_submit_needs_this_connections_token_and_this_accounts_name() {
    let mut server = Server::new();
    let (mut connection, joined) = join(&mut server, "m01");
    let (_, second) = join(&mut server, "m01");
    let submit = |server: &Server, token: &Bytes, author: &str| {
        ClientFrame::Submit(Submit {
            reference: Ref::parse("r-1").unwrap(),
            token: token.clone(),
            entry: server.world.entry(author, card()),
        })
    };
    let refuse = |server: &mut Server, connection: &mut Connection, frame: ClientFrame| match server
        .take(connection, frame)
    {
        ServerFrame::Refused(refused) => {
            assert_eq!(refused.reference, Ref::parse("r-1"));
            refused.code.as_str()
        }
        other => panic!("not refused: {other:?}"),
    };
    let wrong = submit(&server, &Bytes::from(vec![1; 256]), "m01");
    assert_eq!(refuse(&mut server, &mut connection, wrong), "bad_token");
    let wrong = submit(&server, second.token(), "m01");
    assert_eq!(refuse(&mut server, &mut connection, wrong), "bad_token");
    let wrong = submit(&server, joined.token(), "m02");
    assert_eq!(refuse(&mut server, &mut connection, wrong), "wrong_author");
    let early = submit(&server, joined.token(), "m01");
    assert_eq!(
        refuse(&mut server, &mut connect(), early),
        "unexpected_frame"
    );

    let good = submit(&server, joined.token(), "m01");
    let ServerFrame::Accepted(accepted) = server.take(&mut connection, good) else {
        panic!("not accepted")
    };
    assert_eq!(accepted.reference, Ref::parse("r-1"));
    assert_eq!(accepted.hash, server.world.state.head());
}

#[test]
fn frames_out_of_place_change_nothing() {
    let mut server = Server::new();
    let (mut connection, joined) = join(&mut server, "m01");
    let before = connection.session.open().cloned();
    let (_, resume) = joined.resume(NONCE, None);
    let prove = Prove {
        server_nonce: NONCE,
        signature: joined.token().clone(),
    };
    let hello = hello(&server, "m01");
    for frame in [
        ClientFrame::Hello(hello.clone()),
        ClientFrame::Prove(prove.clone()),
        ClientFrame::Resume(resume.clone()),
    ] {
        assert_eq!(
            refused(server.take(&mut connection, frame)),
            "unexpected_frame"
        );
        assert_eq!(connection.session.open().cloned(), before);
    }
    let mut awaiting = connect();
    assert_eq!(
        refused(server.take(&mut awaiting, ClientFrame::Prove(prove))),
        "no_challenge"
    );
    challenge(&mut server, &mut awaiting, hello);
    assert_eq!(
        refused(server.take(&mut awaiting, ClientFrame::Resume(resume))),
        "unexpected_frame"
    );
}

#[test]
fn an_open_connection_ends_with_its_session() {
    let mut server = Server::new();
    let (mut connection, joined) = join(&mut server, "m01");
    let frame = |server: &Server| {
        ClientFrame::Submit(Submit {
            reference: Ref::parse("r-1").unwrap(),
            token: joined.token().clone(),
            entry: server.world.entry("m01", card()),
        })
    };
    server.world.now = joined.expires_at() - 1;
    let good = frame(&server);
    assert!(matches!(
        server.take(&mut connection, good),
        ServerFrame::Accepted(_)
    ));
    server.world.now = joined.expires_at();
    let late = frame(&server);
    let ServerFrame::Bye(bye) = server.take(&mut connection, late) else {
        panic!("no bye")
    };
    assert_eq!(bye.code.as_str(), "session_expired");
}

#[test]
fn without_a_connection_a_challenge_is_found_by_its_nonce() {
    let mut server = Server::new();
    let mut challenges = Challenges::new(2, 1000);
    let now = server.now();
    let mut ask = |challenges: &mut Challenges<()>, now: u64| {
        server.nonces += 1;
        let (awaiting, challenge) = AwaitProof::hello(
            hello(&server, "m01"),
            &server.host,
            Nonce::new([server.nonces; 32]),
            now,
        )
        .unwrap();
        challenges
            .remember(awaiting, (), now)
            .map(|_forgotten| prove(&server, "m01", &challenge))
            .map_err(|refusal| (refusal.code.as_str(), refusal.retry_after))
    };
    let first = ask(&mut challenges, now).unwrap();
    let second = ask(&mut challenges, now).unwrap();
    let life = Limits::default().challenge_ms;
    assert_eq!(ask(&mut challenges, now), Err(("rate_limited", Some(life))));
    assert!(
        challenges
            .prove(first.clone(), now)
            .unwrap()
            .verify()
            .is_ok()
    );
    assert_eq!(
        challenges.prove(first, now).unwrap_err().code.as_str(),
        "no_challenge"
    );
    assert_eq!(
        challenges
            .prove(second, now + life)
            .unwrap_err()
            .code
            .as_str(),
        "challenge_expired"
    );
    assert!(challenges.is_empty());
    // what nobody proves is forgotten in the end
    ask(&mut challenges, now).unwrap();
    ask(&mut challenges, now).unwrap();
    ask(&mut challenges, now + life + 1000).unwrap();
    assert_eq!(challenges.len(), 1);
    // and before its time where room is needed, once it has expired
    let later = now + life + 1000;
    ask(&mut challenges, later + 1).unwrap();
    assert_eq!(
        ask(&mut challenges, later + life - 1),
        Err(("rate_limited", Some(1)))
    );
    ask(&mut challenges, later + life).unwrap();
    assert_eq!(challenges.len(), 2);
}

#[test]
fn a_challenge_that_another_process_made_is_made_anew_from_its_hello_its_nonce_and_its_time() {
    let server = Server::new();
    let nonce = Nonce::new([7; 32]);
    let now = server.now();
    let hello = hello(&server, "m01");
    let kept = serde_json::to_string(&ClientFrame::Hello(hello.clone())).unwrap();
    let (_, challenge) = AwaitProof::hello(hello, &server.host, nonce, now).unwrap();
    let proof = prove(&server, "m01", &challenge);
    let anew = |made: u64| {
        let ClientFrame::Hello(hello) = ClientFrame::decode(&kept, &server.host.limits).unwrap()
        else {
            panic!("no hello")
        };
        AwaitProof::hello(hello, &server.host, nonce, made)
            .unwrap()
            .0
    };
    let proven = anew(now).prove(proof.clone(), now + 1).unwrap().verify();
    assert_eq!(proven.unwrap().account(), id("m01"));
    let of_another_time = anew(now + 1).prove(proof, now + 1).unwrap().verify();
    assert_eq!(of_another_time.unwrap_err().code.as_str(), "bad_proof");
}

#[test]
fn what_is_forgotten_of_challenges_is_told() {
    let server = Server::new();
    let mut challenges = Challenges::new(2, 1000);
    let life = Limits::default().challenge_ms;
    let ask = |challenges: &mut Challenges<&str>, number: u8, whom, now| {
        let nonce = Nonce::new([number; 32]);
        let (awaiting, _) =
            AwaitProof::hello(hello(&server, "m01"), &server.host, nonce, now).unwrap();
        challenges.remember(awaiting, whom, now).unwrap()
    };
    let nonce = |number: u8| Nonce::new([number; 32]);
    assert_eq!(ask(&mut challenges, 1, "a", 0), []);
    assert_eq!(ask(&mut challenges, 2, "a", 1), []);
    assert_eq!(ask(&mut challenges, 3, "b", 2), [nonce(1)], "a had most");
    challenges.forget(nonce(3));
    challenges.forget(nonce(9));
    assert_eq!(challenges.len(), 1);
    assert_eq!(
        ask(&mut challenges, 4, "b", life + 1001),
        [nonce(2)],
        "its time was over"
    );
    assert_eq!(challenges.len(), 1);
}

#[test]
fn who_has_most_challenges_gives_way_where_there_is_no_room() {
    let mut server = Server::new();
    let mut challenges = Challenges::new(4, 1000);
    let now = server.now();
    let mut ask = |challenges: &mut Challenges<&str>, whom: &'static str| {
        server.nonces += 1;
        let nonce = Nonce::new([server.nonces; 32]);
        let hello = hello(&server, "m01");
        let (awaiting, challenge) = AwaitProof::hello(hello, &server.host, nonce, now).unwrap();
        challenges
            .remember(awaiting, whom, now)
            .map(|_forgotten| prove(&server, "m01", &challenge))
            .map_err(|refusal| refusal.code.as_str())
    };
    let of_a: Vec<_> = (0..4).map(|_| ask(&mut challenges, "a").unwrap()).collect();
    assert_eq!(
        ask(&mut challenges, "a"),
        Err("rate_limited"),
        "nobody has more"
    );
    let of_b = ask(&mut challenges, "b").unwrap();
    ask(&mut challenges, "c").unwrap();
    // a has 2 now, as b would have with another.
    assert_eq!(ask(&mut challenges, "b"), Err("rate_limited"));
    assert_eq!(challenges.len(), 4);
    let mut of = |proof: Prove| challenges.prove(proof, now).map(drop);
    let oldest: Vec<_> = of_a.into_iter().map(|proof| of(proof).is_ok()).collect();
    assert_eq!(oldest, [false, false, true, true], "the oldest went");
    assert_eq!(of(of_b), Ok(()), "of who has less, none did");
    // What was proved counts no longer.
    for whom in ["a", "a", "a"] {
        ask(&mut challenges, whom).unwrap();
    }
    assert_eq!(challenges.len(), 4);
}

#[test]
fn nothing_that_holds_a_token_prints_it() {
    let mut server = Server::new();
    let (_, joined) = join(&mut server, "m01");
    let token = joined.token().to_string();
    let (_, resume) = joined.resume(NONCE, None);
    let prove = Prove {
        server_nonce: NONCE,
        signature: joined.token().clone(),
    };
    let submit = Submit {
        reference: Ref::parse("r").unwrap(),
        token: joined.token().clone(),
        entry: server.world.entry("m01", card()),
    };
    for printed in [
        format!("{resume:?}"),
        format!("{prove:?}"),
        format!("{submit:?}"),
        format!("{:?}", server.sessions),
    ] {
        assert!(!printed.contains(&token), "{printed}");
    }
}

#[test]
fn what_is_granted_is_told_as_another_process_needs_it() {
    let server = Server::new();
    let mut sessions = Sessions::new();
    let now = server.now();
    let nonce = Nonce::new([7; 32]);
    let (awaiting, challenge) =
        AwaitProof::hello(hello(&server, "m01"), &server.host, nonce, now).unwrap();
    let proof = prove(&server, "m01", &challenge);
    let state = &server.world.state;
    let granted = awaiting
        .prove(proof, now)
        .unwrap()
        .verify()
        .unwrap()
        .admit(state, &mut sessions, &server.checkpoint, now)
        .unwrap();
    let (token, live) = granted.session();
    assert_eq!(granted.size(), state.size());
    assert_eq!(sessions.find(&token, now), Some(&live));
    assert_eq!((live.account, live.server_nonce), (id("m01"), nonce));
    // Taken in there, it is resumed there.
    let mut elsewhere = Sessions::new();
    elsewhere.adopt(token, live);
    let (_, welcome) = granted.welcome(crate::world::key("server"));
    let resume = Resume {
        token: welcome.token.clone(),
        client_nonce: NONCE,
        have: None,
    };
    let resumption = dispatch_protocol::session::Resumption::new(resume);
    assert_eq!(resumption.token(), token);
    let resumed = resumption.admit(state, &elsewhere, &server.checkpoint, now);
    assert_eq!(
        resumed.unwrap().session(),
        (token, elsewhere.find(&token, now).unwrap().clone())
    );
}
