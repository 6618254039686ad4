//! Block 0: how a community is founded, and how its state begins.

use std::collections::BTreeSet;

use super::accounts::Accounts;
use super::epochs::Epochs;
use super::state::Tag;
use super::{Block, Linked, State};
use crate::bytes::{Hash, Id};
use crate::entry::{Body, Draft, Entry, Genesis, Prefix, VerifiedEntry};
use crate::key::{KeyPair, PublicKey};
use crate::merkle::Tree;
use crate::refusal::{Code, Refusal};
use crate::verdict::{Finding, Verdict};

/// Founds a community: the authority signs its genesis entry at the moment `now`, in milliseconds since 1970.
///
/// # Errors
/// `bad_genesis` if the name has not 1 to 128 bytes, or the server key is the authority's.
pub fn found(
    name: &str,
    authority: &KeyPair,
    server_key: &PublicKey,
    now: u64,
) -> Result<Block, Refusal> {
    if !(1..=128).contains(&name.len()) {
        return Err(bad_genesis(
            "GEN-1",
            "a community's name has 1 to 128 bytes",
        ));
    }
    // [KEY-7]
    if authority.public() == server_key {
        return Err(bad_genesis(
            "KEY-7",
            "the server key must not be the authority's",
        ));
    }
    let entry = Entry::sign(
        Draft {
            community: Id::ZERO,
            author: authority.public().id(),
            seq: 1,
            seen: Prefix::EMPTY,
            sent_at: now,
            body: Body::Genesis(Genesis {
                name: name.to_owned(),
                authority: authority.public().to_bytes(),
                server_key: server_key.to_bytes(),
                created_at: now,
            }),
        },
        authority,
    );
    Ok(Block {
        index: 0,
        prev: Hash::ZERO,
        time: now,
        entry,
    })
}

impl State {
    /// Begins a chain's state with its block 0.
    ///
    /// # Errors
    /// `bad_genesis` (GEN-1), `bad_key`, `bad_signature`, `bad_index` or `bad_prev`.
    pub fn from_genesis(block: Block) -> Result<(Self, Linked), Finding> {
        // [CHAIN-8]
        if block.index != 0 {
            return Err(Finding::new(
                Verdict::BadIndex,
                "CHAIN-8",
                "a chain begins with block 0",
            ));
        }
        // [CHAIN-9]
        if block.prev != Hash::ZERO {
            return Err(Finding::new(
                Verdict::BadPrev,
                "CHAIN-9",
                "the prev of block 0 is 32 zero bytes",
            ));
        }
        let Body::Genesis(genesis) = &block.entry.body else {
            return Err(bad_genesis("GEN-1", "block 0 must be a genesis entry").into());
        };
        // [GEN-1]
        let entry = &block.entry;
        if entry.seq != 1 || entry.community != Id::ZERO || entry.seen != Prefix::EMPTY {
            return Err(bad_genesis(
                "GEN-1",
                "genesis has seq 1, and a community and seen of zeros",
            )
            .into());
        }
        let authority = PublicKey::parse(&genesis.authority)?;
        let server_key = PublicKey::parse(&genesis.server_key)?;
        if entry.author != authority.id() {
            return Err(
                bad_genesis("GEN-1", "genesis must be by the authority that it names").into(),
            );
        }
        let verified = block.entry.verify(&authority)?;
        // [KEY-7]
        verified.formed()?;
        Ok(Self::begin(block.time, verified, authority, server_key))
    }

    fn begin(
        time: u64,
        entry: VerifiedEntry,
        authority: PublicKey,
        server_key: PublicKey,
    ) -> (Self, Linked) {
        let linked = Linked::new(0, Hash::ZERO, time, entry);
        let mut tree = Tree::default();
        tree.append(linked.hash());
        let mut accounts = Accounts::default();
        let id = authority.id();
        let ordinal = accounts.add(authority);
        accounts.at_mut(ordinal).entries.push((0, linked.id()));
        let state = Self {
            community: Id::from(linked.hash()),
            authority: id,
            server_key,
            tree,
            tags: vec![Tag::new(ordinal, false)],
            time,
            accounts,
            epochs: Epochs::default(),
            gaps: BTreeSet::new(),
        };
        (state, linked)
    }
}

fn bad_genesis(requirement: &'static str, detail: &str) -> Refusal {
    Refusal::new(Code::BadGenesis, requirement, detail)
}
