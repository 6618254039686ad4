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
use crate::verdict::Finding;

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
    /// `bad_genesis` (GEN-1).
    pub fn from_genesis(block: Block) -> Result<(Self, Linked), Finding> {
        let bad = |detail: &str| Finding::from(bad_genesis("GEN-1", detail));
        let Body::Genesis(genesis) = &block.entry.body else {
            return Err(bad("block 0 must be a genesis entry"));
        };
        let entry = &block.entry;
        // [GEN-1]
        if block.index != 0 || block.prev != Hash::ZERO {
            return Err(bad("block 0 has index 0 and a prev of 32 zero bytes"));
        }
        if entry.seq != 1 || entry.community != Id::ZERO || entry.seen != Prefix::EMPTY {
            return Err(bad("genesis has seq 1, and a community and seen of zeros"));
        }
        let key = |name: &str, der: &[u8]| {
            PublicKey::parse(der).map_err(|refusal| bad(&format!("the {name}: {refusal}")))
        };
        let authority = key("authority", &genesis.authority)?;
        let server_key = key("server_key", &genesis.server_key)?;
        // [KEY-7]
        if authority == server_key {
            return Err(bad("the server key is the authority's"));
        }
        let verified = block
            .entry
            .verify(&authority)
            .map_err(|_| bad("genesis must be signed by the authority that it names"))?;
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
        let ordinal = accounts.add(authority, 0);
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
