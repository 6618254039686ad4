//! Communities without a socket: their keys, their first blocks, and as many messages as a benchmark asks for.
//!
//! Not for what a server does with them: a benchmark hands them to the code that it measures.

use std::num::NonZeroUsize;
use std::thread;

use dispatch_protocol::bytes::{Bytes, Hash, Id, Salt};
use dispatch_protocol::chain::{Block, Linked, State, found};
use dispatch_protocol::entry::{
    Body, CardBody, Draft, Entry, Epoch, Message, Prefix, Recipient, Roster,
};
use dispatch_protocol::epoch::{MessageContext, Plaintext, Secret, WrapContext};
use dispatch_protocol::key::{CardKey, KeyPair, PublicKey};

use crate::keys;

/// When every community here is founded, unless its genesis says otherwise: in milliseconds since 1970.
pub const FOUNDED: u64 = 1_790_000_000_000;

/// Who signs what a community says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Each author, over what it says.
    Real,
    /// Nobody: each entry carries a signature of something else. Some 200 times faster, and good for whatever verifies no
    /// signature, such as what a start reads before a store's last blocks.
    Recycled,
}

/// A community whose members have cards and one epoch that all of them can read.
pub struct Community {
    /// What its blocks add up to.
    pub state: State,
    /// The accounts that write, the authority first.
    pub writers: Vec<KeyPair>,
    /// The epoch's id.
    pub epoch: Id,
    /// The epoch's secret.
    pub secret: Secret,
    /// What every message has seen.
    seen: Prefix,
    /// When every entry is sent.
    now: u64,
    recycled: Bytes,
}

impl Community {
    /// Founds a community of so many accounts that write, its authority among them, and so many that only read; gives it
    /// with its first blocks.
    ///
    /// # Panics
    /// If there is no writer, or the system's random source fails.
    pub fn found(writers: usize, readers: usize) -> (Self, Vec<Block>) {
        let mut keys = keys::make(writers + 1);
        let server = keys.pop().expect("a server key was made");
        let genesis = found("A benchmark's", &keys[0], server.public(), FOUNDED)
            .expect("the name is short, and the keys differ");
        Self::begin(genesis, keys, readers)
    }

    /// The same behind a genesis that is there. `writers` begins with its authority.
    ///
    /// The public keys of those who only read are made up, since nobody needs their private halves, and their cards carry
    /// [recycled](Signing::Recycled) signatures.
    ///
    /// # Panics
    /// If the genesis is not the first writer's.
    pub fn begin(genesis: Block, writers: Vec<KeyPair>, readers: usize) -> (Self, Vec<Block>) {
        let now = genesis.time;
        let readers: Vec<PublicKey> = (0..readers)
            .map(|number| made_up(writers[0].public(), number))
            .collect();
        let (state, linked) = State::from_genesis(genesis).expect("the genesis is good");
        let mut community = Self {
            seen: state.prefix(),
            state,
            epoch: Id::ZERO,
            secret: Secret::generate(),
            now,
            recycled: writers[0].sign(b"something else"),
            writers,
        };
        let mut blocks = vec![linked.into_block()];
        let members: Vec<PublicKey> = community
            .writers
            .iter()
            .map(|key| key.public().clone())
            .chain(readers)
            .collect();
        if members.len() > 1 {
            let add = members[1..].iter().map(PublicKey::to_bytes).collect();
            let remove = Vec::new();
            let roster = Body::Roster(Roster { add, remove });
            blocks.push(community.say(&members[0], roster));
        }
        let card = CardKey::generate().card();
        for member in &members {
            blocks.push(community.say(member, Body::Card(CardBody { x25519: card })));
        }
        let commitment = community.secret.commitment();
        let wraps = members.iter().map(|member| Recipient {
            member: member.id(),
            wrap: WrapContext {
                community: community.state.community(),
                author: members[0].id(),
                recipient: member.id(),
                card,
                commitment,
            }
            .seal(&community.secret)
            .expect("a card that was made here is good"),
        });
        let wraps = wraps.collect();
        let epoch = community.say(&members[0], Body::Epoch(Epoch { commitment, wraps }));
        community.epoch = epoch.entry.id();
        blocks.push(epoch);
        community.seen = community.state.prefix();
        (community, blocks)
    }

    /// When its entries are sent, in milliseconds since 1970.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// So many messages of so many letters each, from all writers in turn, which are the chain's next ones.
    pub fn messages(&self, count: usize, letters: usize, signing: Signing) -> Vec<Entry> {
        self.messages_in_turn(count, &[letters], signing)
    }

