//! A community that exists in the vectors alone: founded, filled and branched at will.
//!
//! What it makes is valid unless it is asked otherwise, and its own model checks that. Signatures take their salts
//! from the signed bytes, secrets come from labels, so nothing depends on what else is made.

use crate::keys::named;
use crate::ordered;
use dispatch_conformance::codec::chain::ChainModel;
use dispatch_conformance::codec::entry::Draft;
use dispatch_conformance::codec::epoch::{Wrapping, commitment};
use dispatch_conformance::codec::message::{Place, pad};
use dispatch_conformance::codec::randomness::Seeded;
use dispatch_conformance::codec::{
    Account, Checkpoint, Hash, Scheme, base64url::encode, block, entry, sha256,
};
use serde_json::{Value, json};

/// When block 0 of every vector was made: 2026-03-01T09:00:00Z.
pub const FOUNDED: u64 = 1_772_355_600_000;

/// A community with its chain.
#[derive(Clone)]
pub struct Community {
    pub authority: &'static Account,
    pub server: &'static Account,
    pub blocks: Vec<Value>,
    pub model: ChainModel,
    /// The server's clock.
    pub now: u64,
}

/// An epoch with its secret.
#[derive(Clone)]
pub struct Epoch {
    pub id: Hash,
    pub secret: Hash,
}

/// A signature that is the same each time it is made.
pub fn sign(account: &Account, message: &[u8], scheme: Scheme) -> Vec<u8> {
    account.sign(message, scheme, &mut salt_for(message))
}

/// The salt's source for a signature over this message.
pub fn salt_for(message: &[u8]) -> Seeded {
    Seeded::new(&format!(
        "dispatch-d/1 test salt {}",
        encode(&sha256(message))
    ))
}

/// 32 bytes that follow from a label.
pub fn labelled(label: &str) -> Hash {
    sha256(format!("dispatch-d/1 test value {label}").as_bytes())
}

impl Community {
    /// A community of this name, with block 0.
    pub fn found(name: &str, authority: &'static Account, server: &'static Account) -> Self {
        let body = json!({
            "name": name,
            "authority": encode(authority.public_key()),
            "server_key": encode(server.public_key()),
            "created_at": FOUNDED,
        });
        let mut community = Self {
            authority,
            server,
            blocks: Vec::new(),
            model: ChainModel::new(),
            now: FOUNDED,
        };
        let draft = Draft {
            community: [0; 32],
            kind: "genesis".into(),
            author: authority.id(),
            seq: 1,
            seen: (0, [0; 32]),
            sent_at: FOUNDED,
            body,
        };
        let entry = signed(draft.unsigned(), authority);
        community.append(entry);
        community
    }

    /// The community of most vectors.
    pub fn example() -> Self {
        Self::found("Test community", named("authority"), named("server"))
    }

    pub fn id(&self) -> Hash {
        self.model.genesis().expect("it is founded").community
    }

    /// An entry that would be valid as the next one.
    pub fn draft(&self, author: &Account, kind: &str, body: Value) -> Draft {
        let member = self.model.member(&author.id());
        Draft {
            community: self.id(),
            kind: kind.into(),
            author: author.id(),
            seq: member.map_or(1, |m| m.seq + 1),
            seen: (self.model.size(), self.model.head()),
            sent_at: self.now,
            body,
        }
    }

    /// The signed entry of a draft.
    pub fn entry(&self, author: &Account, kind: &str, body: Value) -> Value {
        signed(self.draft(author, kind, body).unsigned(), author)
    }

    /// The block in which this entry would stand next, valid or not.
    pub fn block(&self, entry: Value) -> Value {
        block::make(self.model.size(), &self.model.head(), self.now, entry)
    }

    /// Appends a valid entry, and lets a second pass.
    pub fn append(&mut self, entry: Value) -> Value {
        let block = self.block(entry);
        self.push(block.clone());
        block
    }

    /// Appends a valid block.
    ///
    /// # Panics
    ///
    /// Where the block is not valid.
    pub fn push(&mut self, block: Value) {
        self.model
            .append(&block)
            .unwrap_or_else(|v| panic!("a block for the vectors: {v}"));
        self.blocks.push(block);
        self.now += 1000;
    }

    /// A roster entry by the authority.
    pub fn roster(&self, add: &[&Account], remove: &[&Account]) -> Value {
        self.entry(self.authority, "roster", roster_body(add, remove))
    }

    /// The account's card.
    pub fn card(&self, account: &Account) -> Value {
        self.entry(
            account,
            "card",
            json!({ "x25519": encode(&account.x25519_public()) }),
        )
    }

