//! `backups.json`: backups that open, backups that do not, and contents.
//!
//! Opening one costs 600,000 iterations, so what can be shown without is.

mod contents;
mod files;

use crate::community::labelled;
use crate::file::{File, Group};
use dispatch_conformance::codec::backup;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// The fewest iterations.
const FEWEST: u64 = *backup::ITERATIONS.start();

pub fn file() -> File {
    File::new("backups", "Backups, from a file's bytes to an account's key. Each group is one step.")
        .flag("passphrase-as-typed", "hashes the passphrase without bringing it into Normalization Form C", &["Every PBKDF2"])
        .flag("passphrase-changed", "trims the passphrase, folds its case, or normalises it beyond Form C", &[])
        .flag("unauthenticated", "decrypts without the tag, or looks at it too late", &[])
        .flag("info-left-out", "leaves the parameters out of the aad", &[])
        .flag("other-parameters", "takes a nonce of zeros, as for a key that is never used again", &[])
        .flag("bounds", "takes any number of iterations", &["Every PBKDF2"])
        .flag("form", "does not hold the file's members against their forms", &[])
        .flag("json", "reads the file with a parser that keeps the last of two names, or takes a byte-order mark", &["JavaScript's JSON.parse", "Python json"])
        .flag("contents-form", "does not hold the contents' members against their forms", &[])
        .flag("contents-json", "reads the contents with a parser that keeps the last of two names", &["JavaScript's JSON.parse", "Python json"])
        .flag("contents-bounds", "takes lists of any length", &[])
        .flag("strict-reader", "refuses contents of a later time", &[])
        .flag("key-unchecked", "takes the private key as it is", &[])
        .flag("other-community", "does not hold a checkpoint against the invitation beside it", &[])
        .group(
            Group::new(
                "files",
                "Read the bytes `backup` as a file: `salt`, `iterations`, `sealed`. Only its form is asked for, none of these is opened.",
            )
            .tests(files::forms()),
        )
        .group(
            Group::new(
                "backups",
                "Open the file in the bytes `backup` with the text `passphrase`: `contents`, whose key is that of `account`. `okm` is \
                 PBKDF2-HMAC-SHA-256 of the passphrase, `aad` the aad tuple. Sealing `contents` with both gives the file's \
                 `sealed` again. Each costs the file's iterations.",
            )
            .tests(files::good())
            .tests(files::shut()),
        )
        .group(
            Group::new("contents", "Read the object in the bytes `contents`; `account` is the id of its private key's account.")
                .tests(contents::good())
                .tests(contents::bad()),
        )
}

fn salt() -> Vec<u8> {
    labelled("backup salt")[..16].to_vec()
}

/// What a passphrase gives, which is worked out once.
fn okm(passphrase: &str, salt: &[u8], iterations: u64) -> [u8; 44] {
    type Known = HashMap<(String, Vec<u8>, u64), [u8; 44]>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    *KNOWN
        .lock()
        .expect("nobody panics under it")
        .entry((passphrase.to_owned(), salt.to_vec(), iterations))
        .or_insert_with(|| backup::key_and_nonce(passphrase, salt, iterations))
}
