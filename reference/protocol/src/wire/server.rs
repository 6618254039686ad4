//! A server's frames, from which their schemas are made. // [CONV-11]

use schemars::JsonSchema;
use serde::Serialize;

use super::client::Rejected;
use super::reference::Ref;
use crate::bytes::{Bytes, Hash, Id, Nonce};
use crate::chain::Block;
use crate::checkpoint::Checkpoint;
use crate::json::{Fault, Field, Members, Strictness, parse};
use crate::refusal::{Code, Refusal};

/// A frame that a server sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers a `hello`.
    Challenge(Challenge),
    /// Answers a good `prove` or `resume`.
    Welcome(Box<Welcome>),
    /// Blocks of the chain.
    Blocks(Blocks),
    /// A new checkpoint.
    Checkpoint {
        /// The checkpoint.
        checkpoint: Checkpoint,
    },
    /// Answers a `submit` whose entry stands in the chain.
    Accepted(Accepted),
    /// Answers a frame that was not accepted.
    Refused(Refused),
    /// Says why the connection is closed.
    Bye(Bye),
}

/// Answers a `hello`, whether or not the account is on the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "challenge")]
pub struct Challenge {
    /// The community's id.
    pub community: Id,
    /// Made anew for each challenge.
    pub server_nonce: Nonce,
    /// When the challenge is no longer accepted, in milliseconds since 1970.
    #[schemars(range(max = 9007199254740991u64))]
    pub expires_at: u64,
}

/// Answers a good `prove` or `resume`: the session, and the server's own proof.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "welcome")]
pub struct Welcome {
    // [SESS-8] No other frame of a server has a token.
    /// The join signature, which names the session from here on.
    #[schemars(schema_with = "crate::bounds::signature")]
    pub token: Bytes,
    /// When the session ends, in milliseconds since 1970.
    #[schemars(range(max = 9007199254740991u64))]
    pub expires_at: u64,
    /// The chain's number of blocks at this moment.
    #[schemars(range(min = 1, max = 9007199254740991u64))]
    pub size: u64,
    /// The hash of the last of them.
    pub head: Hash,
    /// The latest checkpoint, no larger than `size`.
    pub checkpoint: Checkpoint,
    /// By the server key, over the welcome tuple.
    #[schemars(schema_with = "crate::bounds::signature")]
    pub signature: Bytes,
}

/// Blocks of the chain, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "blocks")]
pub struct Blocks {
    /// The index of the first of them.
    #[schemars(range(max = 9007199254740991u64))]
    pub from: u64,
    /// The blocks. On a socket there is at least one; by HTTP the list is empty where there is nothing to give.
    pub blocks: Vec<Block>,
}

/// Answers a `submit` whose entry stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "accepted")]
pub struct Accepted {
    /// The `ref` of the `submit`; none by HTTP.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<Ref>")]
    pub reference: Option<Ref>,
    /// The index of the entry's block.
    #[schemars(range(max = 9007199254740991u64))]
    pub index: u64,
    /// The hash of the entry's block.
    pub hash: Hash,
}

/// Answers a frame that was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "refused")]
pub struct Refused {
    /// The `ref` of a `submit`.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<Ref>")]
    pub reference: Option<Ref>,
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

/// Says why the connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "bye")]
pub struct Bye {
    /// Why.
    #[schemars(schema_with = "crate::bounds::bye_code")]
    pub code: Code,
    /// For people: what was wrong and what to do. At most 1024 bytes of UTF-8.
    #[schemars(length(max = 1024))]
    pub detail: String,
    /// Milliseconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::milliseconds")]
    pub retry_after: Option<u64>,
}

impl Refused {
    /// A refusal as the answer to a frame.
    pub fn new(reference: Option<Ref>, refusal: Refusal) -> Self {
        Self {
            reference,
            code: refusal.code,
            detail: detail(refusal.detail),
            retry_after: refusal.retry_after,
        }
    }
}

impl Bye {
    /// A refusal as a farewell.
    pub fn new(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            detail: detail(refusal.detail),
            retry_after: refusal.retry_after,
        }
    }
}

/// The longest detail, in bytes.
const DETAIL: usize = 1024;

/// A detail within its bound. What is cut off is somebody's words that it quotes.
pub(super) fn detail(mut detail: String) -> String {
    detail.truncate(detail.floor_char_boundary(DETAIL));
    detail
}

