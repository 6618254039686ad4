//! Every request answers as `spec/openapi.json` describes it, and every answer that it describes is seen.

use std::collections::BTreeSet;

use dispatch_protocol::bytes::{Bytes, Hash, Id};
use dispatch_protocol::entry::{
    Body, CardBody, Draft, Entry, Epoch, Genesis, Message, Prefix, Recipient, Redaction, Roster,
};
use dispatch_protocol::key::{Card, KeyPair};
use dispatch_protocol::wire::ClientFrame;
use dispatch_server::Rate;
use serde_json::{Value, json};

use super::bytes::{Wire, hello as hello_text, sized};
use super::caller::{Answer, Caller, hello, join, json as text};
use super::described::{Described, Named};
use super::stream::Events;
use crate::community::{Community, key};
use crate::member::{Member, card, dial_for, message, nonce, now};

/// Codes that a request may be refused with at any time, and that another test or nobody brings about at each of them.
const SELDOM: [(&str, &str); 4] = [
    (
        "rate_limited",
        "where nothing is written or joined there is no rate; there it is seen below",
    ),
    (
        "shutting_down",
        "between two moments; a request that waits sees it below",
    ),
    (
        "unavailable",
        "at hello and prove it takes a thousand strangers at once, see joining.rs; elsewhere it is seen below",
    ),
    (
        "408",
        "the body of an entry has as long as a hello's, which is seen below",
    ),
];

/// What was asked, and what the document calls what came.
struct Seen {
    document: Described,
    named: BTreeSet<Named>,
}

impl Seen {
    fn note(&mut self, method: &str, path: &str, answer: &Answer) {
        let named = self.document.check(method, path, answer);
        self.named.insert(named);
    }

    async fn get(&mut self, caller: &Caller, path: &str) -> Answer {
        let answer = caller.get(path).await;
        self.note("GET", path, &answer);
        answer
    }

    async fn post(&mut self, caller: &Caller, path: &str, body: impl Into<String>) -> Answer {
        let answer = caller.post(path, body).await;
        self.note("POST", path, &answer);
        answer
    }

    /// Hands an entry in, and sees what becomes of it: a code, or none where it is accepted.
    async fn submit(&mut self, caller: &Caller, entry: &Entry, code: Option<&str>) {
        let body = serde_json::to_string(entry).unwrap();
        let answer = self.post(caller, "/v1/entries", body).await;
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(said["code"].as_str(), code, "{}", answer.body);
    }
}

#[tokio::test]
async fn every_answer_is_as_the_document_says_and_each_that_it_names_is_seen() {
    let mut seen = Seen {
        document: Described::read("openapi"),
        named: BTreeSet::new(),
    };
    joins(&mut seen).await;
    challenges_that_are_too_old(&mut seen).await;
    bodies_that_do_not_come(&mut seen).await;
    reads(&mut seen).await;
    entries(&mut seen).await;
    too_much_at_once(&mut seen).await;
    no_room_and_the_end(&mut seen).await;
    let missed: Vec<_> = seen
        .document
        .answers()
        .difference(&seen.named)
        .filter(|(_, status, code)| {
            let what = code.clone().unwrap_or(status.to_string());
            !SELDOM.iter().any(|(seldom, _)| *seldom == what)
        })
        .cloned()
        .collect();
    assert!(missed.is_empty(), "never seen: {missed:?}");
    for (seldom, why) in &SELDOM {
        let is_seen = seen
            .named
            .iter()
            .any(|(_, status, code)| code.as_deref().unwrap_or(&status.to_string()) == *seldom);
        assert!(is_seen, "{seldom} is never seen, but {why}");
    }
}

/// What is wrong with a frame, at both paths that take one.
async fn joins(seen: &mut Seen) {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    seen.get(&caller, "/.well-known/dispatch-d").await;
    let m01 = key("m01");
    let dial = dial_for(&server, m01.public());
    let good = text(&ClientFrame::Hello(dial.hello(nonce(), None, None)));
    let prove = r#"{"type":"prove","server_nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","signature":"AAAA"}"#;
    let unknown_kind = format!(
        r#"{{"type":"submit","ref":"a","token":"AA","entry":{}}}"#,
        json!({"kind": "cart"})
    );
    for (path, other) in [("/v1/hello", prove), ("/v1/prove", &*good)] {
        for body in [
            "{}".to_owned(),
            r#"{"type":"ping"}"#.to_owned(),
            other.to_owned(),
            " ".repeat(262_145),
            good.replace("dispatch-d/1", "dispatch-d/2"),
            unknown_kind.clone(),
        ] {
            seen.post(&caller, path, body).await;
        }
    }
    for body in [
        good.clone(),
        good.replace(server.origin(), "https://elsewhere.example"),
        good.replace("\"public_key\":\"", "\"public_key\":\"AAAA"),
    ] {
        seen.post(&caller, "/v1/hello", body).await;
    }
    seen.post(&caller, "/v1/prove", prove).await;
    // A proof by the account, by somebody else, by a stranger, and of another chain.
    let other = Prefix {
        size: 1,
        hash: Hash::of(b"another chain"),
    };
    let (m02, stranger) = (key("m02"), key("m03"));
    for (account, signer, have) in [
        (&m01, &m01, None),
        (&m01, &m02, None),
        (&stranger, &stranger, None),
        (&m01, &m01, Some(other)),
    ] {
        let nonce = nonce();
        let challenge = hello(&caller, account, nonce, None, have).await.unwrap();
        let dial = dial_for(&server, account.public());
        let (_, mut proof) = dial.prove(nonce, &challenge, account).unwrap();
        if account.public() != signer.public() {
            proof.signature = signer.sign(b"something else");
        }
        seen.post(&caller, "/v1/prove", text(&ClientFrame::Prove(proof)))
            .await;
    }
}

