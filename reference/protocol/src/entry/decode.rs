//! Entries from JSON: strictly where a client sends one, leniently where a server serves it.

use super::body::{
    Body, CardBody, Epoch, Genesis, Kind, Message, Recipient, Redaction, Roster, Share,
};
use super::prefix::Prefix;
use super::statement::Entry;
use crate::bytes::{Hash, Id, Salt, Wrap};
use crate::json::{Fault, Field, Members, Strictness, parse};
use crate::key::Card;
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};

/// Who sent the text.
#[derive(Clone, Copy)]
pub(crate) enum Source<'l> {
    /// A client, to a server with these limits: nothing unknown, nothing missing, nothing too large.
    Client(&'l Limits),
    /// A server: unknown members are ignored (CONV-9), and a message may have lost its ciphertext (RED-4).
    Server,
}

impl Source<'_> {
    pub(crate) fn only(self, members: &Members<'_, '_>, names: &[&str]) -> Result<(), Fault> {
        match self {
            Self::Client(_) => members.only(names),
            Self::Server => Ok(()),
        }
    }
}

impl Entry {
    /// Decodes an entry that a client sends by itself, as `POST /v1/entries` takes it.
    ///
    /// # Errors
    /// `malformed`, `unknown_kind` or `too_large`.
    pub fn decode(text: &str, limits: &Limits) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Strict)?;
        entry(&Field::root(&json), Source::Client(limits))
    }
}

/// Decodes an entry.
pub(crate) fn entry(field: &Field<'_, '_>, source: Source<'_>) -> Result<Entry, Refusal> {
    let entry = field.object()?;
    source.only(
        &entry,
        &[
            "community",
            "kind",
            "author",
            "seq",
            "seen",
            "sent_at",
            "body",
            "signature",
        ],
    )?;
    let kind = entry.required("kind")?.text()?;
    // [ENTRY-1] whatever the body is
    let kind = Kind::parse(kind).ok_or_else(|| {
        Refusal::new(
            Code::UnknownKind,
            "ENTRY-1",
            "the kind is not one of the seven; it may be of a later version",
        )
    })?;
    let body = entry.required("body")?.object()?;
    Ok(Entry {
        community: entry.required("community")?.decoded(Id::decode)?,
        author: entry.required("author")?.decoded(Id::decode)?,
        seq: entry.required("seq")?.uint()?,
        seen: prefix(&entry.required("seen")?, source)?,
        sent_at: entry.required("sent_at")?.uint()?,
        body: self::body(kind, &body, source)?,
        signature: entry.required("signature")?.bytes()?,
    })
}

/// Decodes `{size, hash}`.
pub(crate) fn prefix(field: &Field<'_, '_>, source: Source<'_>) -> Result<Prefix, Fault> {
    let prefix = field.object()?;
    source.only(&prefix, &["size", "hash"])?;
    Ok(Prefix {
        size: prefix.required("size")?.uint()?,
        hash: prefix.required("hash")?.decoded(Hash::decode)?,
    })
}

fn body(kind: Kind, body: &Members<'_, '_>, source: Source<'_>) -> Result<Body, Refusal> {
    let only = |names: &[&str]| source.only(body, names);
    Ok(match kind {
        Kind::Genesis => {
            only(&["name", "authority", "server_key", "created_at"])?;
            Body::Genesis(Genesis {
                name: body.required("name")?.text_of(1, 128)?.to_owned(),
                authority: body.required("authority")?.bytes()?,
                server_key: body.required("server_key")?.bytes()?,
                created_at: body.required("created_at")?.uint()?,
            })
        }
        Kind::Roster => {
            only(&["add", "remove"])?;
            Body::Roster(Roster {
                add: body.required("add")?.list(|key| key.bytes())?,
                remove: body.required("remove")?.list(|id| id.decoded(Id::decode))?,
            })
        }
        Kind::Card => {
            only(&["x25519"])?;
            Body::Card(CardBody {
                x25519: body.required("x25519")?.decoded(Card::decode)?,
            })
        }
        Kind::Epoch => {
            only(&["commitment", "wraps"])?;
            Body::Epoch(Epoch {
                commitment: body.required("commitment")?.decoded(Hash::decode)?,
                wraps: wraps(body, source)?,
            })
        }
        Kind::Share => {
            only(&["epoch", "wraps"])?;
            Body::Share(Share {
                epoch: body.required("epoch")?.decoded(Id::decode)?,
                wraps: wraps(body, source)?,
            })
        }
        Kind::Message => {
            only(&["epoch", "salt", "ciphertext_hash", "ciphertext"])?;
            Body::Message(message(body, source)?)
        }
        Kind::Redaction => {
            only(&["index", "reason"])?;
            Body::Redaction(Redaction {
                index: body.required("index")?.uint()?,
                reason: body.required("reason")?.text_of(0, 512)?.to_owned(),
            })
        }
    })
}

fn wraps(body: &Members<'_, '_>, source: Source<'_>) -> Result<Vec<Recipient>, Refusal> {
    let wraps = body.required("wraps")?;
    if let Source::Client(limits) = source
        && wraps.items() as u64 > limits.wraps
    {
        // [LIM-4] counted before they are decoded
        return Err(Refusal::new(
            Code::TooLarge,
            "LIM-4",
            format!(
                "{} wraps; send at most {} and share the rest",
                wraps.items(),
                limits.wraps
            ),
        ));
    }
    Ok(wraps.list(|recipient| {
        let recipient = recipient.object()?;
        source.only(&recipient, &["member", "wrap"])?;
        Ok(Recipient {
            member: recipient.required("member")?.decoded(Id::decode)?,
            wrap: recipient.required("wrap")?.decoded(Wrap::decode)?,
        })
    })?)
}

fn message(body: &Members<'_, '_>, source: Source<'_>) -> Result<Message, Refusal> {
    let ciphertext = body.optional("ciphertext");
    if let Source::Client(limits) = source {
        let Some(ciphertext) = &ciphertext else {
            // [MSG-6]
            return Err(Refusal::malformed(
                "MSG-6",
                "a message is submitted with its ciphertext",
            ));
        };
        // Four letters hold three bytes.
        let bytes = ciphertext.text()?.len() as u64 * 3 / 4;
        if bytes > limits.ciphertext_bytes {
            // [LIM-3] measured before it is decoded
            return Err(Refusal::new(
                Code::TooLarge,
                "LIM-3",
                format!(
                    "a ciphertext of {bytes} bytes; at most {} are taken",
                    limits.ciphertext_bytes
                ),
            ));
        }
    }
    Ok(Message {
        epoch: body.required("epoch")?.decoded(Id::decode)?,
        salt: body.required("salt")?.decoded(Salt::decode)?,
        ciphertext_hash: body.required("ciphertext_hash")?.decoded(Hash::decode)?,
        ciphertext: ciphertext
            .map(|ciphertext| ciphertext.bytes())
            .transpose()?,
    })
}
