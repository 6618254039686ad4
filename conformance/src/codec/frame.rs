//! Frames: what a server takes from a client, and what a client takes from a server (spec/registry.md, "Frames").

use super::Verdict;
use super::form::{Form, HASH, Member, PLACE, Reader, check, may, must};
use super::json::{Rules, read_object};
use serde_json::Value;

/// Reads a client's frame as a server must: every rule that the frame alone can break, public keys' excepted.
pub fn read_client(bytes: &[u8]) -> Result<Value, Verdict> {
    let frame = read_object(bytes, Rules::FRAME)?;
    let (name, members) = match kind_of(&frame, &CLIENT)? {
        Some(found) => found,
        // [ERR-6]
        None => {
            return Err(Verdict::new(
                "unknown_frame",
                "ERR-6",
                "no frame of a client has this type",
            ));
        }
    };
    if *name == "hello" {
        // [JOIN-4] comes before the rules on other members.
        if let Some(version) = frame["version"].as_str().filter(|v| *v != VERSION) {
            return Err(Verdict::new(
                "unknown_version",
                "JOIN-4",
                format!("the version {version:?}"),
            ));
        }
    }
    check(
        &frame,
        Form::Object(members),
        &format!("the {name}"),
        Reader::Server,
    )?;
    Ok(frame)
}

/// Reads a server's frame as a client must: `None` where its type is unknown and it is ignored [CONV-10].
pub fn read_server(bytes: &[u8]) -> Result<Option<Value>, Verdict> {
    let frame = read_object(bytes, Rules::OPEN)?;
    let Some((name, members)) = kind_of(&frame, &SERVER)? else {
        return Ok(None);
    };
    check(
        &frame,
        Form::Object(members),
        &format!("the {name}"),
        Reader::Client,
    )?;
    Ok(Some(frame))
}

/// Holds a block against its form, as a client does.
pub fn check_block(block: &Value) -> Result<(), Verdict> {
    check(block, BLOCK, "the block", Reader::Client)
}

/// Holds a checkpoint against its form, as a client does.
pub fn check_checkpoint(checkpoint: &Value) -> Result<(), Verdict> {
    check(checkpoint, CHECKPOINT, "the checkpoint", Reader::Client)
}

/// Holds a discovery document against its form, as a client does.
pub fn check_discovery(document: &Value) -> Result<(), Verdict> {
    check(document, DISCOVERY, "the document", Reader::Client)
}

/// Holds an entry against its form, as a server does with one that is submitted.
pub fn check_submitted(entry: &Value) -> Result<(), Verdict> {
    check(entry, Form::Entry(false), "the entry", Reader::Server)
}

const VERSION: &str = "dispatch-d/1";

type Table = (&'static str, &'static [Member]);

const TYPE: Member = must("type", Form::Text(1, 64));
const ANY_TEXT: Form = Form::Text(0, usize::MAX);
const REF: Form = Form::Reference(1, 64);
const TIME: Form = Form::Uint(0);
const BLOCK: Form = Form::Object(&[
    must("index", Form::Uint(0)),
    must("prev", HASH),
    must("time", TIME),
    must("entry", Form::Entry(true)),
]);
const CHECKPOINT: Form = Form::Object(&[
    must("community", HASH),
    must("size", Form::Uint(0)),
    must("head", HASH),
    must("root", HASH),
    must("time", TIME),
    must("signature", Form::Bytes),
]);
const DISCOVERY: Form = Form::Object(&[
    must("versions", Form::List(1, &ANY_TEXT)),
    must("community", HASH),
    must("genesis", BLOCK),
    must(
        "limits",
        Form::Object(&[
            must("frame_bytes", Form::Uint(0)),
            must("ciphertext_bytes", Form::Uint(0)),
            must("wraps", Form::Uint(0)),
            must("skew_ms", Form::Uint(0)),
            must("session_ms", Form::Uint(0)),
            must("challenge_ms", Form::Uint(0)),
            must("checkpoint_ms", Form::Uint(0)),
        ]),
    ),
    must("transports", Form::List(0, &ANY_TEXT)),
]);

