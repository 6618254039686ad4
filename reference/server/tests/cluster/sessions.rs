//! Sessions and challenges are the server's, and not a process's: got at one, used at another, over at all of them at once.

use dispatch_protocol::bytes::{Bytes, Hash};
use dispatch_protocol::entry::{Body, Roster};
use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::Joined;
use dispatch_protocol::wire::{ClientFrame, ServerFrame, Welcome};
use dispatch_testbed::tokio_postgres::Client as Database;

use crate::bed::Bed;
use crate::caller::{self, Caller, json};
use crate::client::{Client, SOON};
use crate::community::key;
use crate::load::FOR_EVER;
use crate::member::{Member, card, dial_for, nonce};

/// Opens a connection at a process under a session that there is.
async fn resume(bed: &Bed, process: usize, joined: &Joined) -> Result<(Client, Welcome), Code> {
    let mut client = Client::dial(&bed.process(process)).await;
    let (waiting, resume) = joined.resume(nonce(), None);
    client.send(&ClientFrame::Resume(resume)).await;
    match client.next().await {
        ServerFrame::Welcome(welcome) => {
            let resumed = waiting.welcome(&welcome).unwrap();
            assert_eq!(resumed.token(), joined.token());
            assert_eq!(resumed.expires_at(), joined.expires_at());
            Ok((client, *welcome))
        }
        ServerFrame::Refused(refused) => Err(refused.code),
        other => panic!("expected welcome, got {other:?}"),
    }
}

/// Reads on until the `bye`; gives its code and the end of the blocks that came before it.
async fn farewell(client: &mut Client) -> (Code, u64) {
    let mut end = 0;
    loop {
        match client.next().await {
            ServerFrame::Blocks(blocks) => end = blocks.from + blocks.blocks.len() as u64,
            ServerFrame::Bye(bye) => return (bye.code, end),
            _ => {}
        }
    }
}

fn removing(name: &str) -> Body {
    Body::Roster(Roster {
        add: Vec::new(),
        remove: vec![key(name).public().id()],
    })
}

fn adding(name: &str) -> Body {
    Body::Roster(Roster {
        add: vec![key(name).public().to_bytes()],
        remove: Vec::new(),
    })
}

/// What is said to a token at a process: the chain's size, or why not.
async fn size_told(bed: &Bed, process: usize, joined: &Joined) -> Result<u64, Code> {
    let caller = Caller::of(bed.process(process), joined);
    let answer = caller.get("/v1/blocks?from=0&limit=1000").await;
    match answer.status {
        200 => Ok(answer.blocks().end),
        _ => Err(answer.refused()),
    }
}

