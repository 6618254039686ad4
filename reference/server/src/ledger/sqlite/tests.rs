//! What a store holds and gives back, what is told of damage, and a commit that fails.

use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::{Bytes, Hash, Salt};
use dispatch_protocol::chain::{Admission, Block, State, found};
use dispatch_protocol::entry::{Body, CardBody, Draft, Entry, Epoch, Message, Recipient};
use dispatch_protocol::key::{Card, KeyPair};
use dispatch_protocol::limits::Limits;
use rusqlite::Connection;

use super::SqliteLedger;
use crate::ledger::{Batch, Ledger as _, SqliteShelf, StoreError, digests_of};
use crate::opening::{Care, TAIL, load};
use crate::writer::Tip;
use crate::{checkpointer, clock};

pub(super) fn key(name: &str) -> KeyPair {
    let path = format!(
        "{}/../../vectors/keys/{name}.test-key.pem",
        env!("CARGO_MANIFEST_DIR")
    );
    KeyPair::from_pkcs8_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A chain with so many messages of its authority, longer than what a start reads whole if they are many.
pub(super) fn chain(messages: usize) -> (Vec<Block>, State) {
    chain_of(messages, 144)
}

/// The same, with ciphertexts of so many bytes.
pub(super) fn chain_of(messages: usize, bytes: usize) -> (Vec<Block>, State) {
    let (authority, server) = (key("authority"), key("server"));
    let genesis = found("test", &authority, server.public(), clock::now()).unwrap();
    let (mut state, _) = State::from_genesis(genesis.clone()).unwrap();
    let mut blocks = vec![genesis];
    let mut say = |body: Body| {
        let author = authority.public().id();
        let entry = Entry::sign(
            Draft {
                community: state.community(),
                author,
                seq: state.next_seq(&author),
                seen: state.prefix(),
                sent_at: clock::now(),
                body,
            },
            &authority,
        );
        let id = entry.id();
        let entry = entry.verify(authority.public()).unwrap();
        match state
            .admit(entry, clock::now(), &Limits::default())
            .unwrap()
        {
            Admission::Append(admitted) => {
                blocks.push(state.append(*admitted, clock::now()).into_block());
            }
            Admission::Repeat { .. } => unreachable!("each is new"),
        }
        id
    };
    let mut card = [9; 32];
    card[31] = 0;
    say(Body::Card(CardBody {
        x25519: Card::new(card),
    }));
    let epoch = say(Body::Epoch(Epoch {
        commitment: Hash::of(b"secret"),
        wraps: vec![Recipient {
            member: authority.public().id(),
            wrap: [7; 80].into(),
        }],
    }));
    let ciphertext = vec![1; bytes];
    for _ in 0..messages {
        say(Body::Message(Message {
            epoch,
            salt: Salt::new([1; 16]),
            ciphertext_hash: Hash::of(&ciphertext),
            ciphertext: Some(Bytes::from(ciphertext.clone())),
        }));
    }
    (blocks, state)
}

/// A store with that chain, of this version.
pub(super) fn store(folder: &Path, messages: usize) -> (PathBuf, State) {
    store_of(folder, chain(messages))
}

pub(super) fn store_of(folder: &Path, (blocks, state): (Vec<Block>, State)) -> (PathBuf, State) {
    let path = folder.join("chain.sqlite");
    let mut ledger = SqliteLedger::create(&path, &blocks[0]).unwrap();
    ledger
        .append(&Batch {
            blocks: &blocks[1..],
            digests: &digests_of(&blocks[1..]),
            redacted: &[],
            applied: None,
        })
        .unwrap();
    let checkpoint = checkpointer::sign(Tip::of(&state), 0, &key("server"));
    ledger.keep(&checkpoint).unwrap();
    (path, state)
}

pub(super) fn loaded(path: &Path, care: Care) -> Result<State, StoreError> {
    let shelf = SqliteShelf::open(path)?;
    shelf.check_digests()?;
    load(&shelf, care, &mut |_| {})
}

/// Every file of a folder, as a crash would leave it.
pub(super) fn copied(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

/// A batch with nothing in it.
pub(super) fn nothing() -> Batch<'static> {
    Batch {
        blocks: &[],
        digests: &[],
        redacted: &[],
        applied: None,
    }
}

#[test]
fn accounts_keep_their_numbers_whatever_becomes_of_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (blocks, state) = chain(3);
    let path = folder.path().join("chain.sqlite");
    let mut ledger = SqliteLedger::create(&path, &blocks[0]).unwrap();
    let batch = |blocks, digests| Batch {
        blocks,
        digests,
        redacted: &[],
        applied: None,
    };
    // Another's block, and one that is there already: all of it comes to nothing.
    let mut other = blocks[1].clone();
    other.entry.author = key("m01").public().id();
    let both = [other.clone(), blocks[0].clone()];
    ledger.append(&batch(&both, &[])).unwrap_err();
    let digests = digests_of(&blocks[1..]);
    ledger.append(&batch(&blocks[1..], &digests)).unwrap();
    other.index = blocks.len() as u64;
    ledger
        .append(&batch(std::slice::from_ref(&other), &[]))
        .unwrap();
    let read = ledger.shelf().blocks(0..100, usize::MAX).unwrap();
    assert_eq!(read[..blocks.len()], blocks);
    assert_eq!(read[blocks.len()].entry.author, other.entry.author);
    assert_eq!(state.size(), blocks.len() as u64);
}

