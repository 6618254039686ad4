//! The codes of the specification's chapter "Errors and limits".

/// Codes that a `refused` can have.
pub const REFUSED: &[&str] = &[
    "malformed",
    "unknown_frame",
    "unexpected_frame",
    "too_large",
    "unknown_version",
    "wrong_origin",
    "bad_key",
    "no_challenge",
    "challenge_expired",
    "bad_proof",
    "not_allowed",
    "unknown_have",
    "bad_token",
    "wrong_community",
    "unknown_kind",
    "wrong_author",
    "bad_signature",
    "bad_seq",
    "bad_seen",
    "clock_skew",
    "bad_genesis",
    "not_authority",
    "bad_roster",
    "bad_card",
    "bad_recipient",
    "unknown_epoch",
    "not_recipient",
    "stale_epoch",
    "bad_ciphertext",
    "bad_redaction",
    "rate_limited",
    "unavailable",
    "shutting_down",
];

/// Codes that a `bye` can have.
pub const BYE: &[&str] = &[
    "too_large",
    "session_expired",
    "removed",
    "slow_reader",
    "too_many_refusals",
    "shutting_down",
];

/// The HTTP status that stands beside a code. [HTTP-3]
pub fn status(code: &str) -> Option<u16> {
    Some(match code {
        "malformed" | "unknown_frame" | "unknown_version" => 400,
        "bad_token" => 401,
        "wrong_origin" | "bad_proof" | "not_allowed" | "wrong_author" | "not_authority"
        | "not_recipient" => 403,
        "unexpected_frame" | "no_challenge" | "challenge_expired" | "unknown_have" | "bad_seq"
        | "bad_seen" | "stale_epoch" => 409,
        "too_large" => 413,
        "bad_key" | "wrong_community" | "unknown_kind" | "bad_signature" | "clock_skew"
        | "bad_genesis" | "bad_roster" | "bad_card" | "bad_recipient" | "unknown_epoch"
        | "bad_ciphertext" | "bad_redaction" => 422,
        "rate_limited" => 429,
        "unavailable" | "shutting_down" => 503,
        _ => return None,
    })
}

/// The status that is due: the one that is stated, or that of the code.
pub fn due_status(stated: Option<u16>, code: Option<&str>) -> Option<u16> {
    stated.or_else(|| status(code?))
}

/// The close code that stands beside a code. [WS-10]
pub fn close_code(code: &str) -> Option<u16> {
    match code {
        "too_large" => Some(1009),
        "session_expired" | "removed" | "too_many_refusals" => Some(1008),
        "slow_reader" => Some(1013),
        "shutting_down" => Some(1001),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;

    #[test]
    fn the_tables_are_those_of_the_specification() {
        let corpus = Corpus::embedded();
        let chapter = corpus.text("spec/errors.md").expect("the chapter");
        let mut rows = 0;
        for line in chapter.lines() {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [code, said_by, _, http, close] = cells[..] else {
                continue;
            };
            let Some(code) = code
                .strip_prefix('`')
                .and_then(|code| code.strip_suffix('`'))
            else {
                continue;
            };
            rows += 1;
            assert_eq!(
                REFUSED.contains(&code),
                said_by.contains("refused"),
                "{code}"
            );
            assert_eq!(
                status(code).map_or_else(String::new, |status| status.to_string()),
                http,
                "{code}"
            );
            assert_eq!(BYE.contains(&code), said_by.contains("bye"), "{code}");
            assert_eq!(
                close_code(code).map_or_else(String::new, |close| close.to_string()),
                close,
                "{code}"
            );
        }
        assert_eq!(
            rows,
            REFUSED.len() + BYE.iter().filter(|code| !REFUSED.contains(code)).count()
        );
    }
}
