//! The seven kinds and what each one says, with the digest that stands in the entry tuple.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes::{Bytes, Hash, Id, Salt, Wrap};
use crate::key::Card;
use crate::tuple::{Label, Tuple};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// The community's foundation.
    Genesis(Genesis),
    /// Who comes and who goes.
    Roster(Roster),
    /// A member's X25519 key.
    Card(CardBody),
    /// A secret for its recipients.
    Epoch(Epoch),
    /// The same secret for more of them.
    Share(Share),
    /// A ciphertext.
    Message(Message),
    /// A message's removal.
    Redaction(Redaction),
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "kind")]
pub enum Kind {
    /// The community's foundation.
    Genesis,
    /// Who comes and who goes.
    Roster,
    /// A member's X25519 key.
    Card,
    /// A secret for its recipients.
    Epoch,
    /// The same secret for more of them.
    Share,
    /// A ciphertext.
    Message,
    /// A message's removal.
    Redaction,
}

/// The founding of a community, by its authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "genesis", deny_unknown_fields)]
pub struct Genesis {
    /// The community's name, 1 to 128 bytes of UTF-8.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The authority's public key, a DER SubjectPublicKeyInfo.
    #[schemars(schema_with = "crate::bounds::public_key")]
    pub authority: Bytes,
    /// The server key, a DER SubjectPublicKeyInfo. It is not the authority's.
    #[schemars(schema_with = "crate::bounds::public_key")]
    pub server_key: Bytes,
    /// When the community was founded, in milliseconds since 1970.
    #[schemars(range(max = 9007199254740991u64))]
    pub created_at: u64,
}

/// A change of the roster, by the authority. At least one of the lists holds something.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(rename = "roster", deny_unknown_fields)]
pub struct Roster {
    /// The public keys of the accounts that come.
    #[schemars(schema_with = "crate::bounds::public_keys")]
    pub add: Vec<Bytes>,
    /// The ids of the accounts that go.
    pub remove: Vec<Id>,
}

/// A member's X25519 key. A later card takes the place of an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "card-body", deny_unknown_fields)]
pub struct CardBody {
    /// The public key.
    pub x25519: Card,
}

/// A new secret, wrapped to the card of each recipient, by a member who is one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "epoch", deny_unknown_fields)]
pub struct Epoch {
    /// The hash of the secret's tuple.
    pub commitment: Hash,
    /// One wrap for each recipient.
    #[schemars(length(min = 1, max = 1024))]
    pub wraps: Vec<Recipient>,
}

/// An epoch's secret for more members, by one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "share", deny_unknown_fields)]
pub struct Share {
    /// The epoch's id.
    pub epoch: Id,
    /// One wrap for each new recipient.
    #[schemars(length(min = 1, max = 1024))]
    pub wraps: Vec<Recipient>,
}

/// A recipient and the secret, wrapped to its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "recipient", deny_unknown_fields)]
pub struct Recipient {
    /// The recipient's account id.
    pub member: Id,
    /// The wrapped secret.
    pub wrap: Wrap,
}

/// A ciphertext under an epoch, by one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "message", deny_unknown_fields)]
pub struct Message {
    /// The epoch's id.
    pub epoch: Id,
    /// Fresh for each message.
    pub salt: Salt,
    /// The SHA-256 of the ciphertext.
    pub ciphertext_hash: Hash,
    /// The ciphertext and its tag of 16 bytes. A message that is submitted has it, a redacted one has lost it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::ciphertext")]
    pub ciphertext: Option<Bytes>,
}

/// The removal of a message's ciphertext, by its author or the authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "redaction", deny_unknown_fields)]
pub struct Redaction {
    /// The index of the message's block.
    #[schemars(range(max = 9007199254740991u64))]
    pub index: u64,
    /// For people, 0 to 512 bytes of UTF-8.
    #[schemars(length(max = 512))]
    pub reason: String,
}

impl Kind {
    /// The seven kinds, in the specification's order.
    pub const ALL: [Self; 7] = [
        Self::Genesis,
        Self::Roster,
        Self::Card,
        Self::Epoch,
        Self::Share,
        Self::Message,
        Self::Redaction,
    ];

    /// The kind as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Genesis => "genesis",
            Self::Roster => "roster",
            Self::Card => "card",
            Self::Epoch => "epoch",
            Self::Share => "share",
            Self::Message => "message",
            Self::Redaction => "redaction",
        }
    }

    /// The kind of this text, if it is one of the seven.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Body {
    /// The kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Genesis(_) => Kind::Genesis,
            Self::Roster(_) => Kind::Roster,
            Self::Card(_) => Kind::Card,
            Self::Epoch(_) => Kind::Epoch,
            Self::Share(_) => Kind::Share,
            Self::Message(_) => Kind::Message,
            Self::Redaction(_) => Kind::Redaction,
        }
    }

    /// The body tuple's bytes.
    pub fn tuple(&self) -> Vec<u8> {
        match self {
            Self::Genesis(genesis) => Tuple::new(Label::BodyGenesis)
                .text(&genesis.name)
                .bytes(&genesis.authority)
                .bytes(&genesis.server_key)
                .uint(genesis.created_at),
            Self::Roster(roster) => Tuple::new(Label::BodyRoster)
                .list(&roster.add)
                .list(&roster.remove),
            Self::Card(card) => Tuple::new(Label::BodyCard).bytes(card.x25519),
            Self::Epoch(epoch) => Tuple::new(Label::BodyEpoch)
                .bytes(epoch.commitment)
                .list(wraps(&epoch.wraps)),
            Self::Share(share) => Tuple::new(Label::BodyShare)
                .bytes(share.epoch)
                .list(wraps(&share.wraps)),
            Self::Message(message) => Tuple::new(Label::BodyMessage)
                .bytes(message.epoch)
                .bytes(message.salt)
                .bytes(message.ciphertext_hash),
            Self::Redaction(redaction) => Tuple::new(Label::BodyRedaction)
                .uint(redaction.index)
                .text(&redaction.reason),
        }
        .finish()
    }

    /// The body digest, which the entry tuple holds.
    pub fn digest(&self) -> Hash {
        Hash::of(&self.tuple())
    }
}

/// Each recipient as one byte string: `member || wrap`.
fn wraps(recipients: &[Recipient]) -> impl Iterator<Item = [u8; 112]> {
    recipients.iter().map(|recipient| {
        let mut joined = [0; 112];
        joined[..32].copy_from_slice(recipient.member.as_bytes());
        joined[32..].copy_from_slice(recipient.wrap.as_bytes());
        joined
    })
}