impl From<Rejected> for ServerFrame {
    fn from(rejected: Rejected) -> Self {
        if rejected.bye {
            Self::Bye(Bye::new(rejected.refusal))
        } else {
            Self::Refused(Refused::new(rejected.reference, rejected.refusal))
        }
    }
}

/// The text of a `blocks` frame, of blocks that were written before: so each block is serialised once, however many read it.
pub fn blocks_text<'b>(from: u64, blocks: impl IntoIterator<Item = &'b str>) -> String {
    let mut text = format!(r#"{{"type":"blocks","from":{from},"blocks":["#);
    for (place, block) in blocks.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(block);
    }
    text.push_str("]}");
    text
}

impl ServerFrame {
    /// The frame's text.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a frame is plain JSON")
    }

    /// Decodes a text as a client does: what it does not know, it ignores. None for a `type` that it does not know.
    ///
    /// # Errors
    /// `malformed` (or `unknown_kind`, of a block's entry) where a member that it knows is missing or no such thing.
    pub fn decode(text: &str) -> Result<Option<Self>, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        let frame = Field::root(&json).object()?;
        Ok(Some(match frame.required("type")?.text()? {
            "challenge" => Self::Challenge(Challenge {
                community: frame.required("community")?.decoded(Id::decode)?,
                server_nonce: frame.required("server_nonce")?.decoded(Nonce::decode)?,
                expires_at: frame.required("expires_at")?.uint()?,
            }),
            "welcome" => Self::Welcome(Box::new(welcome(&frame)?)),
            "blocks" => Self::Blocks(Blocks {
                from: frame.required("from")?.uint()?,
                blocks: blocks(&frame)?,
            }),
            "checkpoint" => Self::Checkpoint {
                checkpoint: Checkpoint::read(&frame.required("checkpoint")?)?,
            },
            "accepted" => Self::Accepted(Accepted {
                reference: reference(&frame)?,
                index: frame.required("index")?.uint()?,
                hash: frame.required("hash")?.decoded(Hash::decode)?,
            }),
            "refused" => {
                let (code, detail, retry_after) = said(&frame)?;
                Self::Refused(Refused {
                    reference: reference(&frame)?,
                    code,
                    detail,
                    retry_after,
                })
            }
            "bye" => {
                let (code, detail, retry_after) = said(&frame)?;
                Self::Bye(Bye {
                    code,
                    detail,
                    retry_after,
                })
            }
            // [CONV-10]
            _ => return Ok(None),
        }))
    }
}

fn welcome(frame: &Members<'_, '_>) -> Result<Welcome, Fault> {
    Ok(Welcome {
        token: frame.required("token")?.bytes()?,
        expires_at: frame.required("expires_at")?.uint()?,
        size: frame.required("size")?.uint()?,
        head: frame.required("head")?.decoded(Hash::decode)?,
        checkpoint: Checkpoint::read(&frame.required("checkpoint")?)?,
        signature: frame.required("signature")?.bytes()?,
    })
}

fn blocks(frame: &Members<'_, '_>) -> Result<Vec<Block>, Refusal> {
    // An item's refusal may be another than a fault of JSON, so it is carried out by hand.
    let mut refusal = None;
    let blocks = frame.required("blocks")?.list(|block| {
        Block::read(&block).map_err(|error| {
            let fault = Fault::new(error.requirement, error.detail.clone());
            refusal = Some(error);
            fault
        })
    });
    match (blocks, refusal) {
        (_, Some(refusal)) => Err(refusal),
        (blocks, None) => Ok(blocks?),
    }
}

fn reference(frame: &Members<'_, '_>) -> Result<Option<Ref>, Fault> {
    frame
        .optional("ref")
        .map(|field| Ref::read(&field))
        .transpose()
}

fn said(frame: &Members<'_, '_>) -> Result<(Code, String, Option<u64>), Fault> {
    let code = frame.required("code")?;
    Ok((
        // [CONV-9] a code of a later time refuses all the same
        Code::parse(code.text()?).unwrap_or(Code::Unknown),
        frame.required("detail")?.text()?.to_owned(),
        frame
            .optional("retry_after")
            .map(|field| field.uint())
            .transpose()?,
    ))
}

impl std::fmt::Debug for Welcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret.
        f.debug_struct("Welcome")
            .field("expires_at", &self.expires_at)
            .field("size", &self.size)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}