/// The text of one value.
async fn value(database: &Database, query: &str) -> String {
    database.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_joins_at_one_process_writes_at_another_resumes_at_a_third_and_is_removed_at_a_fourth()
 {
    const JOINED: usize = 1;
    const WRITES: usize = 2;
    const RESUMED: usize = 3;
    const REMOVED: usize = 0;
    let mut bed = Bed::of(4, &["m01"]).await;
    let mut alice = Member::join(&bed.process(JOINED), "m01").await;
    // Written at one process, it is acknowledged; whichever is asked then shows it.
    let entry = alice.entry(card(9));
    let writing = Caller::of(bed.process(WRITES), &alice.joined);
    let index = writing.submit(&entry).await.accepted();
    for process in 0..4 {
        let told = size_told(&bed, process, &alice.joined).await;
        assert_eq!(told, Ok(index + 1), "at {process}");
    }
    let (mut third, welcome) = resume(&bed, RESUMED, &alice.joined).await.unwrap();
    assert_eq!(welcome.size, index + 1); // [JOIN-22]

    // Of a token the store has the hash alone. [SESS-9]
    let database = bed.primary.client("street").await.unwrap();
    let token = alice.joined.token().clone();
    let hash = Hash::of(&token);
    let kept = "SELECT count(*) FROM dispatch_d.session WHERE token = $1";
    let kept = database.query_one(kept, &[&&hash.as_bytes()[..]]).await;
    assert_eq!(kept.unwrap().get::<_, i64>(0), 1);
    let shown = "SELECT string_agg(session::text, ' ') FROM dispatch_d.session";
    let shown = value(&database, shown).await;
    let hex = data_encoding::HEXLOWER.encode(&token);
    assert!(shown.contains(&data_encoding::HEXLOWER.encode(hash.as_bytes())));
    assert!(!shown.contains(&hex), "the token itself is there");

    // Removed at the fourth, nobody knows her any more, however soon they are asked. [SESS-5]
    let mut authority = Member::join(&bed.process(REMOVED), "authority").await;
    let entry = authority.entry(removing("m01"));
    let (removal, _) = authority.submit(entry).await.unwrap();
    for process in 0..4 {
        let told = size_told(&bed, process, &alice.joined).await;
        assert_eq!(told, Err(Code::BadToken), "at {process}");
        let resumed = resume(&bed, process, &alice.joined).await;
        assert_eq!(resumed.err(), Some(Code::BadToken), "at {process}");
    }
    for client in [&mut alice.client, &mut third] {
        let (code, end) = farewell(client).await;
        assert_eq!(code, Code::Removed);
        assert!(end <= removal + 1, "a later block was sent"); // [SESS-6]
    }

    // Added again, she has to join again: the old token stays refused, [SESS-7]
    authority.read_to(removal + 1).await;
    authority.say(adding("m01")).await;
    let (again, _) = caller::join(
        &Caller::stranger(bed.process(WRITES)),
        &key("m01"),
        None,
        None,
    )
    .await
    .unwrap();
    let judged = async |bed: &Bed| {
        for process in 0..4 {
            let told = size_told(bed, process, &alice.joined).await;
            assert_eq!(told, Err(Code::BadToken), "at {process}");
            let resumed = resume(bed, process, &alice.joined).await;
            assert_eq!(resumed.err(), Some(Code::BadToken), "at {process}");
            assert!(
                size_told(bed, process, &again).await.is_ok(),
                "at {process}"
            );
        }
    };
    judged(&bed).await;
    // and where a process has forgotten everything as well. What it finds is what all of them keep.
    for process in [JOINED, WRITES] {
        bed.fleet.kill(process).await.unwrap();
        bed.fleet.start_again(process).await.unwrap();
    }
    judged(&bed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_has_acknowledged_every_other_tells_whoever_asks_then() {
    let bed = Bed::of(3, &["m01", "m02"]).await;
    let mut alice = Member::join(&bed.process(0), "m01").await;
    let bob = key("m02");
    for round in 0..30 {
        let entry = alice.entry(card(9));
        let (index, _) = alice.submit(entry).await.unwrap();
        match round % 3 {
            0 => {
                let told = size_told(&bed, 1, &alice.joined).await;
                assert_eq!(told, Ok(index + 1)); // [HTTP-5], [HTTP-6]
            }
            1 => {
                let (_, welcome) = resume(&bed, 2, &alice.joined).await.unwrap();
                assert_eq!(welcome.size, index + 1); // [JOIN-22]
            }
            _ => {
                let stranger = Caller::stranger(bed.process(1));
                let (_, welcome) = caller::join(&stranger, &bob, None, None).await.unwrap();
                assert_eq!(welcome.size, index + 1); // [JOIN-22]
            }
        }
        alice.read_to(index + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_by_a_request_is_proved_at_any_process_and_once_in_all() {
    let mut bed = Bed::of(3, &["m01"]).await;
    let alice = key("m01");
    let at = |process: usize| Caller::stranger(bed.process(process));
    let ask = async |process: usize| {
        let nonce = nonce();
        let caller = at(process);
        let challenge = caller::hello(&caller, &alice, nonce, None, None)
            .await
            .unwrap();
        let dial = dial_for(&caller.target, alice.public());
        dial.prove(nonce, &challenge, &alice).unwrap()
    };
    let (waiting, prove) = ask(0).await;
    let proof = json(&ClientFrame::Prove(prove.clone()));
    let answer = at(1).post("/v1/prove", proof.clone()).await;
    let ServerFrame::Welcome(welcome) = answer.frame() else {
        panic!("no welcome")
    };
    waiting.welcome(&welcome).unwrap();
    for process in 0..3 {
        let refused = at(process).post("/v1/prove", proof.clone()).await.refused();
        assert_eq!(refused, Code::NoChallenge, "at {process}");
    }
    // A bad proof spends it as well. [JOIN-13]
    let (_, mut prove) = ask(0).await;
    let good = json(&ClientFrame::Prove(prove.clone()));
    prove.signature = Bytes::from(vec![7; 256]);
    let bad = json(&ClientFrame::Prove(prove));
    assert_eq!(at(1).post("/v1/prove", bad).await.refused(), Code::BadProof);
    assert_eq!(
        at(0).post("/v1/prove", good).await.refused(),
        Code::NoChallenge
    );
    // Of two that race one comes in.
    for round in 0..20 {
        let (_, prove) = ask(round % 3).await;
        let proof = json(&ClientFrame::Prove(prove));
        let (one, two) = (at(0), at(1));
        let (one, two) = tokio::join!(
            one.post("/v1/prove", proof.clone()),
            two.post("/v1/prove", proof)
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
    // None is proved after the start of any process. [JOIN-21]
    let (_, prove) = ask(0).await;
    let proof = json(&ClientFrame::Prove(prove));
    bed.fleet.kill(2).await.unwrap();
    bed.fleet.start_again(2).await.unwrap();
    let refused = Caller::stranger(bed.process(0))
        .post("/v1/prove", proof)
        .await;
    assert_eq!(refused.refused(), Code::NoChallenge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_for_all_processes_goes_with_its_time_and_has_its_bounds() {
    let bed = Bed::of(1, &["m01"]).await;
    let database = bed.primary.client("street").await.unwrap();
    let old = "
        INSERT INTO dispatch_d.challenge SELECT sha256(n::text::bytea), '{}', 1, 1000 FROM generate_series(1, 20) AS n;
        INSERT INTO dispatch_d.session (token, account, expires_at, origin, server_nonce, size)
        SELECT sha256(n::text::bytea), sha256('somebody'), 1000, 'http://here', sha256(''), 1 FROM generate_series(1, 20) AS n";
    database.batch_execute(old).await.unwrap();
    let counts = async || {
        value(
            &database,
            "SELECT (SELECT count(*) FROM dispatch_d.challenge) || ' ' || (SELECT count(*) FROM dispatch_d.session)",
        )
        .await
    };
    let stranger = Caller::stranger(bed.process(0));
    let alice = key("m01");
    // Each takes 16 of the old ones away and leaves one of its own, which the proof spends.
    let (first, _) = caller::join(&stranger, &alice, None, None).await.unwrap();
    assert_eq!(counts().await, "4 5");
    let (_, _) = caller::join(&stranger, &alice, None, None).await.unwrap();
    assert_eq!(counts().await, "0 2");
    // Of one account the newest 256 are kept. [SESS-21]
    let id = alice.public().id();
    let many = "
        INSERT INTO dispatch_d.session (token, account, expires_at, origin, server_nonce, size)
        SELECT sha256(n::text::bytea), $1, 4000000000000, 'http://here', sha256(''), 1 FROM generate_series(1, 300) AS n";
    let many = database.execute(many, &[&&id.as_bytes()[..]]).await;
    assert_eq!(many.unwrap(), 300);
    let (newest, _) = caller::join(&stranger, &alice, None, None).await.unwrap();
    assert_eq!(counts().await, "0 256");
    let is_kept = async |joined: &Joined| {
        let hash = Hash::of(joined.token());
        let row = "SELECT 1 FROM dispatch_d.session WHERE token = $1";
        let row = database.query_opt(row, &[&&hash.as_bytes()[..]]).await;
        row.unwrap().is_some()
    };
    assert!(is_kept(&newest).await && !is_kept(&first).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_while_the_session_is_granted_does_not_come_in() {
    let bed = Bed::of(2, &["m01"]).await;
    let mut authority = Member::join(&bed.process(0), "authority").await;
    let mut holding = bed.primary.client("street").await.unwrap();
    let holding = holding.transaction().await.unwrap();
    let lock = "LOCK TABLE dispatch_d.session IN SHARE ROW EXCLUSIVE MODE";
    holding.batch_execute(lock).await.unwrap();
    let target = bed.process(1);
    let joining = tokio::spawn(async move {
        caller::join(&Caller::stranger(&target), &key("m01"), None, None).await
    });
    // It has been let in by the roster as it was, and waits to tell the others.
    let database = bed.primary.client("street").await.unwrap();
    let waits = async {
        let waiting = "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'dispatch_d.session'::regclass";
        while value(&database, waiting).await == "0" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, waits).await.expect("it waits");
    let entry = authority.entry(removing("m01"));
    let (removal, _) = authority.submit(entry).await.unwrap();
    holding.rollback().await.unwrap();
    let joined = joining.await.unwrap();
    assert_eq!(joined.err(), Some(Code::NotAllowed)); // [SESS-20]
    // What was told to the others meanwhile is worth nothing, added again or not.
    authority.read_to(removal + 1).await;
    authority.say(adding("m01")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_joins_and_requests_are_refused_for_now_and_nothing_hangs() {
    let bed = Bed::of(2, &["m01", "m02"]).await;
    let mut alice = Member::join(&bed.process(0), "m01").await;
    let (there, _) = caller::join(&Caller::stranger(bed.process(1)), &key("m02"), None, None)
        .await
        .unwrap();
    bed.cables[0].cut();
    let here = bed.process(0);
    let stranger = Caller::stranger(&here);
    let refusals = async {
        // Hello by a request, a session of another process, one that is known here, one that nobody has.
        let bob = key("m02");
        let hello = caller::hello(&stranger, &bob, nonce(), None, None).await;
        assert_eq!(hello.err(), Some(Code::Unavailable));
        assert_eq!(size_told(&bed, 0, &there).await, Err(Code::Unavailable));
        assert_eq!(
            size_told(&bed, 0, &alice.joined).await,
            Err(Code::Unavailable)
        );
        let resumed = resume(&bed, 0, &there).await;
        assert_eq!(resumed.err(), Some(Code::Unavailable));
        let answer = Caller::of(&here, &there).get("/v1/checkpoint").await;
        assert_eq!(answer.refused(), Code::Unavailable);
        assert!(answer.header("retry-after").is_some());
    };
    tokio::time::timeout(FOR_EVER, refusals)
        .await
        .expect("nothing hangs");
    bed.cables[0].heal();
    let healed = async {
        while size_told(&bed, 0, &there).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(FOR_EVER, healed)
        .await
        .expect("it goes on");
    assert!(size_told(&bed, 0, &alice.joined).await.is_ok());
    // And on the socket that stood all the time.
    alice.say(card(9)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_takes_over_has_no_challenge_and_what_ended_a_session() {
    let mut bed = Bed::of(2, &["m01", "m02"]).await;
    let alice = key("m01");
    let at = |process: usize| Caller::stranger(bed.process(process));
    let (here, there) = (at(0), at(1));
    let (of_alice, _) = caller::join(&here, &alice, None, None).await.unwrap();
    let (of_bob, _) = caller::join(&here, &key("m02"), None, None).await.unwrap();
    let nonce = nonce();
    let challenge = caller::hello(&here, &alice, nonce, None, None).await;
    let dial = dial_for(&here.target, alice.public());
    let (_, prove) = dial.prove(nonce, &challenge.unwrap(), &alice).unwrap();
    let mut authority = Member::join(&here.target, "authority").await;
    authority.say(removing("m02")).await;
    authority.say(adding("m02")).await;

    bed.primary.kill().await.unwrap();
    bed.standby.promote().await.unwrap();
    for cable in &bed.cables {
        cable.retarget(&[bed.standby.address()]);
        cable.reset();
    }
    let ready = async {
        while !(bed.fleet.is_ready(0).await && bed.fleet.is_ready(1).await) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(FOR_EVER, ready)
        .await
        .expect("the processes find it");
    let proof = json(&ClientFrame::Prove(prove));
    let proved = async {
        loop {
            // A connection that was lost is told of once.
            match there.post("/v1/prove", proof.clone()).await.refused() {
                Code::Unavailable => tokio::task::yield_now().await,
                code => return code,
            }
        }
    };
    let proved = tokio::time::timeout(FOR_EVER, proved).await.unwrap();
    assert_eq!(proved, Code::NoChallenge); // [JOIN-21]
    assert_eq!(size_told(&bed, 1, &of_bob).await, Err(Code::BadToken)); // [SESS-7]
    // Hers goes on, or is forgotten: then she joins again. [SESS-10]
    let told = size_told(&bed, 1, &of_alice).await;
    assert!(matches!(told, Ok(_) | Err(Code::BadToken)), "{told:?}");
    caller::join(&there, &alice, None, None).await.unwrap();
}
