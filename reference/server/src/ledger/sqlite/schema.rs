//! The tables, and which version of them this program writes. Version 1 had no digests; versions 1 and 2 had an account's id
//! with each of its blocks, twice.

/// Written into the file's header, so that it can be told from other databases: "disp".
pub(super) const APPLICATION: i64 = 0x6469_7370;

/// The version of the tables below, in the header's `user_version`. One that is lower than 1 was never finished.
pub(super) const SCHEMA: i64 = 3;

/// The first version with [`DIGESTS`].
pub(super) const WITH_DIGESTS: i64 = 2;

/// The first version in which authors have numbers.
pub(super) const WITH_ACCOUNTS: i64 = 3;

/// The size of a new store's pages. A block of a message takes some 1.7 KiB: two fill four fifths of a page of 4 KiB, nine
/// all but all of one of 16 KiB; and a large batch writes fewer pages. A store that was made with others keeps them.
pub(super) const PAGE_BYTES: u32 = 16384;

// The author's `seen.hash` is kept although the chain implies it: the row alone has to give back what was signed.
pub(super) const BLOCKS: &str = "
CREATE TABLE block (
    number INTEGER PRIMARY KEY,
    prev BLOB NOT NULL,
    time INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    author INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    seen_size INTEGER NOT NULL,
    seen_hash BLOB NOT NULL,
    sent_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL,
    ciphertext BLOB
) STRICT;
";

/// The accounts that ever wrote something, by the numbers that stand for them in the other tables.
pub(super) const ACCOUNTS: &str = "
CREATE TABLE account (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
";

pub(super) const TABLES: &str = "
CREATE TABLE checkpoint (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    community BLOB NOT NULL,
    size INTEGER NOT NULL,
    head BLOB NOT NULL,
    root BLOB NOT NULL,
    time INTEGER NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TABLE listed (account BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
";

/// What a state keeps of each message, so that a start need not read and hash them all. Written with their blocks, and never
/// changed.
pub(super) const DIGESTS: &str = "
CREATE TABLE digest (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL,
    id BLOB NOT NULL,
    author INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    seen_size INTEGER NOT NULL
) STRICT;
";

pub(super) const INSERT_BLOCK: &str = "INSERT INTO block (number, prev, time, kind, author, seq, seen_size, seen_hash, sent_at, body, signature, ciphertext) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

pub(super) const INSERT_DIGEST: &str = "INSERT INTO digest (number, hash, time, id, author, seq, seen_size) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// A block's columns as a version of the tables gives them.
pub(super) fn block_columns(schema: i64) -> String {
    let author = author_of("block", schema);
    format!(
        "number, prev, time, kind, {author}, seq, seen_size, seen_hash, sent_at, body, signature, ciphertext"
    )
}

/// A digest's.
pub(super) fn digest_columns(schema: i64) -> String {
    let author = author_of("digest", schema);
    format!("number, hash, time, id, {author}, seq, seen_size")
}

/// The id of a row's author. One that is not known gives NULL, which is of no author's form.
fn author_of(table: &str, schema: i64) -> String {
    match schema {
        ..WITH_ACCOUNTS => "author".to_owned(),
        _ => format!("(SELECT account.id FROM account WHERE account.number = {table}.author)"),
    }
}
