//! `messages.json`: message keys, ciphertexts, padding and plaintexts.

mod ciphertexts;
mod plaintexts;

use crate::file::{File, Group};

pub fn file() -> File {
    File::new("messages", "Messages: from an epoch's secret to a plaintext. Each group is one step.")
        .flag("info-left-out", "leaves a value out of the key's info or the aad", &[])
        .flag("lax-padding", "takes zeros off and does not ask how many, or what stood before", &["ISO/IEC 7816-4 unpadding in libraries"])
        .flag("json", "reads a plaintext with a parser that keeps the last of two names, or replaces what is no text", &["JavaScript's JSON.parse", "Python json"])
        .flag("strict-reader", "refuses members of a later time", &[])
        .group(
            Group::new(
                "message-keys",
                "`okm` is HKDF-SHA256 of `secret` with `salt` and `info`, the tuple of `community`, `epoch`, `author`.",
            )
            .tests(ciphertexts::keys()),
        )
        .group(
            Group::new(
                "messages",
                "Open `ciphertext` with `secret`, `salt`, `community`, `epoch`, `author` and `seq`: `padded`. `aad` is the aad \
                 tuple. Then take the padding off: `plaintext`. Encrypting `plaintext` gives `ciphertext` again.",
            )
            .tests(ciphertexts::good())
            .tests(ciphertexts::bad()),
        )
        .group(Group::new("padding", "Take the padding off `padded`: `plaintext`. Only a valid test's padding is what `plaintext` gives.").tests(plaintexts::padding()))
        .group(Group::new("plaintexts", "Read the object in the bytes `plaintext`; `text` is its text.").tests(plaintexts::plaintexts()))
        .flag_rest("unauthenticated", "decrypts without the tag, or looks at it too late", &["message-"])
        .flag_rest(
            "form",
            "does not hold the plaintext's members against their forms",
            &["plaintext-no-text", "plaintext-null-text", "plaintext-number-text", "plaintext-reply-to-", "plaintext-channel-"],
        )
        .flag_rest("grammar", "takes what RFC 8259 or the bound on depth refuses, or something else than one object", &["plaintext-"])
}
