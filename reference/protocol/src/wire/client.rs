//! A client's frames.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::reference::Ref;
use crate::bytes::{Bytes, Nonce};
use crate::entry::{Entry, Prefix, Source, SubmittedEntry, decode_entry, decode_prefix};
use crate::json::{Fault, Field, Members, Strictness, parse};
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};

/// The one version.
pub const VERSION: &str = "dispatch-d/1";

/// The version that a `hello` states. There is one, so this holds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(VERSION)
    }
}

impl JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "const": VERSION})
    }
}

/// A frame that a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Asks for a challenge.
    Hello(Hello),
    /// Answers a challenge.
    Prove(Prove),
    /// Opens another connection under a live session.
    Resume(Resume),
    /// Hands in an entry.
    Submit(Submit),
}

/// Asks for a challenge to prove an account by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "hello", deny_unknown_fields)]
pub struct Hello {
    /// `dispatch-d/1`.
    pub version: Version,
    /// The origin that the client dialled (RFC 6454, section 6.2), 1 to 255 ASCII characters.
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[\x00-\x7f]*$"))]
    pub origin: String,
    /// The account's public key, a DER SubjectPublicKeyInfo.
    #[schemars(schema_with = "crate::bounds::public_key")]
    pub public_key: Bytes,
    /// Fresh and random: the server signs it in its welcome.
    pub client_nonce: Nonce,
    /// The longest life that the client wants for the session, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::session_ms")]
    pub session_ms: Option<u64>,
    /// The chain as the client holds it; left out where it holds none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<Prefix>")]
    pub have: Option<Prefix>,
}

/// Answers a challenge by a signature.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "prove", deny_unknown_fields)]
pub struct Prove {
    /// The challenge's.
    pub server_nonce: Nonce,
    /// By the account, over the join tuple. It becomes the session's token.
    #[schemars(schema_with = "crate::bounds::signature")]
    pub signature: Bytes,
}

/// Opens another connection under a live session.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "resume", deny_unknown_fields)]
pub struct Resume {
    /// The session's token.
    #[schemars(schema_with = "crate::bounds::signature")]
    pub token: Bytes,
    /// Fresh and random: the server signs it in its welcome.
    pub client_nonce: Nonce,
    /// The chain as the client holds it; left out where it holds none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<Prefix>")]
    pub have: Option<Prefix>,
}

/// Hands in an entry.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "submit", deny_unknown_fields)]
pub struct Submit {
    /// Comes back in the answer.
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// The session's token.
    #[schemars(schema_with = "crate::bounds::signature")]
    pub token: Bytes,
    /// The entry.
    #[schemars(schema_with = "crate::bounds::present::<SubmittedEntry>")]
    pub entry: Entry,
}

/// A frame that was refused before it was understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct Rejected {
    /// The `ref` of a submit, where it could be read (SUB-3).
    pub reference: Option<Ref>,
    /// Why.
    pub refusal: Refusal,
    /// The frame is longer than `frame_bytes`: the answer is `bye`, not `refused` (LIM-2).
    pub bye: bool,
}

impl From<Refusal> for Rejected {
    fn from(refusal: Refusal) -> Self {
        Self {
            reference: None,
            refusal,
            bye: false,
        }
    }
}

impl From<Fault> for Rejected {
    fn from(fault: Fault) -> Self {
        Refusal::from(fault).into()
    }
}

