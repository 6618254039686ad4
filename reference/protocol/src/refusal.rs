//! What a server says when it does not accept: one code for each rule, in the specification's order. // [ERR-1], [ERR-2]
//!
//! Not for what goes wrong on our own side: a full disk is told as [`Code::Unavailable`] at most, and a verifier's own
//! verdicts, which never travel, stand in [`verdict`](crate::verdict).

use serde::{Serialize, Serializer};

/// Declares the codes in the order of the chapter "Errors and limits", with HTTP status and close code.
macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident $text:literal $http:expr, $close:expr;)*) => {
        /// A refusal's code. The text, the HTTP status and the close code are those of the specification's table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
            /// A code of a later time, as only a client reads one: a refusal all the same (CONV-9). Never sent.
            Unknown,
        }

        impl Code {
            /// Every code that travels, in the specification's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it travels.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* Self::Unknown => "unknown" }
            }

            /// What it means, in a few words.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*).trim(),)*
                    Self::Unknown => "a code of a later time",
                }
            }

            /// The status of a refusal by HTTP; none for what is said by `bye` alone.
            pub const fn http_status(self) -> Option<u16> {
                match self { $(Self::$variant => $http,)* Self::Unknown => None }
            }

            /// The close code of a WebSocket (RFC 6455, section 7.4) after a `bye` with this code; none for what never ends a connection.
            pub const fn close_code(self) -> Option<u16> {
                match self { $(Self::$variant => $close,)* Self::Unknown => None }
            }
        }
    };
}

codes! {
    /// Not a frame of this protocol.
    Malformed "malformed" Some(400), None;
    /// No such frame.
    UnknownFrame "unknown_frame" Some(400), None;
    /// Not in this state.
    UnexpectedFrame "unexpected_frame" Some(409), None;
    /// Over a limit.
    TooLarge "too_large" Some(413), Some(1009);
    /// Not dispatch-d/1.
    UnknownVersion "unknown_version" Some(400), None;
    /// Not an origin of this server.
    WrongOrigin "wrong_origin" Some(403), None;
    /// The public key breaks a rule.
    BadKey "bad_key" Some(422), None;
    /// No such challenge is outstanding here.
    NoChallenge "no_challenge" Some(409), None;
    /// The challenge is too old.
    ChallengeExpired "challenge_expired" Some(409), None;
    /// The join signature does not verify.
    BadProof "bad_proof" Some(403), None;
    /// The account is not on the roster.
    NotAllowed "not_allowed" Some(403), None;
    /// Not a prefix of this chain.
    UnknownHave "unknown_have" Some(409), None;
    /// No live session has this token here.
    BadToken "bad_token" Some(401), None;
    /// The session's time is over.
    SessionExpired "session_expired" None, Some(1008);
    /// The roster no longer has the account.
    Removed "removed" None, Some(1008);
    /// The entry is for another community.
    WrongCommunity "wrong_community" Some(422), None;
    /// No such kind of entry.
    UnknownKind "unknown_kind" Some(422), None;
    /// The author is not the session's account.
    WrongAuthor "wrong_author" Some(403), None;
    /// The entry's signature does not verify.
    BadSignature "bad_signature" Some(422), None;
    /// Not the author's next number.
    BadSeq "bad_seq" Some(409), None;
    /// Not a prefix of this chain, or behind the author's last.
    BadSeen "bad_seen" Some(409), None;
    /// `sent_at` is too far from the server's clock.
    ClockSkew "clock_skew" Some(422), None;
    /// Genesis cannot be submitted, or breaks a rule.
    BadGenesis "bad_genesis" Some(422), None;
    /// Only the authority (or the message's author) may.
    NotAuthority "not_authority" Some(403), None;
    /// The change does not fit the roster.
    BadRoster "bad_roster" Some(422), None;
    /// Not a usable X25519 key.
    BadCard "bad_card" Some(422), None;
    /// A recipient breaks a rule.
    BadRecipient "bad_recipient" Some(422), None;
    /// No such epoch.
    UnknownEpoch "unknown_epoch" Some(422), None;
    /// The author cannot read that epoch.
    NotRecipient "not_recipient" Some(403), None;
    /// A recipient was removed: a new epoch is due.
    StaleEpoch "stale_epoch" Some(409), None;
    /// Length or hash is wrong, or it does not open.
    BadCiphertext "bad_ciphertext" Some(422), None;
    /// No message there, or redacted already.
    BadRedaction "bad_redaction" Some(422), None;
    /// The client reads too slowly.
    SlowReader "slow_reader" None, Some(1013);
    /// Too many frames were refused.
    TooManyRefusals "too_many_refusals" None, Some(1008);
    /// Too much at once.
    RateLimited "rate_limited" Some(429), None;
    /// The server cannot do it now; nothing was appended.
    Unavailable "unavailable" Some(503), None;
    /// The server stops.
    ShuttingDown "shutting_down" Some(503), Some(1001);
}

impl Code {
    /// The code of this text, if there is one.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One refusal: the peer's fault, told with the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} [{requirement}]: {detail}")]
pub struct Refusal {
    /// What travels.
    pub code: Code,
    /// The id of the requirement that was broken, such as `JOIN-4`. It does not travel.
    pub requirement: &'static str,
    /// For people: what was wrong and what to do. Holds no token, key or plaintext. // [ERR-4], [ERR-9]
    pub detail: String,
    /// Milliseconds after which trying again makes sense.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal without `retry_after`.
    pub fn new(code: Code, requirement: &'static str, detail: impl Into<String>) -> Self {
        Self {
            code,
            requirement,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// A refusal with [`Code::Malformed`].
    pub fn malformed(requirement: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Code::Malformed, requirement, detail)
    }

    /// The same, to be tried again after so many milliseconds.
    pub fn retry_after(mut self, milliseconds: u64) -> Self {
        self.retry_after = Some(milliseconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_comes_back_from_its_text_and_no_two_are_alike() {
        for &code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::ALL.len(), 37);
        assert_eq!(Code::parse("Malformed"), None);
    }

    #[test]
    fn every_code_can_be_said_somehow() {
        for code in Code::ALL {
            assert!(
                code.http_status().is_some() || code.close_code().is_some(),
                "{code}"
            );
        }
    }

    #[test]
    fn the_table_is_the_specifications() {
        let chapter = include_str!("../../../spec/errors.md");
        let rows: Vec<_> = chapter
            .lines()
            .skip_while(|line| !line.starts_with("## Codes"))
            .filter_map(|line| line.strip_prefix("| `"))
            .take_while(|row| row.contains("refused") || row.contains("bye"))
            .collect();
        let ours: Vec<_> = Code::ALL
            .iter()
            .map(|code| {
                let text = |n: Option<u16>| n.map_or(String::new(), |n| n.to_string());
                (
                    code.as_str().to_owned(),
                    text(code.http_status()),
                    text(code.close_code()),
                )
            })
            .collect();
        let theirs: Vec<_> = rows
            .iter()
            .map(|row| {
                let cells: Vec<_> = row.split('|').map(str::trim).collect();
                (
                    cells[0].trim_end_matches('`').to_owned(),
                    cells[3].to_owned(),
                    cells[4].to_owned(),
                )
            })
            .collect();
        assert_eq!(ours, theirs);
    }
}
