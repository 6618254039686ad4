//! The tables, in a schema of their own, and which version of them this program writes. The columns are those of the SQLite
//! store; a block has its hash besides, so that a process sees at once whether the chain's end is the one that it knows.

/// The version of the tables below.
pub(super) const VERSION: i64 = 1;

/// Held by whoever appends: the chain's end. A number of its own among the database's advisory locks: "dispatch".
pub(super) const END: i64 = 0x6469_7370_6174_6368;

/// The channel on which growth is told.
pub(super) const CHANNEL: &str = "dispatch_d";

// What is encrypted or signed does not get smaller, so that nobody tries to (STORAGE EXTERNAL). A second block at an index is
// refused by the primary key, whoever writes it. `community.beats` is what a process writes to learn that it can.
pub(super) const TABLES: &str = "
CREATE SCHEMA dispatch_d;
CREATE TABLE dispatch_d.community (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL,
    id bytea NOT NULL,
    beats bigint NOT NULL DEFAULT 0
);
CREATE TABLE dispatch_d.block (
    number bigint PRIMARY KEY CHECK (number >= 0),
    hash bytea NOT NULL,
    prev bytea NOT NULL,
    time bigint NOT NULL,
    kind smallint NOT NULL,
    author bigint NOT NULL,
    seq bigint NOT NULL,
    seen_size bigint NOT NULL,
    seen_hash bytea NOT NULL,
    sent_at bigint NOT NULL,
    body bytea NOT NULL,
    signature bytea NOT NULL,
    ciphertext bytea
);
ALTER TABLE dispatch_d.block ALTER body SET STORAGE EXTERNAL, ALTER signature SET STORAGE EXTERNAL,
    ALTER ciphertext SET STORAGE EXTERNAL;
CREATE TABLE dispatch_d.account (number bigint PRIMARY KEY, id bytea NOT NULL UNIQUE);
CREATE TABLE dispatch_d.digest (
    number bigint PRIMARY KEY,
    hash bytea NOT NULL,
    time bigint NOT NULL,
    id bytea NOT NULL,
    author bigint NOT NULL,
    seq bigint NOT NULL,
    seen_size bigint NOT NULL
);
CREATE TABLE dispatch_d.checkpoint (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    community bytea NOT NULL,
    size bigint NOT NULL,
    head bytea NOT NULL,
    root bytea NOT NULL,
    time bigint NOT NULL,
    signature bytea NOT NULL
);
CREATE TABLE dispatch_d.listed (account bytea PRIMARY KEY);
";

