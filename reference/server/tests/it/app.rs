//! The chat app as a browser gets it: types, headers, caching, and that it can be left out.

use dispatch_server::{Origin, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::SOON;
use crate::community::Community;

/// Status line and headers in lower case, and the body.
async fn get(server: &Running, path: &str, more: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(SOON, stream.read_to_end(&mut answer))
        .await
        .expect("an answer comes soon")
        .unwrap();
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .expect("a head")
        + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).unwrap().to_lowercase(), body)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no {name} in {head}"))
}

/// What the page names that is loaded with it.
fn loaded(page: &str) -> Vec<&str> {
    let named = page.split(['"', '\'']).filter(|text| text.starts_with('/'));
    named.filter(|text| text.contains('.')).collect()
}

#[tokio::test]
async fn the_page_and_all_that_it_loads_are_served_with_strict_headers() {
    let server = Community::with(&[]).serve().await;
    let (head, page) = get(&server, "/", "").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(header(&head, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&head, "cache-control"), "no-cache");
    let page = String::from_utf8(page).unwrap();
    let files = loaded(&page);
    for ending in [".js", ".css", ".svg", ".webmanifest"] {
        let is_there = files.iter().any(|file| file.ends_with(ending));
        assert!(is_there, "{ending} in {files:?}");
    }
    for path in files.into_iter().chain(["/"]) {
        let (head, body) = get(&server, path, "").await;
        assert!(head.starts_with("http/1.1 200 "), "{path}: {head}");
        assert!(!body.is_empty());
        let policy = header(&head, "content-security-policy");
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            let is_there = policy.split("; ").any(|one| one == directive);
            assert!(is_there, "{path}: {directive} in {policy}");
        }
        // [JOIN-3] Whatever the Host header says, the page dials the origins that are configured.
        let sockets = format!(
            "connect-src 'self' ws://{0} ws://localhost:{1}",
            server.address(),
            server.address().port()
        );
        assert!(policy.contains(&sockets), "{path}: {policy}");
        assert!(!policy.contains("evil"), "{path}: {policy}");
        assert_eq!(header(&head, "x-content-type-options"), "nosniff");
        assert_eq!(header(&head, "referrer-policy"), "no-referrer");
        assert_eq!(header(&head, "cross-origin-opener-policy"), "same-origin");
        assert!(header(&head, "permissions-policy").contains("camera=()"));
    }
}

#[tokio::test]
async fn what_is_named_by_its_content_lasts_and_the_page_is_asked_for_again() {
    let server = Community::with(&[]).serve().await;
    let (head, page) = get(&server, "/", "").await;
    let page = String::from_utf8(page).unwrap();
    let script = loaded(&page)
        .into_iter()
        .find(|file| file.ends_with(".js"))
        .unwrap();
    let (script_head, _) = get(&server, script, "").await;
    assert_eq!(
        header(&script_head, "cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert!(header(&script_head, "content-type").starts_with("text/javascript"));
    // Tags are compared as they stand, and the head above is in lower case.
    let tag = tag(&server).await;
    assert_eq!(header(&head, "etag"), tag.to_lowercase());
    for (known, status) in [
        (tag.clone(), "304"),
        (format!("\"other\", W/{tag}"), "304"),
        ("\"other\"".to_owned(), "200"),
    ] {
        let (head, body) = get(&server, "/", &format!("If-None-Match: {known}\r\n")).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{head}");
        assert_eq!(body.is_empty(), status == "304");
    }
}

#[tokio::test]
async fn the_app_is_coded_for_who_takes_that() {
    let server = Community::with(&[]).serve().await;
    let (_, page) = get(&server, "/", "").await;
    let page = String::from_utf8(page).unwrap();
    let script = loaded(&page)
        .into_iter()
        .find(|file| file.ends_with(".js"))
        .unwrap();
    let (head, whole) = get(&server, script, "").await;
    assert!(!head.contains("content-encoding"), "{head}");
    let (head, coded) = get(&server, script, "Accept-Encoding: br, gzip\r\n").await;
    assert_eq!(header(&head, "content-encoding"), "gzip");
    assert_eq!(header(&head, "vary"), "accept-encoding");
    assert!(coded.len() * 2 < whole.len());
    let mut text = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&*coded);
    std::io::Read::read_to_end(&mut decoder, &mut text).unwrap();
    assert_eq!(text, whole);
}

async fn tag(server: &Running) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = b"HEAD / HTTP/1.1\r\nHost: here\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut head = String::new();
    stream.read_to_string(&mut head).await.unwrap();
    let line = head.lines().find_map(|line| line.strip_prefix("etag: "));
    line.expect("a tag").to_owned()
}

#[tokio::test]
async fn the_app_can_be_left_out() {
    let mut community = Community::with(&[]);
    community.config.app = false;
    let server = community.serve().await;
    let (head, _) = get(&server, "/", "").await;
    assert!(head.starts_with("http/1.1 404 "), "{head}");
    let (head, _) = get(&server, "/.well-known/dispatch-d", "").await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
}

#[tokio::test]
async fn the_invitation_names_an_origin_at_which_the_app_is_and_pins_the_community() {
    let mut community = Community::with(&[]);
    community.config.origins = vec![Origin::parse("https://chat.example.org").unwrap()];
    let server = community.serve().await;
    assert_eq!(
        server.invitation(),
        format!(
            "https://chat.example.org/#dispatch-d/1/{}",
            server.community()
        )
    );
}