    /// An epoch for these recipients, with the secret of this label.
    pub fn epoch(&self, author: &Account, recipients: &[&Account], label: &str) -> (Value, Epoch) {
        let secret = labelled(label);
        let body = json!({
            "commitment": encode(&commitment(&secret)),
            "wraps": self.wraps(author, recipients, &secret, label),
        });
        let entry = self.entry(author, "epoch", body);
        let id = entry::id(&entry).expect("it is well formed");
        (entry, Epoch { id, secret })
    }

    /// A share of an epoch.
    pub fn share(&self, author: &Account, epoch: &Epoch, recipients: &[&Account]) -> Value {
        let label = format!("share {}", self.model.size());
        let wraps = self.wraps(author, recipients, &epoch.secret, &label);
        self.entry(
            author,
            "share",
            json!({ "epoch": encode(&epoch.id), "wraps": wraps }),
        )
    }

    /// The wraps of a secret by this author.
    pub fn wraps(
        &self,
        author: &Account,
        recipients: &[&Account],
        secret: &Hash,
        label: &str,
    ) -> Value {
        let wrap = |recipient: &&Account| {
            let wrapping = Wrapping::between(self.id(), author, recipient, commitment(secret));
            let ephemeral = labelled(&format!("ephemeral {label} {}", recipient.name()));
            let wrap = wrapping
                .wrap(secret, &ephemeral)
                .expect("test cards are usable");
            json!({ "member": encode(&recipient.id()), "wrap": encode(&wrap) })
        };
        recipients.iter().map(wrap).collect()
    }

    /// A message that says this text.
    pub fn message(&self, author: &Account, epoch: &Epoch, text: &str) -> Value {
        let plaintext = ordered::compact(&json!({ "text": text }));
        self.entry(
            author,
            "message",
            self.message_body(author, epoch, plaintext.as_bytes()),
        )
    }

    /// A message's body with this plaintext, for the author's next number.
    pub fn message_body(&self, author: &Account, epoch: &Epoch, plaintext: &[u8]) -> Value {
        let seq = self.draft(author, "message", Value::Null).seq;
        let place = Place {
            community: self.id(),
            epoch: epoch.id,
            author: author.id(),
            seq,
        };
        let salt = &labelled(&format!("salt {} {}", author.name(), seq))[..16];
        let ciphertext = place.seal(&epoch.secret, salt, &pad(plaintext));
        json!({
            "epoch": encode(&epoch.id),
            "salt": encode(salt),
            "ciphertext_hash": encode(&sha256(&ciphertext)),
            "ciphertext": encode(&ciphertext),
        })
    }

    /// A redaction of the message in this block.
    pub fn redaction(&self, author: &Account, index: u64, reason: &str) -> Value {
        self.entry(
            author,
            "redaction",
            json!({ "index": index, "reason": reason }),
        )
    }

    /// What a checkpoint of the first `size` blocks states at this moment.
    pub fn statement(&self, size: u64) -> Checkpoint {
        Checkpoint {
            community: self.id(),
            size,
            head: self.model.head_of(size).expect("so many blocks"),
            root: self.model.root_of(size).expect("so many blocks"),
            time: self.now,
        }
    }

    /// A checkpoint of all blocks.
    pub fn checkpoint(&self) -> Value {
        self.checkpoint_of(self.model.size())
    }

    /// A checkpoint of the first `size` blocks.
    pub fn checkpoint_of(&self, size: u64) -> Value {
        checkpoint_by(&self.statement(size), self.server)
    }
}

/// A roster entry's body.
pub fn roster_body(add: &[&Account], remove: &[&Account]) -> Value {
    json!({
        "add": add.iter().map(|a| encode(a.public_key())).collect::<Vec<_>>(),
        "remove": remove.iter().map(|a| encode(&a.id())).collect::<Vec<_>>(),
    })
}

/// The checkpoint that states this, signed by this account.
pub fn checkpoint_by(statement: &Checkpoint, server: &Account) -> Value {
    statement.signed(server, &mut salt_for(&statement.tuple().encode()))
}

/// The entry with a signature by this account.
///
/// # Panics
///
/// Where the entry has no tuple.
pub fn signed(entry: Value, account: &Account) -> Value {
    let mut entry = entry;
    let bytes = entry::tuple(&entry)
        .expect("an entry with a tuple")
        .encode();
    entry::sign(&mut entry, account, Scheme::Pss, &mut salt_for(&bytes)).expect("it has a tuple");
    entry
}