#[test]
fn a_digest_that_is_wrong_missing_or_too_much_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (path, state) = store(folder.path(), TAIL as usize + 50);
    let end = state.size();
    for (damage, index, at_start) in [
        (
            "UPDATE digest SET hash = zeroblob(32) WHERE number = 7",
            Some(7),
            true,
        ),
        (
            "UPDATE digest SET id = zeroblob(32) WHERE number = 7",
            Some(7),
            false,
        ),
        (
            "UPDATE digest SET seq = seq + 1 WHERE number = 7",
            Some(7),
            true,
        ),
        (
            "UPDATE digest SET seen_size = 2 WHERE number = 7",
            Some(7),
            true,
        ),
        (
            "UPDATE digest SET time = time + 1 WHERE number = 300",
            Some(300),
            false,
        ),
        ("UPDATE digest SET author = 77 WHERE number = 7", None, true),
        ("DELETE FROM digest WHERE number = 7", Some(7), true),
        ("DELETE FROM digest WHERE number = 300", Some(300), false),
        (
            "INSERT INTO digest SELECT 1, hash, time, id, author, seq, seen_size FROM digest WHERE number = 7",
            Some(1),
            true,
        ),
        (
            "INSERT INTO digest SELECT 900, hash, time, id, author, seq, seen_size FROM digest WHERE number = 7",
            None,
            false,
        ),
    ] {
        let spoilt = copied(folder.path());
        let path = spoilt.path().join(path.file_name().unwrap());
        Connection::open(&path)
            .unwrap()
            .execute_batch(damage)
            .unwrap();
        let shelf = SqliteShelf::open(&path).unwrap();
        let whole = load(&shelf, Care::Full, &mut |_| {}).and_then(|_| shelf.check_digests());
        match whole {
            Err(StoreError::Damaged {
                index: found, what, ..
            }) => {
                assert_eq!(found, index, "{damage}: {what}");
            }
            other => panic!("{damage}: {other:?}"),
        }
        let started = load(&shelf, Care::Start, &mut |_| {});
        assert_eq!(started.is_err(), at_start, "{damage}: {:?}", started.err());
        assert!(end < 900);
    }
    // Its twin: nothing of that is found in the store as it is.
    assert_eq!(
        loaded(&path, Care::Full).unwrap().description(),
        state.description()
    );
    assert_eq!(
        loaded(&path, Care::Start).unwrap().description(),
        state.description()
    );
}

#[test]
fn a_store_that_finds_no_room_says_so_and_holds_what_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let (blocks, _) = chain(100);
    let path = folder.path().join("chain.sqlite");
    let mut ledger = SqliteLedger::create(&path, &blocks[0]).unwrap();
    let digests = digests_of(&blocks[1..]);
    let batch = Batch {
        blocks: &blocks[1..],
        digests: &digests,
        redacted: &[],
        applied: None,
    };
    ledger
        .connection
        .pragma_update(None, "max_page_count", 8)
        .unwrap();
    let problem = ledger.append(&batch).unwrap_err();
    assert!(matches!(problem, StoreError::Full(_)), "{problem}");
    assert!(problem.to_string().ends_with("the disk is full; make room"));
    assert_eq!(ledger.shelf().size().unwrap(), 1);
    ledger
        .connection
        .pragma_update(None, "max_page_count", 1 << 20)
        .unwrap();
    ledger.append(&batch).unwrap();
    assert_eq!(ledger.shelf().size().unwrap(), blocks.len() as u64);
}

#[test]
fn what_is_wrong_first_is_told_wherever_the_reading_was_cut_and_whatever_was_read_ahead() {
    let folder = tempfile::tempdir().unwrap();
    // 8 MiB, which are read in three pieces.
    let (path, state) = store_of(folder.path(), chain_of(130, 65_424));
    let verified = |path: &Path| {
        let mut seen = Vec::new();
        let shelf = SqliteShelf::open(path).unwrap();
        let state = load(&shelf, Care::Full, &mut |block| {
            seen.push(block.index);
        });
        (state.map(|state| state.description()), seen)
    };
    let (whole, seen) = verified(&path);
    assert_eq!(whole.unwrap(), state.description());
    assert!(seen.into_iter().eq(0..state.size()));

    let signature =
        |at: u64| format!("UPDATE block SET signature = zeroblob(256) WHERE number = {at};");
    let digest = |at: u64| format!("UPDATE digest SET id = zeroblob(32) WHERE number = {at};");
    let form = |at: u64| format!("UPDATE block SET body = x'00' WHERE number = {at};");
    let (unsigned, unlike, unread) = (
        "the signature is not",
        "its digest is not",
        "its body cannot be read",
    );
    for (damage, index, wanted) in [
        (signature(100) + &form(101), 100, unsigned),
        (signature(20) + &form(110), 20, unsigned),
        (signature(101) + &form(100), 100, unread),
        (digest(100) + &signature(101), 100, unlike),
        (digest(101) + &signature(100), 100, unsigned),
        (digest(20) + &form(21), 20, unlike),
        (form(state.size() - 1), state.size() - 1, unread),
        (signature(state.size() - 1), state.size() - 1, unsigned),
    ] {
        let spoilt = copied(folder.path());
        let path = spoilt.path().join(path.file_name().unwrap());
        Connection::open(&path)
            .unwrap()
            .execute_batch(&damage)
            .unwrap();
        let (outcome, seen) = verified(&path);
        match outcome {
            Err(StoreError::Damaged {
                index: Some(found),
                what,
                ..
            }) => {
                assert_eq!(found, index, "{damage}: {what}");
                assert!(what.starts_with(wanted), "{damage}: {what}");
            }
            other => panic!("{damage}: {other:?}"),
        }
        // In order, and nothing behind the damage; a block whose digest alone is wrong is a good one.
        let until = index + u64::from(wanted == unlike);
        assert!(seen.into_iter().eq(0..until), "{damage}");
    }
}
