//! What a server serves over plain HTTP, beside the frames: discovery, proofs, problem documents.

use schemars::JsonSchema;
use serde::Serialize;

use super::client::VERSION;
use super::server::detail;
use crate::bytes::{Hash, Id};
use crate::chain::Block;
use crate::json::{Fault, Field, Strictness, parse};
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};

/// A transport that a server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "transport")]
pub enum Transport {
    /// WebSocket.
    Ws,
    /// Plain HTTP, with long-polling.
    Http,
    /// Server-sent events.
    Sse,
}

/// The document at `/.well-known/dispatch-d`: which community this is, and what its server takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "discovery")]
pub struct Discovery {
    /// `["dispatch-d/1"]`.
    #[schemars(extend("const" = [VERSION]))]
    pub versions: Vec<String>,
    /// The community's id, which is the hash of `genesis`.
    pub community: Id,
    /// Block 0.
    pub genesis: Block,
    /// The limits that the server enforces.
    pub limits: Limits,
    /// The transports that the server offers.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub transports: Vec<Transport>,
}

/// That a block stands in the chain: the answer of `/v1/proofs/inclusion`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "inclusion")]
pub struct Inclusion {
    /// The block's index.
    #[schemars(range(max = 9007199254740991u64))]
    pub index: u64,
    /// The size of the tree.
    #[schemars(range(min = 1, max = 9007199254740991u64))]
    pub size: u64,
    /// The proof (RFC 6962, section 2.1.1).
    #[schemars(length(max = 53))]
    pub path: Vec<Hash>,
}

/// That one tree extends another: the answer of `/v1/proofs/consistency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "consistency")]
pub struct Consistency {
    /// The size of the smaller tree.
    #[schemars(range(max = 9007199254740991u64))]
    pub from: u64,
    /// The size of the larger one.
    #[schemars(range(min = 1, max = 9007199254740991u64))]
    pub to: u64,
    /// The proof (RFC 6962, section 2.1.2).
    #[schemars(length(max = 54))]
    pub path: Vec<Hash>,
}

/// A refusal by HTTP: a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "problem")]
pub struct Problem {
    /// `urn:dispatch-d:refusal:` and the code.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = r"^urn:dispatch-d:refusal:[a-z_]+$"))]
    pub kind: String,
    /// Which rule was broken.
    #[schemars(schema_with = "crate::bounds::http_code")]
    pub code: Code,
    /// For people: what was wrong and what to do. At most 1024 bytes of UTF-8.
    #[schemars(length(max = 1024))]
    pub detail: String,
    /// Milliseconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::milliseconds")]
    pub retry_after: Option<u64>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            kind: format!("urn:dispatch-d:refusal:{}", refusal.code),
            code: refusal.code,
            detail: detail(refusal.detail),
            retry_after: refusal.retry_after,
        }
    }
}

impl Discovery {
    /// The document of a community whose block 0 this is.
    pub fn new(genesis: Block, limits: Limits, transports: Vec<Transport>) -> Self {
        Self {
            versions: vec![VERSION.to_owned()],
            // [DISC-2]
            community: Id::from(genesis.hash()),
            genesis,
            limits,
            transports,
        }
    }

    /// Decodes the document as a client does: unknown members, versions and transports are ignored.
    ///
    /// # Errors
    /// `malformed` where a member is missing or no such thing.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        let document = Field::root(&json).object()?;
        let limit = |name: &str| -> Result<u64, Fault> {
            document
                .required("limits")?
                .object()?
                .required(name)?
                .uint()
        };
        let limits = Limits {
            frame_bytes: limit("frame_bytes")?,
            ciphertext_bytes: limit("ciphertext_bytes")?,
            wraps: limit("wraps")?,
            skew_ms: limit("skew_ms")?,
            session_ms: limit("session_ms")?,
            challenge_ms: limit("challenge_ms")?,
            checkpoint_ms: limit("checkpoint_ms")?,
        };
        let transports = document.required("transports")?.list(|transport| {
            Ok(match transport.text()? {
                "ws" => Some(Transport::Ws),
                "http" => Some(Transport::Http),
                "sse" => Some(Transport::Sse),
                _ => None,
            })
        })?;
        Ok(Self {
            versions: document
                .required("versions")?
                .list(|version| Ok(version.text()?.to_owned()))?,
            community: document.required("community")?.decoded(Id::decode)?,
            genesis: Block::read(&document.required("genesis")?)?,
            limits,
            transports: transports.into_iter().flatten().collect(),
        })
    }
}

impl Inclusion {
    /// Decodes the document as a client does.
    ///
    /// # Errors
    /// `malformed`.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        let proof = Field::root(&json).object()?;
        Ok(Self {
            index: proof.required("index")?.uint()?,
            size: proof.required("size")?.uint()?,
            path: proof
                .required("path")?
                .list(|hash| hash.decoded(Hash::decode))?,
        })
    }
}

impl Consistency {
    /// Decodes the document as a client does.
    ///
    /// # Errors
    /// `malformed`.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        let proof = Field::root(&json).object()?;
        Ok(Self {
            from: proof.required("from")?.uint()?,
            to: proof.required("to")?.uint()?,
            path: proof
                .required("path")?
                .list(|hash| hash.decoded(Hash::decode))?,
        })
    }
}
