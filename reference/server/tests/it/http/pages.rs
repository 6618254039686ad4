//! What a browser lets pages read, and what it may keep. // [HTTP-10], [HTTP-12]

use dispatch_server::Origin;

use super::caller::{Answer, Caller, join};
use crate::community::{Community, key};

const PAGE: &str = "https://chat.example.org";

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[tokio::test]
async fn pages_of_the_page_origins_may_read_the_answers_and_no_others() {
    let mut community = Community::with(&["m01"]);
    community.config.page_origins = Some(vec![Origin::parse(PAGE).unwrap()]);
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let (joined, _) = join(&stranger.with("Origin", PAGE), &key("m01"), None, None)
        .await
        .unwrap();
    let member = Caller::of(&server, &joined);
    for path in [
        "/v1/blocks?from=0",
        "/v1/blocks?from=9",
        "/v1/checkpoint",
        "/v1/proofs/inclusion?index=0&size=1",
        "/v1/nothing",
        "/v1/entries",
    ] {
        for caller in [&member, &stranger] {
            let answer = caller.with("Origin", PAGE).get(path).await;
            assert_eq!(allowed(&answer), Some(PAGE), "{path}");
            assert!(varies_by_origin(&answer));
            let exposed = answer.header("access-control-expose-headers").unwrap();
            assert!(exposed.contains("etag") && exposed.contains("retry-after"));
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            let plain = caller.get(path).await;
            assert_eq!((plain.status, &plain.body), (answer.status, &answer.body));
            for origin in [
                "https://evil.example",
                "https://chat.example.org.evil.example",
                "http://chat.example.org",
                "null",
                server.origin(),
            ] {
                let other = caller.with("Origin", origin).get(path).await;
                assert_eq!(allowed(&other), None, "{path} {origin}");
                assert!(varies_by_origin(&other), "{path}");
                assert_eq!(other.status, plain.status);
            }
            let twice = caller.with("Origin", PAGE).with("Origin", PAGE);
            assert_eq!(allowed(&twice.get(path).await), None);
        }
    }
    // A stream, too.
    let stream = member
        .with("Origin", PAGE)
        .open("GET", "/v1/events", "")
        .await;
    assert_eq!(stream.headers()["access-control-allow-origin"], PAGE);
}

#[tokio::test]
async fn a_browser_that_asks_first_needs_no_token() {
    let mut community = Community::with(&["m01"]);
    community.config.page_origins = Some(vec![Origin::parse(PAGE).unwrap()]);
    let server = community.serve().await;
    let ask = |origin: &str| {
        Caller::stranger(&server)
            .with("Origin", origin)
            .with("Access-Control-Request-Method", "POST")
            .with(
                "Access-Control-Request-Headers",
                "authorization,content-type",
            )
    };
    for path in ["/v1/entries", "/v1/hello", "/v1/blocks", "/v1/events"] {
        let answer = ask(PAGE).ask("OPTIONS", path, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}");
        assert_eq!(allowed(&answer), Some(PAGE));
        assert!(varies_by_origin(&answer));
        let listed = |name| answer.header(name).unwrap().split(", ").collect::<Vec<_>>();
        let methods = listed("access-control-allow-methods");
        assert!(methods.contains(&"POST") && methods.contains(&"GET"));
        let headers = listed("access-control-allow-headers");
        for header in ["authorization", "content-type", "last-event-id"] {
            assert!(headers.contains(&header), "{header}");
        }
        assert!(answer.header("access-control-max-age").is_some());
        let other = ask("https://evil.example").ask("OPTIONS", path, "").await;
        assert_eq!(allowed(&other), None);
        assert_eq!(other.header("access-control-allow-methods"), None);
        assert_eq!(other.header("access-control-allow-headers"), None);
    }
}

#[tokio::test]
async fn nothing_under_v1_is_stored_but_blocks_that_are_asked_for_again() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let stranger = Caller::stranger(&server);
    let (joined, _) = join(&stranger, &key("m01"), None, None).await.unwrap();
    let member = Caller::of(&server, &joined);
    for (caller, method, path, due) in [
        (&stranger, "POST", "/v1/hello", "no-store"),
        (&stranger, "GET", "/v1/socket", "no-store"),
        (&stranger, "GET", "/v1/blocks?from=0", "no-store"),
        (
            &member,
            "GET",
            "/v1/blocks?from=0",
            "no-cache, must-revalidate",
        ),
        (&member, "GET", "/v1/blocks?from=2", "no-store"),
        (&member, "GET", "/v1/checkpoint", "no-store"),
        (
            &member,
            "GET",
            "/v1/proofs/inclusion?index=0&size=2",
            "no-store",
        ),
        (&member, "GET", "/v1/nothing", "no-store"),
        (&member, "POST", "/v1/entries", "no-store"),
    ] {
        let answer = caller.ask(method, path, "").await;
        assert_eq!(answer.header("cache-control"), Some(due), "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let is_tagged = answer.header("etag").is_some();
        assert_eq!(is_tagged, due != "no-store", "{method} {path}");
    }
}

fn varies_by_origin(answer: &Answer) -> bool {
    let mut names = answer.headers.get_all("vary").iter();
    names.any(|name| name == "Origin")
}
