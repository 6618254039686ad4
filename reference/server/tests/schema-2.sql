-- A store of schema 2, as dispatchd 0.1 made it before authors had numbers. The rows come from a newer store, attached as `new`.
PRAGMA application_id = 0x64697370;
PRAGMA user_version = 2;
PRAGMA journal_mode = WAL;
CREATE TABLE block (
    number INTEGER PRIMARY KEY,
    prev BLOB NOT NULL,
    time INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    author BLOB NOT NULL,
    seq INTEGER NOT NULL,
    seen_size INTEGER NOT NULL,
    seen_hash BLOB NOT NULL,
    sent_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL,
    ciphertext BLOB
) STRICT;
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
INSERT INTO block SELECT number, prev, time, kind, (SELECT id FROM new.account WHERE account.number = block.author),
    seq, seen_size, seen_hash, sent_at, body, signature, ciphertext FROM new.block;
INSERT INTO checkpoint SELECT * FROM new.checkpoint;
INSERT INTO listed SELECT * FROM new.listed;
CREATE TABLE digest (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL,
    id BLOB NOT NULL,
    author BLOB NOT NULL,
    seq INTEGER NOT NULL,
    seen_size INTEGER NOT NULL
) STRICT;
INSERT INTO digest SELECT number, hash, time, id, (SELECT account.id FROM new.account WHERE account.number = digest.author),
    seq, seen_size FROM new.digest;