// What the processes share besides the chain. Of a token there is the hash alone [SESS-9]. Challenges are not logged: after a
// crash, or where a standby took over, there are none.
pub(super) const SHARED_TABLES: &str = "
CREATE TABLE dispatch_d.session (
    token bytea PRIMARY KEY,
    account bytea NOT NULL,
    expires_at bigint NOT NULL,
    origin text NOT NULL,
    server_nonce bytea NOT NULL,
    size bigint NOT NULL,
    granted bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX session_of_account ON dispatch_d.session (account, granted);
CREATE INDEX session_ends ON dispatch_d.session (expires_at);
CREATE UNLOGGED TABLE dispatch_d.challenge (
    nonce bytea PRIMARY KEY,
    hello text NOT NULL,
    made_at bigint NOT NULL,
    ends_at bigint NOT NULL
);
CREATE INDEX challenge_ends ON dispatch_d.challenge (ends_at);
";

pub(super) const FORGET_CHALLENGES: &str = "DELETE FROM dispatch_d.challenge";

/// Each challenge that is kept takes up to 16 away whose time is over, and those that gave way to it. What another process is
/// taking away is left to it, so that none waits for another.
pub(super) const CHALLENGE: &str = "
WITH over AS (
    DELETE FROM dispatch_d.challenge WHERE nonce IN
        (SELECT nonce FROM dispatch_d.challenge WHERE ends_at <= $5 ORDER BY ends_at LIMIT 16 FOR UPDATE SKIP LOCKED)
), forgotten AS (
    DELETE FROM dispatch_d.challenge WHERE nonce IN
        (SELECT nonce FROM dispatch_d.challenge WHERE nonce = ANY($6::bytea[]) FOR UPDATE SKIP LOCKED)
)
INSERT INTO dispatch_d.challenge (nonce, hello, made_at, ends_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

pub(super) const SPEND: &str =
    "DELETE FROM dispatch_d.challenge WHERE nonce = $1 RETURNING hello, made_at, ends_at";

/// A session, in a transaction that waits for no disk; up to 16 go whose time is over, and the oldest of the account beyond
/// 255 others. Gives the chain's size.
pub(super) const GRANT: &str = "
WITH soon AS (SELECT set_config('synchronous_commit', 'off', true)),
over AS (
    DELETE FROM dispatch_d.session WHERE token IN
        (SELECT token FROM dispatch_d.session WHERE expires_at <= $7 ORDER BY expires_at LIMIT 16 FOR UPDATE SKIP LOCKED)
), surplus AS (
    DELETE FROM dispatch_d.session WHERE token IN (
        SELECT held.token FROM dispatch_d.session AS held JOIN
            (SELECT token FROM dispatch_d.session WHERE account = $2 ORDER BY granted DESC OFFSET 255) AS oldest USING (token)
        FOR UPDATE OF held SKIP LOCKED)
), granted AS (
    INSERT INTO dispatch_d.session (token, account, expires_at, origin, server_nonce, size)
    SELECT $1::bytea, $2::bytea, $3::bigint, $4::text, $5::bytea, $6::bigint FROM soon ON CONFLICT DO NOTHING
)
SELECT coalesce(max(number) + 1, 0) FROM dispatch_d.block";

pub(super) const KEPT_SESSION: &str = "SELECT account, expires_at, origin, server_nonce, size FROM dispatch_d.session WHERE token = $1";

pub(super) const INSERT_ACCOUNTS: &str =
    "INSERT INTO dispatch_d.account (number, id) SELECT * FROM unnest($1::int8[], $2::bytea[])";

pub(super) const INSERT_BLOCKS: &str = "
INSERT INTO dispatch_d.block (number, hash, prev, time, kind, author, seq, seen_size, seen_hash, sent_at, body, signature, ciphertext)
SELECT * FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::int8[], $5::int2[], $6::int8[], $7::int8[], $8::int8[],
    $9::bytea[], $10::int8[], $11::bytea[], $12::bytea[], $13::bytea[])";

pub(super) const INSERT_DIGESTS: &str = "
INSERT INTO dispatch_d.digest (number, hash, time, id, author, seq, seen_size)
SELECT * FROM unnest($1::int8[], $2::bytea[], $3::int8[], $4::bytea[], $5::int8[], $6::int8[], $7::int8[])";

pub(super) const REDACT: &str =
    "UPDATE dispatch_d.block SET ciphertext = NULL WHERE number = ANY($1)";

pub(super) const UNLIST: &str = "DELETE FROM dispatch_d.listed";

pub(super) const LIST: &str =
    "INSERT INTO dispatch_d.listed (account) SELECT * FROM unnest($1::bytea[])";

/// The end of the chain: the size, and the hash of the last block.
pub(super) const CHAIN_END: &str =
    "SELECT number + 1, hash FROM dispatch_d.block ORDER BY number DESC LIMIT 1";

/// A checkpoint takes the place of one that covers less and is not later.
pub(super) const KEEP: &str = "
INSERT INTO dispatch_d.checkpoint (community, size, head, root, time, signature) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (one) DO UPDATE SET community = $1, size = $2, head = $3, root = $4, time = $5, signature = $6
WHERE checkpoint.size < $2 AND checkpoint.time <= $5";

pub(super) const CHECKPOINT: &str =
    "SELECT community, size, head, root, time, signature FROM dispatch_d.checkpoint";

pub(super) const BLOCKS: &str = "
SELECT block.number, block.prev, block.time, block.kind, account.id, block.seq, block.seen_size, block.seen_hash, block.sent_at,
    block.body, block.signature, block.ciphertext
FROM dispatch_d.block LEFT JOIN dispatch_d.account ON account.number = block.author
WHERE block.number >= $1 AND block.number < $2 ORDER BY block.number LIMIT $3";

pub(super) const DIGESTS: &str = "
SELECT digest.number, digest.hash, digest.time, account.id, digest.id, digest.seq, digest.seen_size
FROM dispatch_d.digest LEFT JOIN dispatch_d.account ON account.number = digest.author
WHERE digest.number >= $1 AND digest.number < $2 ORDER BY digest.number";
