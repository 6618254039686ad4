//! What a message says: the JSON under the padding.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes::Id;
use crate::json::{Fault, Field, Strictness, parse};
use crate::verdict::{Finding, Verdict};

/// Bytes that a channel's name may have.
const CHANNEL: std::ops::RangeInclusive<usize> = 1..=64;

/// A message's plaintext. Somebody's words: to be shown, never to be fetched, run or opened (ENC-10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "plaintext")]
pub struct Plaintext {
    /// What is said.
    pub text: String,
    /// The entry id of the message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<Id>")]
    pub reply_to: Option<Id>,
    /// Where it is said: 1 to 64 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::channel")]
    pub channel: Option<String>,
}

impl Plaintext {
    /// The bytes that are padded and encrypted.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are always JSON")
    }

    /// Reads opened bytes. Members that are not known are passed over (ENC-9).
    ///
    /// # Errors
    /// `bad_plaintext`, with ENC-8.
    pub fn decode(bytes: &[u8]) -> Result<Self, Finding> {
        // [ENC-8]
        let bad = |what: String| Finding::new(Verdict::BadPlaintext, "ENC-8", what);
        let text =
            std::str::from_utf8(bytes).map_err(|_| bad("the plaintext is not UTF-8".into()))?;
        let read = || -> Result<Self, Fault> {
            let json = parse(text, Strictness::Plaintext)?;
            let root = Field::root(&json);
            let members = root.object()?;
            let reply_to = members
                .optional("reply_to")
                .map(|field| field.decoded(Id::decode))
                .transpose()?;
            let channel = members
                .optional("channel")
                .map(|field| {
                    field
                        .text_of(*CHANNEL.start(), *CHANNEL.end())
                        .map(str::to_owned)
                })
                .transpose()?;
            Ok(Self {
                text: members.required("text")?.text()?.to_owned(),
                reply_to,
                channel,
            })
        };
        // what was opened is secret, so of the fault only its rule is told
        read().map_err(|fault| bad(format!("the plaintext breaks {}", fault.requirement)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes() {
        let plaintext = Plaintext {
            text: "Grüße, \u{1f600}\n\u{0}".into(),
            reply_to: Some(Id::new([7; 32])),
            channel: Some("general".into()),
        };
        assert_eq!(Plaintext::decode(&plaintext.encode()).unwrap(), plaintext);
    }

    #[test]
    fn members_that_are_not_known_are_passed_over() {
        let plaintext = Plaintext::decode(br#"{"mood":{"value":-1.5},"text":"hi"}"#).unwrap();
        assert_eq!(plaintext.text, "hi");
    }

    #[test]
    fn what_is_no_plaintext_is_refused_without_being_told() {
        let too_long = format!(r#"{{"text":"hi","channel":"{}"}}"#, "a".repeat(65));
        for bad in [
            "",
            "[]",
            r#"{"text":1}"#,
            r#"{"text":null}"#,
            r#"{}"#,
            r#"{"text":"secret","text":"secret"}"#,
            r#"{"text":"secret\ud800"}"#,
            r#"{"text":"hi","channel":""}"#,
            r#"{"text":"hi","reply_to":"secret"}"#,
            r#"{"text":"hi"} {}"#,
            "\u{feff}{\"text\":\"hi\"}",
            &too_long,
        ] {
            let finding = Plaintext::decode(bad.as_bytes()).unwrap_err();
            assert_eq!(
                (finding.verdict, finding.requirement),
                (Verdict::BadPlaintext, "ENC-8"),
                "{bad}"
            );
            assert!(!finding.detail.contains("secret"), "{}", finding.detail);
        }
        assert!(Plaintext::decode(b"{\"text\":\"\xff\"}").is_err());
    }
}
