//! Blocks by requests: how many, how cached, and how long one waits for them.

use std::time::{Duration, Instant};

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::entry::{Body, Redaction, Roster};
use dispatch_protocol::refusal::Code;

use super::caller::{Caller, join};
use crate::client::SOON;
use crate::community::{Community, key};
use crate::member::{Member, card, message};

/// For how long a request is watched that has to wait.
const WHILE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn at_most_so_many_blocks_come_as_were_asked_for() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    for number in 0..120_u8 {
        let entry = member.entry(message(epoch, number));
        let frame = member.submit_frame(&format!("n{number}"), entry);
        member.client.feed(&frame).await;
    }
    member.client.flush().await;
    member.read_to(124).await;
    let caller = Caller::of(&server, &member.joined);
    for (query, due) in [
        ("from=0", 0..100),
        ("from=30", 30..124),
        ("from=0&limit=1", 0..1),
        ("limit=7&from=120", 120..124),
        ("from=3&limit=1000", 3..124),
        ("from=123&limit=1", 123..124),
        ("from=124", 124..124),
        ("from=124&limit=5&wait=0", 124..124),
    ] {
        let answer = caller.get(&format!("/v1/blocks?{query}")).await;
        assert_eq!(answer.blocks(), due, "{query}");
        let is_cached = answer.header("etag").is_some();
        assert_eq!(is_cached, !due.is_empty(), "{query}");
    }
    for query in ["from=125", "from=125&wait=30000", "from=9007199254740991"] {
        let answer = caller.get(&format!("/v1/blocks?{query}")).await;
        assert_eq!(answer.refused(), Code::UnknownHave, "{query}");
    }
    // The same from the store alone as from the feed.
    let by_feed = caller.get("/v1/blocks?from=0&limit=1000").await.body;
    server.shutdown().await.unwrap();
    let server = community.serve().await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m01"), None, None)
        .await
        .unwrap();
    let caller = Caller::of(&server, &joined);
    assert_eq!(
        caller.get("/v1/blocks?from=0&limit=1000").await.body,
        by_feed
    );
    assert_eq!(caller.get("/v1/blocks?from=5&limit=3").await.blocks(), 5..8);
}

#[tokio::test]
async fn a_query_is_read_strictly() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    for (path, queries) in [
        (
            "/v1/blocks",
            &[
                "",
                "limit=1",
                "from=",
                "from",
                "from=00",
                "from=01",
                "from=-1",
                "from=+1",
                "from=1.0",
                "from=1e0",
                "from=%30",
                "%66rom=0",
                "from=9007199254740992",
                "from=0&from=0",
                "from=0&to=1",
                "from=0&",
                "from=0&limit=0",
                "from=0&limit=1001",
                "from=0&wait=30001",
                "from=2&wait=1000000",
                "from=0&Limit=1",
            ][..],
        ),
        (
            "/v1/proofs/inclusion",
            &[
                "",
                "index=0",
                "size=1",
                "index=0&size=01",
                "index=0&size=1&x=1",
            ],
        ),
        (
            "/v1/proofs/consistency",
            &["", "from=1", "to=1", "from=1&to=1&to=1", "from=1&size=1"],
        ),
        ("/v1/checkpoint", &["size=1"]),
        ("/v1/events", &["from=01", "since=0", "from=0&from=0"]),
    ] {
        for query in queries {
            let answer = caller.get(&format!("{path}?{query}")).await;
            match (path, *query) {
                ("/v1/checkpoint" | "/v1/events", "") => {}
                _ => assert_eq!(answer.refused(), Code::Malformed, "{path}?{query}"),
            }
        }
    }
    let answer = caller.get("/v1/checkpoint?").await;
    assert_eq!(answer.status, 200, "an empty query states nothing");
}

