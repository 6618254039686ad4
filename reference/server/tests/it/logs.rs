//! The log: what stands in it, and what never does. // [SESS-16]

use crate::community::{Community, key};
use crate::http::caller::{self, Caller};
use crate::http::stream::Events;
use crate::member::{Member, message};
use crate::process::Process;

/// A community whose log tells everything that there is to tell, a JSON object a line.
fn loquacious(members: &[&str]) -> Community {
    let community = Community::with(members);
    let path = community.path("dispatchd.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace("level = \"info\"", "level = \"trace\"")
        .replace("format = \"human\"", "format = \"json\"");
    std::fs::write(path, text).unwrap();
    community
}

#[tokio::test]
async fn no_token_key_or_text_of_a_member_stands_in_the_fullest_log() {
    let community = loquacious(&["m01"]);
    let mut process = Process::serve(&community);
    let log = process.listen();
    let mut member = Member::join(&process.target, "m01").await;
    let epoch = member.epoch_for_oneself().await;
    member.say(message(epoch, 0x5a)).await;
    let stranger = Caller::stranger(&process.target);
    let (joined, _) = caller::join(&stranger, &key("m01"), None, None)
        .await
        .unwrap();
    let caller = Caller::of(&process.target, &joined);
    caller
        .submit(&member.entry(message(epoch, 0x5b)))
        .await
        .accepted();
    let _events = Events::open(&caller, "").await;
    // Refused ones, too: what was wrong is told, and not what was sent.
    member
        .client
        .text("{\"type\":\"hello\",\"secret\":\"5e5e5e5e\"}")
        .await;
    let wrong = stranger.with("Authorization", "Dispatch c2VjcmV0LXRva2Vu");
    wrong
        .get("/v1/blocks?from=0&token=c2VjcmV0LXRva2Vu")
        .await
        .refused();
    process.signal("-TERM");
    process.end();
    let log = process.begin.clone() + &log.join().unwrap();
    assert!(log.contains("\"joined\""), "the log is the fullest: {log}");
    let base64 = data_encoding::BASE64URL_NOPAD;
    for (what, secret) in [
        ("a token", member.joined.token().to_string()),
        ("a token of a request", joined.token().to_string()),
        ("a wrong token", "c2VjcmV0LXRva2Vu".to_owned()),
        ("a ciphertext", base64.encode(&[0x5a; 30])),
        ("a ciphertext of a request", base64.encode(&[0x5b; 30])),
        ("what a client invented", "5e5e5e5e".to_owned()),
        ("a private key", "PRIVATE KEY".to_owned()),
    ] {
        assert!(!log.contains(&secret), "{what} stands in the log: {log}");
    }
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        assert!(
            line["timestamp"].is_string() && line["level"].is_string(),
            "{line}"
        );
    }
}