async fn challenges_that_are_too_old(seen: &mut Seen) {
    let community = Community::founded(&["m01"], |founding| founding.limits.challenge_ms = 1000);
    let server = community.serve().await;
    let caller = Caller::stranger(&server);
    let (m01, nonce) = (key("m01"), nonce());
    let challenge = hello(&caller, &m01, nonce, None, None).await.unwrap();
    let dial = dial_for(&server, m01.public());
    let (_, proof) = dial.prove(nonce, &challenge, &m01).unwrap();
    while now() <= challenge.expires_at {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    seen.post(&caller, "/v1/prove", text(&ClientFrame::Prove(proof)))
        .await;
}

async fn bodies_that_do_not_come(seen: &mut Seen) {
    let mut community = Community::with(&["m01"]);
    community.config.join_within = std::time::Duration::from_millis(200);
    let server = community.serve().await;
    let whole = sized("/v1/hello", &hello_text(&server));
    let mut wire = Wire::dial(&server).await;
    wire.send(&whole[..whole.len() - 10]).await;
    let said = wire.rest().await;
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    let headers = head.lines().skip(1).map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse().unwrap(), value.parse().unwrap())
    });
    let answer = Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        headers: headers.collect(),
        body: body.to_owned(),
    };
    seen.note("POST", "/v1/hello", &answer);
}

/// Every request that only reads, with each fault of its query.
async fn reads(seen: &mut Seen) {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let stranger = Caller::stranger(&server);
    let caller = Caller::of(&server, &joined);
    for (good, unknown) in [
        ("/v1/blocks?from=0", "/v1/blocks?from=3"),
        ("/v1/events", "/v1/events?from=3"),
        ("/v1/checkpoint", ""),
        (
            "/v1/proofs/inclusion?index=0&size=2",
            "/v1/proofs/inclusion?index=0&size=3",
        ),
        (
            "/v1/proofs/consistency?from=1&to=2",
            "/v1/proofs/consistency?from=2&to=1",
        ),
    ] {
        seen.get(&stranger, good).await;
        let separator = if good.contains('?') { '&' } else { '?' };
        seen.get(&caller, &format!("{good}{separator}more=1")).await;
        if !unknown.is_empty() {
            seen.get(&caller, unknown).await;
        }
        if good == "/v1/events" {
            let answer = head_of(&caller, good).await;
            seen.note("GET", good, &answer);
        } else {
            seen.get(&caller, good).await;
        }
    }
    let tag = caller.get("/v1/blocks?from=0").await;
    let tag = tag.header("etag").unwrap();
    let known = caller.with("If-None-Match", tag);
    seen.get(&known, "/v1/blocks?from=0").await;
    seen.get(&caller, "/v1/blocks?from=2").await;
}

/// The head of an answer that has no end.
async fn head_of(caller: &Caller, path: &str) -> Answer {
    let answer = caller.open("GET", path, "").await;
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: String::new(),
    }
}