impl ClientFrame {
    /// Decodes a text as a server does: strictly.
    ///
    /// # Errors
    /// [`Rejected`] with `malformed`, `unknown_frame`, `unknown_version`, `unknown_kind` or `too_large`.
    pub fn decode(text: &str, limits: &Limits) -> Result<Self, Rejected> {
        // [LIM-2] without decoding it
        if text.len() as u64 > limits.frame_bytes {
            return Err(Rejected {
                bye: true,
                ..Refusal::new(
                    Code::TooLarge,
                    "LIM-2",
                    format!(
                        "a frame of {} bytes; at most {} are taken",
                        text.len(),
                        limits.frame_bytes
                    ),
                )
                .into()
            });
        }
        let json = parse(text, Strictness::Strict)?;
        let frame = Field::root(&json).object()?;
        let source = Source::Client(limits);
        match frame.required("type")?.text()? {
            "hello" => Ok(Self::Hello(hello(&frame, source)?)),
            "prove" => Ok(Self::Prove(prove(&frame)?)),
            "resume" => Ok(Self::Resume(resume(&frame, source)?)),
            "submit" => submit(&frame, source).map(Self::Submit),
            // [ERR-6]
            _ => Err(Refusal::new(
                Code::UnknownFrame,
                "ERR-6",
                "the type is none of hello, prove, resume and submit",
            )
            .into()),
        }
    }
}

fn hello(frame: &Members<'_, '_>, source: Source<'_>) -> Result<Hello, Refusal> {
    // [JOIN-4] whatever its other members are: a later version may have others
    if frame.required("version")?.text()? != VERSION {
        return Err(Refusal::new(
            Code::UnknownVersion,
            "JOIN-4",
            "this server speaks dispatch-d/1 alone",
        ));
    }
    frame.only(&[
        "type",
        "version",
        "origin",
        "public_key",
        "client_nonce",
        "session_ms",
        "have",
    ])?;
    let origin = frame.required("origin")?;
    let text = origin.text_of(1, 255)?;
    if !text.is_ascii() {
        return Err(origin.broken("CONV-16", "must be ASCII").into());
    }
    let session_ms = match frame.optional("session_ms") {
        None => None,
        Some(field) => match field.uint()? {
            life @ 1000.. => Some(life),
            _ => return Err(field.broken("CONV-16", "must be at least 1000").into()),
        },
    };
    Ok(Hello {
        version: Version,
        origin: text.to_owned(),
        public_key: frame.required("public_key")?.bytes()?,
        client_nonce: frame.required("client_nonce")?.decoded(Nonce::decode)?,
        session_ms,
        have: have(frame, source)?,
    })
}

fn prove(frame: &Members<'_, '_>) -> Result<Prove, Fault> {
    frame.only(&["type", "server_nonce", "signature"])?;
    Ok(Prove {
        server_nonce: frame.required("server_nonce")?.decoded(Nonce::decode)?,
        signature: frame.required("signature")?.bytes()?,
    })
}

fn resume(frame: &Members<'_, '_>, source: Source<'_>) -> Result<Resume, Fault> {
    frame.only(&["type", "token", "client_nonce", "have"])?;
    Ok(Resume {
        token: frame.required("token")?.bytes()?,
        client_nonce: frame.required("client_nonce")?.decoded(Nonce::decode)?,
        have: have(frame, source)?,
    })
}

fn submit(frame: &Members<'_, '_>, source: Source<'_>) -> Result<Submit, Rejected> {
    // [SUB-3] read first, so that every later refusal has it
    let reference = Ref::read(&frame.required("ref")?)?;
    let rest = || -> Result<(Bytes, Entry), Refusal> {
        frame.only(&["type", "ref", "token", "entry"])?;
        let token = frame.required("token")?.bytes()?;
        Ok((token, decode_entry(&frame.required("entry")?, source)?))
    };
    match rest() {
        Ok((token, entry)) => Ok(Submit {
            reference,
            token,
            entry,
        }),
        Err(refusal) => Err(Rejected {
            reference: Some(reference),
            refusal,
            bye: false,
        }),
    }
}

fn have(frame: &Members<'_, '_>, source: Source<'_>) -> Result<Option<Prefix>, Fault> {
    frame
        .optional("have")
        .map(|have| decode_prefix(&have, source))
        .transpose()
}

// A token is a secret: what holds one does not print it.

impl std::fmt::Debug for Prove {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prove")
            .field("server_nonce", &self.server_nonce)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resume")
            .field("have", &self.have)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Submit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submit")
            .field("ref", &self.reference)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}