#[tokio::test]
async fn an_answer_is_no_longer_than_a_frame_may_be() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    for number in 0..16_u8 {
        member.say(long(epoch, number)).await;
    }
    let caller = Caller::of(&server, &member.joined);
    let (mut next, mut answers) = (0, 0);
    while next < member.size() {
        let answer = caller
            .get(&format!("/v1/blocks?from={next}&limit=1000"))
            .await;
        assert!(answer.body.len() <= 1_048_576, "{}", answer.body.len());
        let blocks = answer.blocks();
        assert_eq!(blocks.start, next);
        assert!(!blocks.is_empty());
        (next, answers) = (blocks.end, answers + 1);
    }
    assert_eq!((next, answers), (20, 2));
}

/// The longest message that fits.
fn long(epoch: Id, byte: u8) -> Body {
    match message(epoch, byte) {
        Body::Message(mut message) => {
            let ciphertext = vec![byte; 65_424];
            message.ciphertext_hash = Hash::of(&ciphertext);
            message.ciphertext = Some(ciphertext.into());
            Body::Message(message)
        }
        other => other,
    }
}

#[tokio::test]
async fn blocks_are_coded_for_who_takes_that_and_nothing_else_is() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    for number in 1..=10 {
        member.say(card(number)).await;
    }
    let plain = Caller::of(&server, &member.joined);
    let coded = plain.with("Accept-Encoding", "gzip, deflate, br");
    let whole = plain.get("/v1/blocks?from=0").await;
    assert_eq!(whole.header("content-encoding"), None);
    let answer = coded.raw("/v1/blocks?from=0").await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.header("vary"), Some("accept-encoding"));
    assert!(answer.body.len() < whole.body.len() * 9 / 10);
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*answer.body), &mut text)
        .unwrap();
    assert_eq!(text, whole.body);
    // Another coding is another text, and has another tag.
    let tag = answer.header("etag").unwrap();
    assert_ne!(Some(tag), whole.header("etag"));
    let again = coded.with("If-None-Match", tag);
    assert_eq!(again.get("/v1/blocks?from=0").await.status, 304);
    let other = plain.with("If-None-Match", tag);
    assert_eq!(other.get("/v1/blocks?from=0").await.status, 200);
    // [HTTP-19] Nothing that stands beside a token, and nothing that a stranger is told.
    for path in [
        "/v1/checkpoint",
        "/v1/proofs/consistency?from=1&to=12",
        "/v1/blocks?from=12",
        "/v1/blocks?from=99",
        "/v1/nothing",
    ] {
        let answer = coded.get(path).await;
        assert_eq!(answer.header("content-encoding"), None, "{path}");
    }
    let stranger = Caller::stranger(&server).with("Accept-Encoding", "gzip");
    let (_, welcome) = join(&stranger, &key("m01"), None, None).await.unwrap();
    assert_eq!(welcome.size, 12);
}

#[tokio::test]
async fn a_finished_range_has_the_same_tag_whatever_is_appended_and_whenever_the_server_starts() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    member.say(card(1)).await;
    let tag = async |server: &dispatch_server::Running, path: &str| {
        let (joined, _) = join(&Caller::stranger(server), &key("m01"), None, None)
            .await
            .unwrap();
        let answer = Caller::of(server, &joined).get(path).await;
        answer.header("etag").unwrap().to_owned()
    };
    let (finished, open) = ("/v1/blocks?from=0&limit=2", "/v1/blocks?from=0&limit=9");
    let (before, growing) = (tag(&server, finished).await, tag(&server, open).await);
    assert_ne!(before, growing);
    member.say(card(2)).await;
    assert_eq!(tag(&server, finished).await, before);
    assert_ne!(tag(&server, open).await, growing);
    server.shutdown().await.unwrap();
    let server = community.serve().await;
    assert_eq!(tag(&server, finished).await, before);
}

