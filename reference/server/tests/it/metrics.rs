//! What the server tells of itself at an address of its own, and that the dashboard asks for nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use dispatch_protocol::refusal::Code;
use dispatch_server::Running;

use crate::client::Target;
use crate::community::Community;
use crate::http::caller::{Caller, unknown_token};
use crate::http::stream::Events;
use crate::member::{Member, card};

/// A community whose metrics are shown, and one who asks for them.
async fn shown(members: &[&str]) -> (Community, Running, Caller) {
    shown_by(Community::with(members)).await
}

/// The same of one that was founded otherwise.
async fn shown_by(mut community: Community) -> (Community, Running, Caller) {
    community.config.metrics = Some(([127, 0, 0, 1], 0).into());
    let server = community.serve().await;
    let target = Target {
        address: server.metrics_address().unwrap(),
        ..Target::from(&server)
    };
    (community, server, Caller::stranger(target))
}

/// A member who has had an entry accepted and one refused, on a socket and with a token for requests.
async fn busy(server: &Running) -> (Member, Caller) {
    let mut member = Member::join(server, "m01").await;
    member.say(card(1)).await;
    let entry = member.entry_with(0, card(2));
    member.submit(entry).await.unwrap_err();
    let caller = Caller::of(server, &member.joined);
    (member, caller)
}

/// A metric's value.
fn value(text: &str, name: &str) -> Option<f64> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn what_happens_is_counted() {
    let (_community, server, asks) = shown(&["m01"]).await;
    let (member, caller) = busy(&server).await;
    let _stream = Events::open(&caller, "").await;
    caller.get("/v1/checkpoint").await.frame();
    let nobody = Caller::stranger(&server).with("Authorization", &unknown_token());
    assert_eq!(
        nobody.get("/v1/blocks?from=0").await.refused(),
        Code::BadToken
    );
    nobody.get("/v1/ciphers/of/nobody").await;

    let answer = asks.get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let text = &answer.body;
    for (name, due) in [
        ("dispatchd_blocks", 3.0),
        ("dispatchd_members", 2.0),
        ("dispatchd_sessions", 1.0),
        ("dispatchd_store_writable", 1.0),
        ("dispatchd_joins_total", 1.0),
        ("dispatchd_entries_total{kind=\"card\"}", 1.0),
        ("dispatchd_refusals_total{code=\"bad_seq\"}", 1.0),
        ("dispatchd_refusals_total{code=\"bad_token\"}", 2.0),
        ("dispatchd_open{transport=\"ws\"}", 1.0),
        ("dispatchd_open{transport=\"sse\"}", 1.0),
        ("dispatchd_open{transport=\"poll\"}", 0.0),
        (
            "dispatchd_http_requests_total{path=\"checkpoint\",status=\"200\"}",
            1.0,
        ),
        (
            "dispatchd_http_requests_total{path=\"other\",status=\"401\"}",
            1.0,
        ),
        (
            "dispatchd_http_requests_total{path=\"socket\",status=\"101\"}",
            1.0,
        ),
    ] {
        assert_eq!(value(text, name), Some(due), "{name} in {text}");
    }
    assert!(value(text, "dispatchd_store_bytes").unwrap() > 4096.0);
    assert!(value(text, "dispatchd_commit_seconds_count").unwrap() >= 1.0);
    assert!(value(text, "process_open_fds").unwrap() > 3.0);
    assert!(value(text, "process_resident_memory_bytes").unwrap() > 1e6);
    for secret in [
        member.id().to_string(),
        member.joined.token().to_string(),
        "127.0.0.1".to_owned(),
        "ciphers".to_owned(),
    ] {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
    drop(member);
}

#[tokio::test]
async fn they_are_shown_at_their_own_address_alone_and_nothing_else_is() {
    let (_community, server, asks) = shown(&[]).await;
    assert_eq!(Caller::stranger(&server).get("/metrics").await.status, 404);
    assert_eq!(asks.get("/.well-known/dispatch-d").await.status, 404);
    assert_eq!(asks.get("/v1/blocks?from=0").await.status, 404);
    for caller in [asks, Caller::stranger(&server)] {
        for path in ["/healthz", "/readyz"] {
            let answer = caller.get(path).await;
            assert_eq!((answer.status, &*answer.body), (200, "ok\n"));
        }
    }
}

#[tokio::test]
async fn who_got_no_place_is_counted() {
    let mut community = Community::with(&["m01"]);
    community.config.connections = 1;
    let (_community, server, asks) = shown_by(community).await;
    let member = Member::join(&server, "m01").await;
    let caller = Caller::of(&server, &member.joined);
    assert_eq!(
        caller.get("/v1/checkpoint").await.refused(),
        Code::Unavailable
    );
    let text = asks.get("/metrics").await.body;
    let turned_away = value(&text, "dispatchd_turned_away_total{reason=\"full\"}");
    assert_eq!(turned_away, Some(1.0));
}

/// Names of metrics in a text: words that begin as ours and the process' do.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let ours = words.filter(|word| word.starts_with("dispatchd_") || word.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_ask_for_what_there_is() {
    let (_community, server, asks) = shown(&["m01"]).await;
    let (_member, caller) = busy(&server).await;
    caller.get("/v1/checkpoint").await.frame();
    server_says_bye(&server).await;
    let mut there = names(&asks.get("/metrics").await.body);
    // TLS is not spoken here.
    there.insert("dispatchd_certificate_not_after_timestamp_seconds".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    for file in ["grafana-dashboard.json", "prometheus-alerts.yml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let asked = names(&text);
        assert!(asked.len() > 3, "{file}: {asked:?}");
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{file}: {missing:?} in {there:?}");
    }
    let dashboard = std::fs::read_to_string(folder.join("grafana-dashboard.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&dashboard).unwrap();
}

/// A connection that breaks a limit, so that there is a bye to count.
async fn server_says_bye(server: &Running) {
    let mut client = crate::client::Client::dial(server).await;
    client.text("x".repeat(300_000)).await;
    assert_eq!(client.bye().await, Code::TooLarge);
}
