//! The contents: a JSON object under the seal.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use crate::bytes::{Bytes, Id};
use crate::checkpoint::Checkpoint;
use crate::invitation::Invitation;
use crate::json::{Fault, Field, Strictness, parse};
use crate::key::{CardKey, KeyPair, KeyPairError};
use crate::verdict::{Finding, Verdict};

/// The most cards, and the most communities.
const MOST: usize = 1024;
const MOST_NAMES: usize = 65_536;
/// Bytes that a name may have.
const NAME: std::ops::RangeInclusive<usize> = 1..=255;

/// What makes a member. Its secrets are wiped when it is dropped, and never printed.
pub struct Contents {
    /// The account's key.
    pub private_key: KeyPair,
    /// The cards' keys, the newest first.
    pub cards: Vec<CardKey>,
    /// Where the account is a member.
    pub communities: Vec<Membership>,
    /// What the member calls others.
    pub names: Vec<Named>,
}

/// A community, and what was seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "membership")]
pub struct Membership {
    /// Where it is dialled, and which one it is.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub invitation: Invitation,
    /// The highest checkpoint that was verified there, of this community. Reading it verifies no signature (BACKUP-7).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<Checkpoint>")]
    pub checkpoint: Option<Checkpoint>,
}

/// What a member calls another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "named")]
pub struct Named {
    /// The other's account id.
    pub account: Id,
    /// A text of 1 to 255 bytes.
    #[schemars(length(min = 1, max = 255))]
    pub name: String,
}

/// The contents as they are written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "backup-contents")]
pub(crate) struct Written<'c> {
    /// The account's RSA private key: the DER of a PrivateKeyInfo (RFC 5208).
    private_key: &'c Secret,
    /// X25519 private keys, the newest first.
    #[schemars(length(max = 1024))]
    cards: Vec<Secret>,
    /// Where the account is a member.
    #[schemars(length(max = 1024))]
    communities: &'c [Membership],
    /// What the member calls others.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(
        length(max = 65536),
        schema_with = "crate::bounds::present::<Vec<Named>>"
    )]
    names: &'c [Named],
}

/// The text of secret bytes, wiped when it is dropped.
#[derive(JsonSchema)]
#[schemars(with = "Bytes")]
struct Secret(Zeroizing<String>);

impl Secret {
    fn of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(crate::base64url::encode(bytes)))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn as_text<S: Serializer>(invitation: &Invitation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(invitation)
}

impl Contents {
    /// The bytes that are sealed: a secret.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let key = Secret::of(&self.private_key.to_pkcs8_der());
        let written = Written {
            private_key: &key,
            cards: self
                .cards
                .iter()
                .map(|card| Secret::of(card.to_bytes().as_slice()))
                .collect(),
            communities: &self.communities,
            names: &self.names,
        };
        Zeroizing::new(serde_json::to_vec(&written).expect("texts and numbers are JSON"))
    }

    /// Reads opened bytes. Members that are not known are passed over (BACKUP-5).
    ///
    /// # Errors
    /// `bad_backup` (BACKUP-3), `bad_key` (BACKUP-4).
    pub fn decode(bytes: &[u8]) -> Result<Self, Finding> {
        // [BACKUP-3] what was opened is secret, so of a fault only its rule is told
        let bad = |what: &str| {
            Finding::new(
                Verdict::BadBackup,
                "BACKUP-3",
                format!(
                    "the backup opens, but its contents break {what}; it was made by a faulty program"
                ),
            )
        };
        let text = std::str::from_utf8(bytes).map_err(|_| bad("CONV-7"))?;
        let read = read(text).map_err(|fault| bad(fault.requirement))?;
        let key = Zeroizing::new(read.private_key.into_vec());
        // [BACKUP-4]
        let private_key = KeyPair::from_pkcs8_der(&key).map_err(bad_key)?;
        // the library overlooks bytes behind the key
        if *private_key.to_pkcs8_der() != *key {
            return Err(bad_key(KeyPairError::Pkcs8));
        }
        Ok(Self {
            private_key,
            cards: read.cards,
            communities: read.communities,
            names: read.names,
        })
    }
}

/// Shows the account and how much there is besides.
impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("account", &self.private_key.public().id())
            .field("cards", &self.cards.len())
            .field("communities", &self.communities)
            .finish_non_exhaustive()
    }
}

fn bad_key(error: KeyPairError) -> Finding {
    Finding::new(
        Verdict::Code(crate::refusal::Code::BadKey),
        "BACKUP-4",
        format!("the backup opens, but {error}"),
    )
}

/// The contents before the key is looked at.
struct Read {
    private_key: Bytes,
    cards: Vec<CardKey>,
    communities: Vec<Membership>,
    names: Vec<Named>,
}

fn read(text: &str) -> Result<Read, Fault> {
    let json = parse(text, Strictness::Plaintext)?;
    let root = Field::root(&json);
    let contents = root.object()?;
    let list_of = |name| {
        let field = contents.required(name)?;
        match field.items() > MOST {
            true => Err(field.broken("CONV-16", "has too many items")),
            false => Ok(field),
        }
    };
    let card = |field: Field<'_, '_>| {
        let secret = Zeroizing::new(*field.decoded(Id::decode)?.as_bytes());
        Ok(CardKey::from_bytes(&secret))
    };
    let names = match contents.optional("names") {
        None => Vec::new(),
        Some(field) if field.items() > MOST_NAMES => {
            return Err(field.broken("CONV-16", "has too many items"));
        }
        Some(field) => field.list(named)?,
    };
    Ok(Read {
        private_key: contents.required("private_key")?.bytes()?,
        cards: list_of("cards")?.list(card)?,
        communities: list_of("communities")?.list(membership)?,
        names,
    })
}

fn membership(field: Field<'_, '_>) -> Result<Membership, Fault> {
    let membership = field.object()?;
    let link = membership.required("invitation")?;
    let invitation = Invitation::decode(link.text()?)
        .map_err(|finding| link.broken(finding.requirement, "is no invitation"))?;
    let checkpoint = membership
        .optional("checkpoint")
        .map(|field| {
            let checkpoint = Checkpoint::read(&field)?;
            checkpoint
                .belongs(invitation.community())
                .map_err(|_| field.broken("CONV-16", "is not one of the invitation's community"))?;
            Ok(checkpoint)
        })
        .transpose()?;
    Ok(Membership {
        invitation,
        checkpoint,
    })
}

fn named(field: Field<'_, '_>) -> Result<Named, Fault> {
    let named = field.object()?;
    Ok(Named {
        account: named.required("account")?.decoded(Id::decode)?,
        name: named
            .required("name")?
            .text_of(*NAME.start(), *NAME.end())?
            .to_owned(),
    })
}
