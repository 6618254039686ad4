//! What a request says beside its body: the query and the headers. The first line is the query, each further one a header,
//! `name: value`. Each reading is held against a plain one that stands here.

#![no_main]

use std::net::IpAddr;

use data_encoding::BASE64URL_NOPAD;
use dispatch_server::fuzzing::http;
use libfuzzer_sys::fuzz_target;

const KNOWN: [&str; 3] = ["from", "limit", "wait"];
const GREATEST: u64 = (1 << 53) - 1;
/// What has the tag that the request may know.
const PAGE: &[u8] = b"a page";

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    if let Some(Ok(query)) = lines.next().map(std::str::from_utf8) {
        parameters(query);
    }
    let stated = lines.filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        let name = std::str::from_utf8(&line[..at]).ok()?;
        Some((name, line[at + 1..].trim_ascii()))
    });
    let headers = http::headers(stated);
    let one = |name: &str| {
        let mut all = headers.get_all(name).iter();
        all.next().filter(|_| all.next().is_none())
    };
    let text = |name: &str| one(name).and_then(|value| value.to_str().ok());

    if let Some(token) = http::token(&headers) {
        let value = text("authorization").expect("[HTTP-2] one header");
        let letters = value.rsplit(' ').next().expect("there is a last one");
        assert!(value[..9].eq_ignore_ascii_case("dispatch "), "{value}");
        assert_eq!(
            letters,
            BASE64URL_NOPAD.encode(&token),
            "[CONV-13] one form"
        );
    }
    if http::form(&headers).is_ok() {
        let value = text("content-type")
            .expect("[HTTP-8] one header")
            .to_ascii_lowercase();
        assert!(
            value.trim_start().starts_with("application/json"),
            "{value}"
        );
        assert!(!headers.contains_key("content-encoding"), "[HTTP-9]");
    }
    match http::last_event_id(&headers) {
        Ok(None) => assert!(!headers.contains_key("last-event-id")),
        Ok(Some(id)) => assert_eq!(text("last-event-id"), Some(&*id.to_string()), "[SSE-6]"),
        Err(_) => assert!(text("last-event-id").and_then(integer).is_none()),
    }
    let tag = http::tag(PAGE);
    let mut lists = headers
        .get_all("if-none-match")
        .iter()
        .map(|list| list.as_bytes());
    let holds = |list: &[u8], sought: &[u8]| list.windows(sought.len()).any(|part| part == sought);
    match http::is_known(&headers, PAGE) {
        true => assert!(lists.any(|list| holds(list, b"*") || holds(list, tag.as_bytes()))),
        false => assert!(lists.all(|list| list != b"*" && list != tag.as_bytes())),
    }
    let mut codings = headers.get_all("accept-encoding").iter();
    if http::takes_gzip(&headers) {
        let named = |line: &[u8]| {
            let line = line.to_ascii_lowercase();
            holds(&line, b"gzip") || holds(&line, b"*")
        };
        assert!(codings.any(|line| named(line.as_bytes())), "[HTTP-19]");
    }
    let mut told = headers.get_all("x-forwarded-for").iter();
    match http::behind_proxy(&headers) {
        // [LIM-7] Nobody is counted who was not told, but for the proxy that tells of nobody.
        Some(IpAddr::V4(address)) if address.octets()[..3] != [192, 0, 2] => {
            let address = address.to_string();
            let says = |line: &[u8]| holds(line, address.as_bytes()) || holds(line, b":");
            assert!(told.any(|line| says(line.as_bytes())), "{address}");
        }
        Some(IpAddr::V6(address)) => assert_eq!(address.segments()[4..], [0; 4]),
        _ => {}
    }
});

fn integer(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number <= GREATEST && number.to_string() == text).then_some(number)
}

/// [HTTP-4], [CONV-12]
fn parameters(query: &str) {
    let mut expected = Some([None; 3]);
    for part in query.split('&').filter(|_| !query.is_empty()) {
        let read = part.split_once('=').and_then(|(name, value)| {
            let place = KNOWN.iter().position(|known| *known == name)?;
            Some((place, integer(value)?))
        });
        expected = match (expected, read) {
            (Some(mut values), Some((place, value))) if values[place].is_none() => {
                values[place] = Some(value);
                Some(values)
            }
            _ => None,
        };
    }
    let found = http::query(query, &KNOWN).ok();
    assert_eq!(
        found.as_deref(),
        expected.as_ref().map(|values| &values[..]),
        "{query:?}"
    );
}