    /// The same of so many letters in turn, by their blocks' numbers: however a chain is put together, it comes out alike.
    pub fn messages_in_turn(
        &self,
        count: usize,
        letters: &[usize],
        signing: Signing,
    ) -> Vec<Entry> {
        let first = self.state.size() as usize;
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let share = count.div_ceil(threads).max(1);
        let numbers: Vec<usize> = (0..count).collect();
        thread::scope(|scope| {
            let threads: Vec<_> = numbers
                .chunks(share)
                .map(|share| {
                    scope.spawn(move || {
                        let each = |&number: &usize| {
                            let letters = letters[(first + number) % letters.len()];
                            self.message(number, letters, signing)
                        };
                        share.iter().map(each).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("signing does not panic"))
                .collect()
        })
    }

    fn message(&self, number: usize, letters: usize, signing: Signing) -> Entry {
        let writer = &self.writers[number % self.writers.len()];
        let author = writer.public().id();
        let seq = self.state.next_seq(&author) + (number / self.writers.len()) as u64;
        let plaintext = Plaintext {
            text: "m".repeat(letters),
            reply_to: None,
            channel: None,
        };
        // Fresh for each message, and the same in each run.
        let salt = Hash::of_parts(&[author.as_bytes(), &seq.to_be_bytes()]);
        let salt = Salt::new(std::array::from_fn(|place| salt.as_bytes()[place]));
        let context = MessageContext {
            community: self.state.community(),
            epoch: self.epoch,
            author,
            seq,
        };
        let ciphertext = context.encrypt(&self.secret, &salt, &plaintext.encode());
        let body = Body::Message(Message {
            epoch: self.epoch,
            salt,
            ciphertext_hash: Hash::of(&ciphertext),
            ciphertext: Some(ciphertext),
        });
        let draft = self.draft(author, seq, body);
        match signing {
            Signing::Real => Entry::sign(draft, writer),
            Signing::Recycled => draft.with(self.recycled.clone()),
        }
    }

    /// Takes an entry into the next block. Its signature is not looked at.
    ///
    /// # Panics
    /// If a rule refuses it.
    pub fn append(&mut self, entry: Entry) -> Block {
        self.link(entry).into_block()
    }

    /// The same, with what was computed on the way.
    ///
    /// # Panics
    /// If a rule refuses it.
    pub fn link(&mut self, entry: Entry) -> Linked {
        let block = Block {
            index: self.state.size(),
            prev: self.state.head(),
            time: self.state.time().max(self.now),
            entry,
        };
        self.state.restore(block).expect("the entry is good")
    }

    /// Takes in what a member says, signed by it if it writes.
    fn say(&mut self, member: &PublicKey, body: Body) -> Block {
        let author = member.id();
        self.seen = self.state.prefix();
        let draft = self.draft(author, self.state.next_seq(&author), body);
        let writer = self.writers.iter().find(|key| key.public() == member);
        let entry = match writer {
            Some(writer) => Entry::sign(draft, writer),
            None => draft.with(self.recycled.clone()),
        };
        self.append(entry)
    }

    fn draft(&self, author: Id, seq: u64, body: Body) -> Draft {
        Draft {
            community: self.state.community(),
            author,
            seq,
            seen: self.seen,
            sent_at: self.now,
            body,
        }
    }
}

/// A public key that nobody has a private one of: another's, with another modulus.
fn made_up(like: &PublicKey, number: usize) -> PublicKey {
    let mut modulus: Vec<u8> = (0_u64..)
        .flat_map(|part| {
            let number = (number as u64).to_be_bytes();
            *Hash::of_parts(&[b"modulus", &number, &part.to_be_bytes()]).as_bytes()
        })
        .take(like.modulus_bytes())
        .collect();
    if let [first, .., last] = modulus.as_mut_slice() {
        *first |= 0x80;
        *last |= 1;
    }
    let mut der = like.der().to_vec();
    let at = der
        .windows(modulus.len())
        .position(|bytes| bytes == like.modulus())
        .expect("a key's DER holds its modulus");
    der[at..at + modulus.len()].copy_from_slice(&modulus);
    PublicKey::parse(&der).expect("a key of the form of another one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_community_of_writers_says_what_its_readers_verify_by_every_rule() {
        let (mut community, mut blocks) = Community::found(3, 0);
        // Genesis, the roster, three cards, the epoch.
        assert_eq!(blocks.len(), 6);
        for entry in community.messages(7, 40, Signing::Real) {
            blocks.push(community.append(entry));
        }
        let mut blocks = blocks.into_iter();
        let genesis = blocks.next().expect("a genesis");
        let (mut state, _) = State::from_genesis(genesis).expect("a good genesis");
        for block in blocks {
            state.replay(block).expect("a good block");
        }
        assert_eq!(state.description(), community.state.description());
        assert_eq!(state.size(), 13);
        let written = |key: &KeyPair| state.next_seq(&key.public().id()) - 1;
        let written: Vec<u64> = community.writers.iter().map(written).collect();
        // The authority said genesis, roster, card and epoch, the others their cards.
        assert_eq!(written, [4 + 3, 1 + 2, 1 + 2]);
    }

    #[test]
    fn letters_go_in_turn_by_the_number_of_the_block_whatever_was_made_at_once() {
        let (mut community, _) = Community::found(2, 0);
        let lengths = |entries: &[Entry]| {
            let ciphertext = |entry: &Entry| match &entry.body {
                Body::Message(message) => message.ciphertext.as_ref().map(|bytes| bytes.len()),
                _ => None,
            };
            entries.iter().map(ciphertext).collect::<Vec<_>>()
        };
        let in_turn = [40, 400, 800];
        let at_once = community.messages_in_turn(7, &in_turn, Signing::Recycled);
        let at_once = lengths(&at_once);
        assert_eq!(at_once[0], at_once[3]);
        assert!(at_once[0] != at_once[1] && at_once[1] != at_once[2]);
        let mut apart = Vec::new();
        for count in [1, 4, 2] {
            let entries = community.messages_in_turn(count, &in_turn, Signing::Recycled);
            apart.extend(lengths(&entries));
            for entry in entries {
                community.append(entry);
            }
        }
        assert_eq!(apart, at_once);
    }

    #[test]
    fn what_is_recycled_is_good_but_for_its_signature() {
        let (community, _) = Community::found(2, 3);
        assert_eq!(community.state.roster().count(), 5);
        let entry = community.messages(1, 40, Signing::Recycled).remove(0);
        let block = Block {
            index: community.state.size(),
            prev: community.state.head(),
            time: community.now(),
            entry,
        };
        let replayed = community.state.clone().replay(block.clone());
        assert_eq!(
            replayed.expect_err("a bad signature").requirement,
            "ENTRY-3"
        );
        assert!(community.state.clone().restore(block).is_ok());
    }
}