const CLIENT: [Table; 4] = [
    (
        "hello",
        &[
            TYPE,
            must("version", Form::Word(VERSION)),
            must("origin", Form::Ascii(1, 255)),
            must("public_key", Form::Bytes),
            must("client_nonce", HASH),
            may("session_ms", Form::Uint(1000)),
            may("have", PLACE),
        ],
    ),
    (
        "prove",
        &[
            TYPE,
            must("server_nonce", HASH),
            must("signature", Form::Bytes),
        ],
    ),
    (
        "resume",
        &[
            TYPE,
            must("token", Form::Bytes),
            must("client_nonce", HASH),
            may("have", PLACE),
        ],
    ),
    (
        "submit",
        &[
            TYPE,
            must("ref", REF),
            must("token", Form::Bytes),
            must("entry", Form::Entry(false)),
        ],
    ),
];

const SERVER: [Table; 7] = [
    (
        "challenge",
        &[
            TYPE,
            must("community", HASH),
            must("server_nonce", HASH),
            must("expires_at", TIME),
        ],
    ),
    (
        "welcome",
        &[
            TYPE,
            must("token", Form::Bytes),
            must("expires_at", TIME),
            must("size", Form::Uint(0)),
            must("head", HASH),
            must("checkpoint", CHECKPOINT),
            must("signature", Form::Bytes),
        ],
    ),
    (
        "blocks",
        &[
            TYPE,
            must("from", Form::Uint(0)),
            must("blocks", Form::List(1, &BLOCK)),
        ],
    ),
    ("checkpoint", &[TYPE, must("checkpoint", CHECKPOINT)]),
    (
        "accepted",
        &[
            TYPE,
            may("ref", REF),
            must("index", Form::Uint(0)),
            must("hash", HASH),
        ],
    ),
    (
        "refused",
        &[
            TYPE,
            may("ref", REF),
            must("code", ANY_TEXT),
            must("detail", ANY_TEXT),
            may("retry_after", Form::Uint(0)),
        ],
    ),
    (
        "bye",
        &[
            TYPE,
            must("code", ANY_TEXT),
            must("detail", ANY_TEXT),
            may("retry_after", Form::Uint(0)),
        ],
    ),
];

/// The frame's row of the table by its `type`, or `None` where the table has none.
fn kind_of<'t>(frame: &Value, table: &'t [Table]) -> Result<Option<&'t Table>, Verdict> {
    let name = super::fields::text(frame, "type")?;
    Ok(table.iter().find(|(n, _)| *n == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::base64url::encode;
    use serde_json::json;

    #[test]
    fn a_server_refuses_what_a_client_ignores() {
        let mut prove =
            json!({ "type": "prove", "server_nonce": encode(&[1; 32]), "signature": "AA" });
        read_client(prove.to_string().as_bytes()).unwrap();
        prove["extra"] = 1.into();
        assert_eq!(
            read_client(prove.to_string().as_bytes())
                .unwrap_err()
                .requirement,
            "CONV-3"
        );

        let bye = br#"{"type":"bye","code":"removed","detail":"","extra":-1.5}"#;
        assert!(read_server(bye).unwrap().is_some());
        assert!(read_server(br#"{"type":"news"}"#).unwrap().is_none());
    }

    #[test]
    fn version_and_type_come_before_the_other_members() {
        let code = |text: &str| read_client(text.as_bytes()).unwrap_err().code;
        assert_eq!(
            code(r#"{"type":"hello","version":"dispatch-d/2","x":1}"#),
            "unknown_version"
        );
        assert_eq!(code(r#"{"type":"hello","version":1}"#), "malformed");
        assert_eq!(code(r#"{"type":"greet","x":[]}"#), "unknown_frame");
        assert_eq!(code(r#"{"type":1}"#), "malformed");
    }
}
