//! A community without a server: what is kept, brought and contradicted.

use dispatch_protocol::chain::found;
use dispatch_protocol::entry::{CardBody, Draft, Entry};
use dispatch_protocol::key::{KeyPair, ModulusBits};

use super::*;

/// A founder's account, the server's key, and block 0.
struct Founded {
    me: KeyPair,
    server: KeyPair,
    genesis: Block,
    dir: tempfile::TempDir,
}

impl Founded {
    fn new() -> Self {
        let me = KeyPair::generate(ModulusBits::Bits2048).unwrap();
        let server = KeyPair::generate(ModulusBits::Bits2048).unwrap();
        let genesis = found("A community", &me, server.public(), 1).unwrap();
        Self {
            me,
            server,
            genesis,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self) -> Community {
        let id = Id::from(self.genesis.hash());
        let invitation = Invitation::new("http://127.0.0.1:7311", id).unwrap();
        let opened = Community::open(&self.dir.path().join("it"), &invitation, self.me.public());
        opened.unwrap().0
    }

    /// What the server would sign for a chain of this size.
    fn checkpoint(&self, size: u64, signer: &KeyPair) -> Checkpoint {
        let (state, _) = State::from_genesis(self.genesis.clone()).unwrap();
        let mut description = state.description();
        description.size = size;
        Checkpoint::sign(description, 5, signer)
    }

    /// The next block: a card of the founder's.
    fn card(&self, state: &State, card: Card, sent_at: u64) -> Block {
        let id = self.me.public().id();
        let draft = Draft {
            community: state.community(),
            author: id,
            seq: state.next_seq(&id),
            seen: state.prefix(),
            sent_at,
            body: Body::Card(CardBody { x25519: card }),
        };
        Block {
            index: state.size(),
            prev: state.head(),
            time: sent_at,
            entry: Entry::sign(draft, &self.me),
        }
    }
}

#[test]
fn a_checkpoint_of_a_backup_is_kept_once_the_server_key_verifies_it_and_only_then() {
    let founded = Founded::new();
    let mut community = founded.open();
    // one that somebody put into the backup: kept, it would make every honest server one that rolls back
    let forged = founded.checkpoint(1000, &founded.me);
    community.vault.set_restored(&forged).unwrap();
    community.begin(founded.genesis.clone()).unwrap();
    assert_eq!(community.covered(), 0);
    assert_eq!(community.vault.restored().unwrap(), None);
    assert_eq!(community.vault.checkpoint().unwrap(), None);

    // one of the server's, on the same device
    let real = founded.checkpoint(9, &founded.server);
    community.vault.set_restored(&real).unwrap();
    drop(community);
    let mut community = founded.open();
    assert_eq!(community.covered(), 9);
    // a lower one takes nothing away
    let lower = founded.checkpoint(4, &founded.server);
    community.vault.set_restored(&lower).unwrap();
    drop(community);
    assert_eq!(founded.open().covered(), 9);
}

#[test]
fn a_block_that_another_program_was_shown_otherwise_is_a_fork() {
    let founded = Founded::new();
    let (mut one, mut other) = (founded.open(), founded.open());
    one.begin(founded.genesis.clone()).unwrap();
    other.begin(founded.genesis.clone()).unwrap();
    let frame = |community: &Community, sent_at| Frame {
        from: 1,
        blocks: vec![founded.card(
            community.state().unwrap(),
            CardKey::generate().card(),
            sent_at,
        )],
    };
    let (first, second) = (frame(&one, 2), frame(&other, 3));
    one.take(first.clone()).unwrap();
    // the same again is nothing new
    let third = founded.open();
    assert_eq!(third.size(), 2);
    let error = other.take(second).unwrap_err();
    let Error::Server { finding, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (finding.verdict, finding.requirement),
        (Verdict::Fork, "CHECK-8")
    );
    let held = third.block(1).unwrap().unwrap();
    assert_eq!(held, first.blocks[0], "what was stored first stays");
}

#[test]
fn a_card_that_never_came_to_the_chain_is_the_next_one_too() {
    let founded = Founded::new();
    let mut community = founded.open();
    community.begin(founded.genesis.clone()).unwrap();
    let card = community.new_card().unwrap();
    assert_eq!(community.new_card().unwrap(), card);
    drop(community);
    let mut community = founded.open();
    assert_eq!(community.new_card().unwrap(), card);
    assert_eq!(community.vault.cards().unwrap().len(), 1);
    assert!(!community.has_card().unwrap());
    // once it stands in the chain, the next one is new
    let block = founded.card(community.state().unwrap(), card, 2);
    let frame = Frame {
        from: 1,
        blocks: vec![block],
    };
    community.take(frame).unwrap();
    assert!(community.has_card().unwrap());
    assert_ne!(community.new_card().unwrap(), card);
}