#[tokio::test]
async fn a_redaction_reaches_every_answer_and_every_cache() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    let index = member.say(message(epoch, 0xa7)).await;
    let caller = Caller::of(&server, &member.joined);
    let path = format!("/v1/blocks?from={index}&limit=1");
    let before = caller.get(&path).await;
    let tag = before.header("etag").unwrap();
    assert!(tag.starts_with('"') && before.body.contains("\"ciphertext\":"));
    assert_eq!(
        before.header("cache-control"),
        Some("no-cache, must-revalidate")
    );
    for known in [tag.to_owned(), format!("\"a\", W/{tag}"), "*".to_owned()] {
        let cache = caller.with("If-None-Match", &known);
        let answer = cache.get(&path).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""));
        assert_eq!(answer.header("etag"), Some(tag));
        assert_eq!(
            answer.header("cache-control"),
            Some("no-cache, must-revalidate")
        );
    }
    // A cache gets no further than its token.
    let stranger = Caller::stranger(&server).with("If-None-Match", tag);
    assert_eq!(stranger.get(&path).await.refused(), Code::BadToken);
    let redaction = Redaction {
        index,
        reason: String::new(),
    };
    member.say(Body::Redaction(redaction)).await;
    let after = caller.with("If-None-Match", tag).get(&path).await;
    assert_eq!(after.blocks(), index..index + 1);
    assert_ne!(after.header("etag"), Some(tag));
    assert!(!after.body.contains("\"ciphertext\":"), "{}", after.body);
    let all = caller.get("/v1/blocks?from=0&limit=1000").await;
    assert!(!all.body.contains("\"ciphertext\":"));
}

#[tokio::test]
async fn who_waits_gets_the_block_as_soon_as_it_is_there() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    let (joined, _) = join(&Caller::stranger(&server), &key("m02"), None, None)
        .await
        .unwrap();
    let caller = Caller::of(&server, &joined);
    // What is there is given at once.
    let begun = Instant::now();
    assert_eq!(
        caller.get("/v1/blocks?from=1&wait=30000").await.blocks(),
        1..2
    );
    let asking = caller.get("/v1/blocks?from=2&wait=30000");
    tokio::pin!(asking);
    assert!(
        tokio::time::timeout(WHILE, &mut asking).await.is_err(),
        "it waits"
    );
    member.say(card(1)).await;
    assert_eq!(asking.await.blocks(), 2..3);
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn who_waits_in_vain_gets_an_empty_list_in_time() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let begun = Instant::now();
    let answer = caller.get("/v1/blocks?from=2&wait=300").await;
    assert_eq!(answer.blocks(), 2..2);
    assert_eq!(answer.body, r#"{"type":"blocks","from":2,"blocks":[]}"#);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn who_waits_is_told_when_the_session_ends() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let (short, _) = join(&stranger, &key("m01"), Some(1000), None)
        .await
        .unwrap();
    let (long, _) = join(&stranger, &key("m02"), None, None).await.unwrap();
    // By its time.
    let begun = Instant::now();
    let waiting = Caller::of(&server, &short);
    let answer = waiting.get("/v1/blocks?from=2&wait=30000").await;
    assert_eq!(answer.refused(), Code::BadToken);
    assert!(begun.elapsed() < SOON);
    // By a removal, whose block is not given any more, nor one behind it.
    let waiting = Caller::of(&server, &long);
    let asking = waiting.get("/v1/blocks?from=2&wait=30000");
    tokio::pin!(asking);
    assert!(
        tokio::time::timeout(WHILE, &mut asking).await.is_err(),
        "it waits"
    );
    let mut authority = Member::join(&server, "authority").await;
    authority
        .say(Body::Roster(Roster {
            add: vec![],
            remove: vec![key("m02").public().id()],
        }))
        .await;
    authority.say(card(1)).await;
    assert_eq!(asking.await.refused(), Code::BadToken);
}

#[tokio::test]
async fn who_waits_is_told_when_the_server_stops() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    let asking = caller.get("/v1/blocks?from=2&wait=30000");
    tokio::pin!(asking);
    assert!(
        tokio::time::timeout(WHILE, &mut asking).await.is_err(),
        "it waits"
    );
    let stopping = tokio::spawn(server.shutdown());
    let answer = asking.await;
    assert_eq!(answer.refused(), Code::ShuttingDown);
    assert_eq!(answer.header("retry-after"), Some("5"));
    drop(member);
    stopping.await.unwrap().unwrap();
}