/// Every fault of an entry.
async fn entries(seen: &mut Seen) {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut authority = Member::join(&server, "authority").await;
    let mut other = Member::join(&server, "m02").await;
    let mut member = Member::join(&server, "m01").await;
    let of_authority = Caller::of(&server, &authority.joined);
    let caller = Caller::of(&server, &member.joined);
    let of_other = Caller::of(&server, &other.joined);
    let epoch = member.epoch_for_oneself().await;
    seen.post(&Caller::stranger(&server), "/v1/entries", "{}")
        .await;
    seen.post(&caller, "/v1/entries", "{}").await;
    seen.post(&caller, "/v1/entries", " ".repeat(262_145)).await;
    seen.post(&caller, "/v1/entries", r#"{"kind":"cart"}"#)
        .await;

    let m01 = key("m01");
    let changed = |change: &dyn Fn(&mut Draft), key: &KeyPair| {
        let mut draft = Draft {
            community: member.chain().community(),
            author: key.public().id(),
            seq: member.next_seq,
            seen: member.chain().prefix(),
            sent_at: now(),
            body: card(3),
        };
        change(&mut draft);
        Entry::sign(draft, key)
    };
    let with = |body: Body| changed(&|draft| draft.body = body.clone(), &m01);
    let wraps = |members: &[Id]| {
        let recipient = |member: &Id| Recipient {
            member: *member,
            wrap: [7; 80].into(),
        };
        Body::Epoch(Epoch {
            commitment: Hash::of(b"secret"),
            wraps: members.iter().map(recipient).collect(),
        })
    };
    let Body::Message(mut spoiled) = message(epoch, 1) else {
        unreachable!("a message")
    };
    spoiled.ciphertext_hash = Hash::of(b"something else");
    let mut forged = with(card(3));
    forged.sent_at += 1;
    let genesis = Body::Genesis(Genesis {
        name: "another".to_owned(),
        authority: m01.public().to_bytes(),
        server_key: key("m02").public().to_bytes(),
        created_at: now(),
    });
    let roster = |add: Vec<Bytes>, remove: Vec<Id>| Body::Roster(Roster { add, remove });
    let m02 = key("m02").public().id();
    for (entry, code) in [
        (forged, "bad_signature"),
        (changed(&|draft| draft.seq += 1, &m01), "bad_seq"),
        (changed(&|draft| draft.author = m02, &m01), "wrong_author"),
        (
            changed(&|draft| draft.community = m02, &m01),
            "wrong_community",
        ),
        (changed(&|draft| draft.seen.size = 99, &m01), "bad_seen"),
        (changed(&|draft| draft.sent_at = 0, &m01), "clock_skew"),
        (with(genesis), "bad_genesis"),
        (with(roster(vec![], vec![m02])), "not_authority"),
        (with(roster(vec![], vec![])), "bad_roster"),
        (
            with(Body::Card(CardBody {
                x25519: Card::new([0; 32]),
            })),
            "bad_card",
        ),
        (with(wraps(&[key("m03").public().id()])), "bad_recipient"),
        (with(message(m02, 1)), "unknown_epoch"),
        (with(Body::Message(Message { ..spoiled })), "bad_ciphertext"),
        (
            with(Body::Redaction(Redaction {
                index: 0,
                reason: String::new(),
            })),
            "bad_redaction",
        ),
    ] {
        seen.submit(&caller, &entry, Some(code)).await;
    }
    authority.read_to(member.size()).await;
    let no_key = authority.entry_with(
        authority.next_seq,
        roster(vec![vec![7; 300].into()], vec![]),
    );
    seen.submit(&of_authority, &no_key, Some("bad_key")).await;
    // An epoch for two, one of whom goes.
    other.say(card(5)).await;
    let foreign = other.entry_with(other.next_seq, message(epoch, 1));
    seen.submit(&of_other, &foreign, Some("not_recipient"))
        .await;
    member.read_to(other.size()).await;
    let (one, two) = (member.id(), other.id());
    let mut both = [one, two];
    both.sort();
    let for_two = member.entry(wraps(&both));
    let shared = for_two.id();
    seen.submit(&caller, &for_two, None).await;
    authority.read_to(member.size() + 1).await;
    authority.say(roster(vec![], vec![two])).await;
    member.read_to(authority.size()).await;
    let stale = member.entry_with(member.next_seq, message(shared, 1));
    seen.submit(&caller, &stale, Some("stale_epoch")).await;
}

/// One entry a second and one join, asked for again and again.
async fn too_much_at_once(seen: &mut Seen) {
    let one = std::num::NonZeroU32::MIN;
    let rate = Some(Rate {
        per_second: one,
        burst: one,
    });
    let mut community = Community::with(&["m01"]);
    community.config.rates.entries = rate;
    community.config.rates.joins = rate;
    community.config.proxies = vec![std::net::IpAddr::from([127, 0, 0, 1]).into()];
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let entry = serde_json::to_string(&member.entry_with(9, card(1))).unwrap();
    let caller = Caller::of(&server, &member.joined);
    let far = Caller::stranger(&server).with("X-Forwarded-For", "192.0.2.7");
    let hello = hello_text(&server);
    for (caller, path, body) in [(caller, "/v1/entries", entry), (far, "/v1/hello", hello)] {
        // Each takes far less than a second, so that it happens however slow the machine is.
        for tried in 1.. {
            let answer = seen.post(&caller, path, body.clone()).await;
            if answer.status == 429 {
                break;
            }
            assert!(tried < 200, "{path} has no bound");
        }
    }
}

/// What every request is refused with where there is no room, and one that waits when the server stops.
async fn no_room_and_the_end(seen: &mut Seen) {
    let mut community = Community::with(&["m01"]);
    community.config.connections = 1;
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    for path in [
        "/v1/blocks?from=0",
        "/v1/events",
        "/v1/checkpoint",
        "/v1/proofs/inclusion?index=0&size=2",
        "/v1/proofs/consistency?from=1&to=2",
    ] {
        seen.get(&caller, path).await;
    }
    seen.post(&caller, "/v1/entries", "{}").await;
    server.shutdown().await.unwrap();

    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let caller = Caller::of(&server, &joined);
    // A stream beside it: by its first event the server has read both requests' heads.
    let waiting = tokio::spawn({
        let caller = caller.clone();
        async move { caller.get("/v1/blocks?from=2&wait=30000").await }
    });
    let mut events = Events::open(&caller, "").await;
    events.next().await;
    server.shutdown().await.unwrap();
    seen.note("GET", "/v1/blocks", &waiting.await.unwrap());
}
