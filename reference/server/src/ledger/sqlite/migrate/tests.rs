//! Stores of each older schema, made by their tables' old text, at every moment of its migration; and digests that are wrong.

use std::path::{Path, PathBuf};

use dispatch_protocol::bytes::{Bytes, Hash, Salt};
use dispatch_protocol::chain::{Admission, Block, State, found};
use dispatch_protocol::entry::{Body, CardBody, Draft, Entry, Epoch, Message, Recipient};
use dispatch_protocol::key::{Card, KeyPair};
use dispatch_protocol::limits::Limits;
use rusqlite::Connection;

use super::{SqliteLedger, Step};
use crate::ledger::{Batch, Ledger as _, SqliteShelf, StoreError, digests_of};
use crate::opening::{Care, TAIL, load};
use crate::writer::Tip;
use crate::{checkpointer, clock};

/// Each older version, and what makes a store of it of one of this version.
const OLD: [(i64, &str); 2] = [
    (1, include_str!("../../../../tests/schema-1.sql")),
    (2, include_str!("../../../../tests/schema-2.sql")),
];

fn key(name: &str) -> KeyPair {
    let path = format!(
        "{}/../../vectors/keys/{name}.test-key.pem",
        env!("CARGO_MANIFEST_DIR")
    );
    KeyPair::from_pkcs8_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A chain with so many messages of its authority, longer than what a start reads whole if they are many.
fn chain(messages: usize) -> (Vec<Block>, State) {
    chain_of(messages, 144)
}

/// The same, with ciphertexts of so many bytes.
fn chain_of(messages: usize, bytes: usize) -> (Vec<Block>, State) {
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
fn store(folder: &Path, messages: usize) -> (PathBuf, State) {
    store_of(folder, chain(messages))
}

fn store_of(folder: &Path, (blocks, state): (Vec<Block>, State)) -> (PathBuf, State) {
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

/// The same of an older schema.
fn old_store(folder: &Path, sql: &str, messages: usize) -> (PathBuf, State) {
    let (new, state) = store(folder, messages);
    let old = folder.join("old.sqlite");
    let connection = Connection::open(&old).unwrap();
    connection
        .execute("ATTACH ?1 AS new", [new.to_str().unwrap()])
        .unwrap();
    connection.execute_batch(sql).unwrap();
    (old, state)
}

fn loaded(path: &Path, care: Care) -> Result<State, StoreError> {
    let shelf = SqliteShelf::open(path)?;
    shelf.check_digests()?;
    load(&shelf, path, care, &mut |_| {})
}

fn version(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

/// Every file of a folder, as a crash would leave it.
fn copied(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

#[test]
fn a_crash_at_any_moment_of_a_migration_leaves_the_old_store_or_the_new_one_whole() {
    for (from, sql) in OLD {
        let folder = tempfile::tempdir().unwrap();
        let (old, state) = old_store(folder.path(), sql, TAIL as usize + 50);
        let mut moments = vec![(None, copied(folder.path()))];
        let mut ledger = SqliteLedger::open(&old).unwrap();
        let migrated = ledger
            .migrate(&mut |step| moments.push((Some(step), copied(folder.path()))))
            .unwrap()
            .unwrap();
        assert_eq!((migrated.from, migrated.to), (from, 3));
        drop(ledger);
        assert!(moments.len() > 4, "{}", moments.len());
        for (step, moment) in moments {
            let path = moment.path().join("old.sqlite");
            let due = if step == Some(Step::Committed) {
                3
            } else {
                from
            };
            assert_eq!(version(&path), due, "{step:?}");
            if matches!(step, Some(Step::Kept | Step::Filled(_) | Step::Committed)) {
                let backup = moment
                    .path()
                    .join(format!("old.sqlite.schema-{from}.backup"));
                assert_eq!(version(&backup), from);
                let kept = loaded(&backup, Care::Full).unwrap();
                assert_eq!(kept.description(), state.description());
            }
            let found = loaded(&path, Care::Full).unwrap();
            assert_eq!(found.description(), state.description(), "{step:?}");
            // And the next start brings it to its end.
            let mut ledger = SqliteLedger::open(&path).unwrap();
            let again = ledger.migrate(&mut |_| {}).unwrap();
            assert_eq!(again.is_some(), due == from, "{step:?}");
            let found = loaded(&path, Care::Full).unwrap();
            assert_eq!(found.description(), state.description());
            let found = loaded(&path, Care::Start).unwrap();
            assert_eq!(found.description(), state.description());
            let names = std::fs::read_dir(moment.path()).unwrap();
            let mut names = names.map(|file| file.unwrap().file_name().into_string().unwrap());
            assert!(names.all(|name| !name.ends_with(".partial")), "{step:?}");
        }
    }
}

#[test]
fn a_migrated_store_is_as_small_as_a_new_one_unless_somebody_reads_it_meanwhile() {
    for (_, sql) in OLD {
        for is_read in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (old, _) = old_store(folder.path(), sql, 300);
            let reader = Connection::open(&old).unwrap();
            if is_read {
                reader
                    .execute_batch("BEGIN; SELECT count(*) FROM block;")
                    .unwrap();
            }
            let mut ledger = SqliteLedger::open(&old).unwrap();
            let migrated = ledger.migrate(&mut |_| {}).unwrap().unwrap();
            assert_eq!(migrated.packed, !is_read);
            drop((reader, ledger));
            let sizes = |path: &Path| {
                let connection = Connection::open(path).unwrap();
                let pragma = |name: &str| -> i64 {
                    connection
                        .query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
                        .unwrap()
                };
                (
                    pragma("page_size"),
                    pragma("page_count"),
                    pragma("freelist_count"),
                )
            };
            let new = sizes(&folder.path().join("chain.sqlite"));
            match is_read {
                false => assert_eq!(sizes(&old), new),
                true => assert!(sizes(&old).2 > 0, "{:?}", sizes(&old)),
            }
            // It goes on as a store that is appended to.
            let mut ledger = SqliteLedger::open(&old).unwrap();
            let nothing = Batch {
                blocks: &[],
                digests: &[],
                redacted: &[],
                applied: None,
            };
            ledger.append(&nothing).unwrap();
            loaded(&old, Care::Full).unwrap();
        }
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
fn an_earlier_backup_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (old, _) = old_store(folder.path(), OLD[0].1, 1);
    let earlier = folder.path().join("old.sqlite.schema-1.backup");
    std::fs::write(&earlier, "somebody's").unwrap();
    let mut ledger = SqliteLedger::open(&old).unwrap();
    let migrated = ledger.migrate(&mut |_| {}).unwrap().unwrap();
    assert_eq!(
        migrated.backup,
        folder.path().join("old.sqlite.schema-1.backup-2")
    );
    assert_eq!(std::fs::read_to_string(&earlier).unwrap(), "somebody's");
    assert_eq!(version(&migrated.backup), 1);
}

#[test]
fn nothing_is_appended_to_an_older_store_before_its_migration() {
    let folder = tempfile::tempdir().unwrap();
    let (old, _) = old_store(folder.path(), OLD[0].1, 1);
    let mut ledger = SqliteLedger::open(&old).unwrap();
    let nothing = Batch {
        blocks: &[],
        digests: &[],
        redacted: &[],
        applied: None,
    };
    let problem = ledger.append(&nothing).unwrap_err().to_string();
    assert!(problem.contains("still has schema 1"), "{problem}");
    ledger.migrate(&mut |_| {}).unwrap();
    ledger.append(&nothing).unwrap();
}

#[test]
fn a_newer_store_is_refused_and_both_versions_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = store(folder.path(), 1);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 9).unwrap();
    drop(connection);
    let problem = SqliteShelf::open(&path).err().unwrap().to_string();
    assert!(
        problem.contains("has schema 9, and this dispatchd knows them up to 3"),
        "{problem}"
    );
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
        let whole =
            load(&shelf, &path, Care::Full, &mut |_| {}).and_then(|_| shelf.check_digests());
        match whole {
            Err(StoreError::Damaged {
                index: found, what, ..
            }) => {
                assert_eq!(found, index, "{damage}: {what}");
            }
            other => panic!("{damage}: {other:?}"),
        }
        let started = load(&shelf, &path, Care::Start, &mut |_| {});
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
        let state = load(&shelf, path, Care::Full, &mut |block| {
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
