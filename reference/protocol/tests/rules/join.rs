//! Two peers joined in memory, with a clock of the test's own.

use dispatch_protocol::bytes::{Bytes, Hash, Id, Nonce};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::Prefix;
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::Refusal;
use dispatch_protocol::session::{Challenges, Dial, Host, Joined, Open, Session, Sessions, Step};
use dispatch_protocol::wire::{
    Challenge, ClientFrame, Hello, Prove, Ref, Resume, ServerFrame, Submit, Welcome,
};

use crate::world::{World, card, id, key};

const ORIGIN: &str = "https://chat.example.org";

/// A server without sockets.
struct Server {
    world: World,
    host: Host,
    sessions: Sessions,
    checkpoint: Checkpoint,
    nonces: u8,
}

/// A connection to it, as the server holds it.
struct Connection {
    session: Session,
}

impl Server {
    fn new() -> Self {
        let world = World::with_members(&["m01", "m02"]);
        let checkpoint = world.checkpoint();
        let host = Host {
            origins: vec![ORIGIN.to_owned(), "http://127.0.0.1:7311".to_owned()],
            community: world.state.community(),
            limits: Limits::default(),
        };
        Self {
            world,
            host,
            sessions: Sessions::new(),
            checkpoint,
            nonces: 0,
        }
    }

    fn now(&self) -> u64 {
        self.world.now
    }

    /// Takes a frame off the wire; gives the answer.
    fn take(&mut self, connection: &mut Connection, frame: ClientFrame) -> ServerFrame {
        let text = serde_json::to_string(&frame).unwrap();
        let frame = ClientFrame::decode(&text, &self.host.limits).unwrap();
        self.nonces += 1;
        let nonce = Nonce::new([self.nonces; 32]);
        let session = std::mem::take(&mut connection.session);
        let answer = match session.receive(frame, &self.host, || nonce, self.world.now) {
            Step::Reply(session, answer) => {
                connection.session = session;
                answer
            }
            Step::Prove(proof) => {
                let granted = proof.verify().and_then(|proven| {
                    proven.admit(
                        &self.world.state,
                        &mut self.sessions,
                        &self.checkpoint,
                        self.world.now,
                    )
                });
                self.open(
                    connection,
                    granted.map(|granted| granted.welcome(key("server"))),
                )
            }
            Step::Resume(resumption) => {
                let granted = resumption.admit(
                    &self.world.state,
                    &self.sessions,
                    &self.checkpoint,
                    self.world.now,
                );
                self.open(
                    connection,
                    granted.map(|granted| granted.welcome(key("server"))),
                )
            }
            Step::Submit(session, submission) => {
                connection.session = session;
                let linked = self.world.submit(submission.entry).unwrap();
                ServerFrame::Accepted(dispatch_protocol::wire::Accepted {
                    reference: Some(submission.reference),
                    index: linked.block().index,
                    hash: linked.hash(),
                })
            }
            Step::End(bye) => ServerFrame::Bye(bye),
        };
        ServerFrame::decode(&answer.to_text()).unwrap().unwrap()
    }

    fn open(
        &self,
        connection: &mut Connection,
        granted: Result<(Open, Welcome), Refusal>,
    ) -> ServerFrame {
        match granted {
            Ok((open, welcome)) => {
                connection.session = Session::Open(open);
                ServerFrame::Welcome(Box::new(welcome))
            }
            Err(refusal) => {
                ServerFrame::Refused(dispatch_protocol::wire::Refused::new(None, refusal))
            }
        }
    }
}

fn connect() -> Connection {
    Connection {
        session: Session::new(),
    }
}

fn dial(server: &Server, account: &str) -> Dial {
    Dial {
        origin: ORIGIN.to_owned(),
        community: server.host.community,
        server_key: key("server").public().clone(),
        account: key(account).public().clone(),
    }
}

const NONCE: Nonce = Nonce::new([0xc1; 32]);

fn hello(server: &Server, account: &str) -> Hello {
    dial(server, account).hello(NONCE, None, None)
}

fn challenge(server: &mut Server, connection: &mut Connection, hello: Hello) -> Challenge {
    match server.take(connection, ClientFrame::Hello(hello)) {
        ServerFrame::Challenge(challenge) => challenge,
        other => panic!("no challenge: {other:?}"),
    }
}

fn refused(frame: ServerFrame) -> &'static str {
    match frame {
        ServerFrame::Refused(refused) => refused.code.as_str(),
        other => panic!("not refused: {other:?}"),
    }
}

fn prove(server: &Server, account: &str, challenge: &Challenge) -> Prove {
    dial(server, account)
        .prove(NONCE, challenge, key(account))
        .unwrap()
        .1
}

/// A whole join, verified by the client.
fn join_with(server: &mut Server, account: &str, hello: Hello) -> (Connection, Joined, Welcome) {
    let mut connection = connect();
    let challenge = challenge(server, &mut connection, hello);
    let (awaiting, prove) = dial(server, account)
        .prove(NONCE, &challenge, key(account))
        .unwrap();
    match server.take(&mut connection, ClientFrame::Prove(prove)) {
        ServerFrame::Welcome(welcome) => {
            (connection, awaiting.welcome(&welcome).unwrap(), *welcome)
        }
        other => panic!("no welcome: {other:?}"),
    }
}

fn join(server: &mut Server, account: &str) -> (Connection, Joined) {
    let hello = hello(server, account);
    let (connection, joined, _) = join_with(server, account, hello);
    (connection, joined)
}

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

#[test]
fn without_a_connection_a_challenge_is_found_by_its_nonce() {
    use dispatch_protocol::session::AwaitProof;
    let mut server = Server::new();
    let mut challenges = Challenges::new(2, 1000);
    let now = server.now();
    let mut ask = |challenges: &mut Challenges, now: u64| {
        server.nonces += 1;
        let (awaiting, challenge) = AwaitProof::hello(
            hello(&server, "m01"),
            &server.host,
            Nonce::new([server.nonces; 32]),
            now,
        )
        .unwrap();
        challenges
            .remember(awaiting, now)
            .map(|()| prove(&server, "m01", &challenge))
            .map_err(|refusal| (refusal.code.as_str(), refusal.retry_after))
    };
    let first = ask(&mut challenges, now).unwrap();
    let second = ask(&mut challenges, now).unwrap();
    let life = Limits::default().challenge_ms;
    assert_eq!(
        ask(&mut challenges, now),
        Err(("rate_limited", Some(life + 1000)))
    );
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
