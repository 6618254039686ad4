//! The numbers that stand for accounts: an id of 32 bytes with every block and once more with its digest was a twentieth of
//! the store.

use std::collections::HashMap;

use dispatch_protocol::bytes::Id;
use rusqlite::{Connection, params};

/// The number of each account that ever wrote something.
pub(super) struct Authors {
    numbers: HashMap<Id, i64>,
    last: i64,
}

impl Authors {
    /// Reads those that are durable.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Authors> {
        let numbers: HashMap<Id, i64> = connection
            .prepare_cached("SELECT id, number FROM account")?
            .query_map([], |row| Ok((Id::new(row.get(0)?), row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let last = numbers.values().copied().max().unwrap_or(0);
        Ok(Authors { numbers, last })
    }

    /// An account's number; the next one if it has none, which is written at once. Nothing of this may be used any more if
    /// the transaction comes to nothing.
    pub(super) fn number_of(
        &mut self,
        transaction: &Connection,
        account: &Id,
    ) -> rusqlite::Result<i64> {
        if let Some(number) = self.numbers.get(account) {
            return Ok(*number);
        }
        let next = self.last + 1;
        transaction
            .prepare_cached("INSERT INTO account (number, id) VALUES (?1, ?2)")?
            .execute(params![next, account.as_bytes()])?;
        self.numbers.insert(*account, next);
        self.last = next;
        Ok(next)
    }
}
