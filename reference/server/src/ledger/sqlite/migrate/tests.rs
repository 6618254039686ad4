//! Stores of each older schema, made by their tables' old text, at every moment of its migration.

use std::path::{Path, PathBuf};

use dispatch_protocol::chain::State;
use rusqlite::Connection;

use super::super::tests::{copied, loaded, nothing, store};
use super::{SqliteLedger, Step};
use crate::ledger::{Ledger as _, SqliteShelf};
use crate::opening::{Care, TAIL};

/// Each older version, and what makes a store of it of one of this version.
const OLD: [(i64, &str); 2] = [
    (1, include_str!("../../../../tests/schema-1.sql")),
    (2, include_str!("../../../../tests/schema-2.sql")),
];

/// A store of an older schema, beside one of this.
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

fn version(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
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
            ledger.append(&nothing()).unwrap();
            loaded(&old, Care::Full).unwrap();
        }
    }
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
    let problem = ledger.append(&nothing()).unwrap_err().to_string();
    assert!(problem.contains("still has schema 1"), "{problem}");
    ledger.migrate(&mut |_| {}).unwrap();
    ledger.append(&nothing()).unwrap();
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
