//! `messages.json`: message keys, ciphertexts, padding and plaintexts.

use crate::community::labelled;
use crate::file::{File, Group, Test, invalid, valid};
use crate::keys::named;
use crate::ordered::compact;
use dispatch_conformance::codec::fields::MAX_NUMBER;
use dispatch_conformance::codec::message::{Place, pad};
use dispatch_conformance::codec::{Hash, base64url::encode};
use serde_json::json;

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
            .tests(keys()),
        )
        .group(
            Group::new(
                "messages",
                "Open `ciphertext` with `secret`, `salt`, `community`, `epoch`, `author` and `seq`: `padded`. `aad` is the aad \
                 tuple. Then take the padding off: `plaintext`. Encrypting `plaintext` gives `ciphertext` again.",
            )
            .tests(good())
            .tests(bad()),
        )
        .group(Group::new("padding", "Take the padding off `padded`: `plaintext`. Only a valid test's padding is what `plaintext` gives.").tests(padding()))
        .group(Group::new("plaintexts", "Read the object in the bytes `plaintext`; `text` is its text.").tests(plaintexts()))
}

fn place() -> Place {
    Place {
        community: labelled("community"),
        epoch: labelled("epoch"),
        author: named("m01").id(),
        seq: 7,
    }
}

fn secret() -> Hash {
    labelled("epoch secret")
}

fn salt() -> Vec<u8> {
    labelled("message salt")[..16].to_vec()
}

fn with_place(test: Test, place: &Place) -> Test {
    test.bytes("community", &place.community)
        .bytes("epoch", &place.epoch)
        .bytes("author", &place.author)
        .with("seq", place.seq)
}

fn keys() -> Vec<Test> {
    let key = |id: &str, about: &str, secret: &Hash, salt: &[u8], place: &Place| {
        let info = dispatch_conformance::codec::Tuple::new("message-key")
            .bytes(&place.community)
            .bytes(&place.epoch)
            .bytes(&place.author);
        valid(id, about, &["ENC-6", "ENC-15"])
            .bytes("secret", secret)
            .bytes("salt", salt)
            .bytes("community", &place.community)
            .bytes("epoch", &place.epoch)
            .bytes("author", &place.author)
            .bytes("info", &info.encode())
            .bytes("okm", &place.key_and_nonce(secret, salt))
    };
    let mut other = place();
    other.author = named("m02").id();
    vec![
        key(
            "message-key-usual",
            "44 bytes: 32 of key and 12 of nonce",
            &secret(),
            &salt(),
            &place(),
        ),
        key(
            "message-key-zero-salt",
            "a salt of zeros is a salt",
            &secret(),
            &[0; 16],
            &place(),
        ),
        key(
            "message-key-other-author",
            "another author of the same epoch",
            &secret(),
            &salt(),
            &other,
        ),
    ]
}

fn good() -> Vec<Test> {
    let of = |id: &str, about: &str, place: &Place, plaintext: &[u8]| {
        let padded = pad(plaintext);
        let ciphertext = place.seal(&secret(), &salt(), &padded);
        with_place(valid(id, about, &["ENC-6", "ENC-7", "ENC-15"]), place)
            .bytes("secret", &secret())
            .bytes("salt", &salt())
            .bytes("aad", &place.aad().encode())
            .bytes("ciphertext", &ciphertext)
            .bytes("padded", &padded)
            .bytes("plaintext", plaintext)
    };
    let text = |n: usize| {
        let empty = compact(&json!({ "text": "" })).len();
        compact(&json!({ "text": "a".repeat(n - empty) })).into_bytes()
    };
    let mut great = place();
    great.seq = MAX_NUMBER;
    vec![
        of(
            "message-usual",
            "a short text",
            &place(),
            br#"{"text":"Hello, Bob."}"#,
        ),
        of(
            "message-127",
            "127 bytes: the 0x80 fills the block",
            &place(),
            &text(127),
        ),
        of(
            "message-128",
            "128 bytes: the padding is a block of its own",
            &place(),
            &text(128),
        ),
        of("message-129", "129 bytes", &place(), &text(129)),
        of(
            "message-greatest-seq",
            "`seq` is 2^53 - 1",
            &great,
            br#"{"text":"x"}"#,
        ),
        of(
            "message-ends-like-padding",
            "a plaintext whose last bytes are 0x80 and zeros",
            &place(),
            &[br#"{"text":"x"}"#, &[0x80, 0, 0][..]].concat(),
        ),
    ]
}

fn bad() -> Vec<Test> {
    let plaintext = br#"{"text":"Hello, Bob."}"#;
    let ciphertext = || place().seal(&secret(), &salt(), &pad(plaintext));
    let shut =
        |id: &str, about: &str, place: &Place, secret: &Hash, salt: &[u8], ciphertext: &[u8]| {
            with_place(invalid(id, about, &["ENC-6"], "bad_ciphertext"), place)
                .bytes("secret", secret)
                .bytes("salt", salt)
                .bytes("ciphertext", ciphertext)
        };
    let moved = |id: &str, about: &str, change: fn(&mut Place)| {
        let mut place = place();
        change(&mut place);
        shut(id, about, &place, &secret(), &salt(), &ciphertext()).flag("info-left-out")
    };
    let flipped = |at: usize| {
        let mut bytes = ciphertext();
        bytes[at] ^= 1;
        bytes
    };
    let padded = |id: &str, about: &str, padded: &[u8]| {
        with_place(invalid(id, about, &["ENC-7"], "bad_padding"), &place())
            .flag("lax-padding")
            .bytes("secret", &secret())
            .bytes("salt", &salt())
            .bytes("ciphertext", &place().seal(&secret(), &salt(), padded))
    };
    vec![
        moved("message-other-seq", "moved to another `seq`", |p| p.seq = 8),
        moved("message-other-author", "moved to another author", |p| {
            p.author = named("m02").id()
        }),
        moved("message-other-epoch", "moved to another epoch", |p| {
            p.epoch = labelled("another epoch")
        }),
        moved(
            "message-other-community",
            "moved to another community",
            |p| p.community = labelled("elsewhere"),
        ),
        shut(
            "message-other-secret",
            "another secret",
            &place(),
            &labelled("another secret"),
            &salt(),
            &ciphertext(),
        ),
        shut(
            "message-other-salt",
            "another salt",
            &place(),
            &secret(),
            &[1; 16],
            &ciphertext(),
        ),
        shut(
            "message-flipped",
            "a bit of the ciphertext is turned",
            &place(),
            &secret(),
            &salt(),
            &flipped(5),
        ),
        shut(
            "message-flipped-tag",
            "a bit of the tag is turned",
            &place(),
            &secret(),
            &salt(),
            &flipped(143),
        ),
        shut(
            "message-cut",
            "the last byte is missing",
            &place(),
            &secret(),
            &salt(),
            &ciphertext()[..143],
        ),
        padded("message-not-padded", "encrypted as it is", plaintext),
        padded(
            "message-padded-with-zeros",
            "padded with zeros alone",
            &[&plaintext[..], &[0; 106]].concat(),
        ),
    ]
}

fn padding() -> Vec<Test> {
    let ok = |id: &str, about: &str, plaintext: &[u8]| {
        valid(id, about, &["ENC-7", "ENC-15"])
            .bytes("padded", &pad(plaintext))
            .bytes("plaintext", plaintext)
    };
    let bad = |id: &str, about: &str, padded: &[u8]| {
        invalid(id, about, &["ENC-7"], "bad_padding")
            .flag("lax-padding")
            .bytes("padded", padded)
    };
    let body = |n: usize| vec![b'x'; n];
    vec![
        ok("padding-none", "no bytes become a block", b""),
        ok("padding-one", "one byte", b"x"),
        ok("padding-126", "one zero byte", &body(126)),
        ok("padding-127", "no zero byte", &body(127)),
        ok("padding-128", "a block more", &body(128)),
        ok("padding-of-zeros", "a plaintext of zero bytes", &[0; 3]),
        ok(
            "padding-of-0x80",
            "a plaintext that ends in 0x80",
            &[0x80; 5],
        ),
        bad("padding-empty", "no bytes at all", &[]),
        bad("padding-all-zeros", "zeros alone", &[0; 128]),
        bad(
            "padding-full",
            "128 bytes of text and no padding",
            &body(128),
        ),
        bad(
            "padding-no-mark",
            "zeros behind the text, without 0x80",
            &[&body(100)[..], &[0; 28]].concat(),
        ),
        bad(
            "padding-other-mark",
            "0x01 instead of 0x80",
            &[&body(100)[..], &[1], &[0; 27]].concat(),
        ),
        bad(
            "padding-pkcs7",
            "28 times 28",
            &[&body(100)[..], &[28; 28]].concat(),
        ),
        bad(
            "padding-128-zeros",
            "0x80 and 128 zeros: a block too many",
            &[&body(127)[..], &[0x80], &[0; 128]].concat(),
        ),
        bad(
            "padding-short",
            "127 bytes",
            &[&body(100)[..], &[0x80], &[0; 26]].concat(),
        ),
        bad(
            "padding-to-16",
            "padded to a multiple of 16",
            &[&body(10)[..], &[0x80], &[0; 5]].concat(),
        ),
    ]
}

fn plaintexts() -> Vec<Test> {
    let ok = |id: &str, about: &str, requirement, plaintext: &str, text: &str| {
        valid(id, about, &[requirement])
            .bytes("plaintext", plaintext.as_bytes())
            .with("text", text)
    };
    let bytes = |id: &str, about: &str, plaintext: &[u8]| {
        invalid(id, about, &["ENC-8"], "bad_plaintext").bytes("plaintext", plaintext)
    };
    let bad = |id: &str, about: &str, plaintext: &str| bytes(id, about, plaintext.as_bytes());
    let id = encode(&labelled("entry"));
    let full = compact(&json!({ "text": "Yes.", "reply_to": id, "channel": "general" }));
    let channel = |n: usize| compact(&json!({ "text": "x", "channel": "c".repeat(n) }));
    let deep = |n: usize| {
        format!(
            r#"{{"text":"x","later":{}{}}}"#,
            "[".repeat(n - 1),
            "]".repeat(n - 1)
        )
    };
    vec![
        ok(
            "plaintext-text",
            "a text",
            "ENC-8",
            r#"{"text":"Hello, Bob."}"#,
            "Hello, Bob.",
        ),
        ok(
            "plaintext-all-members",
            "every member",
            "ENC-8",
            &full,
            "Yes.",
        ),
        ok(
            "plaintext-empty-text",
            "an empty text",
            "ENC-8",
            r#"{"text":""}"#,
            "",
        ),
        ok(
            "plaintext-spaced",
            "white space",
            "ENC-8",
            " { \"text\" : \"a\" }\n",
            "a",
        ),
        ok(
            "plaintext-escapes",
            "escapes",
            "ENC-8",
            r#"{"text":"\u0000\ud83d\ude00\/\n"}"#,
            "\0😀/\n",
        ),
        ok(
            "plaintext-unknown-member",
            "a member that the reader does not know",
            "ENC-9",
            r#"{"text":"a","mood":{"is":["fine",1,null]}}"#,
            "a",
        )
        .flag("strict-reader"),
        ok(
            "plaintext-unknown-fraction",
            "a fraction in a member that the reader does not know",
            "ENC-9",
            r#"{"text":"a","at":-1.5e3}"#,
            "a",
        )
        .flag("strict-reader"),
        ok(
            "plaintext-reply-to-nothing",
            "`reply_to` names a message that nobody holds",
            "ENC-9",
            &full,
            "Yes.",
        ),
        ok(
            "plaintext-channel-64",
            "a channel of 64 bytes",
            "ENC-8",
            &channel(64),
            "x",
        ),
        ok("plaintext-depth-16", "depth 16", "ENC-8", &deep(16), "x"),
        bad("plaintext-empty", "no bytes", ""),
        bad("plaintext-bare", "a text that is no JSON", "Hello, Bob."),
        bad("plaintext-array", "an array", r#"["Hello, Bob."]"#),
        bad("plaintext-string", "a JSON text", r#""Hello, Bob.""#),
        bad(
            "plaintext-trailing",
            "something behind the object",
            r#"{"text":"a"} b"#,
        ),
        bad("plaintext-no-text", "no `text`", r#"{"channel":"general"}"#),
        bad("plaintext-null-text", "`text` is null", r#"{"text":null}"#),
        bad(
            "plaintext-number-text",
            "`text` is a number",
            r#"{"text":1}"#,
        ),
        bad(
            "plaintext-text-twice",
            "two texts",
            r#"{"text":"yes","text":"no"}"#,
        )
        .flag("json"),
        bad(
            "plaintext-text-twice-escaped",
            "two texts, one under an escaped name",
            r#"{"text":"yes","te\u0078t":"no"}"#,
        )
        .flag("json"),
        bad(
            "plaintext-duplicate-deep",
            "equal names in a member that the reader does not know",
            r#"{"text":"a","later":{"b":1,"b":2}}"#,
        )
        .flag("json"),
        bad(
            "plaintext-lone-surrogate",
            "half of a surrogate pair",
            r#"{"text":"\ud83d"}"#,
        )
        .flag("json"),
        bytes(
            "plaintext-not-utf-8",
            "a byte that is no UTF-8",
            b"{\"text\":\"\xff\"}",
        )
        .flag("json"),
        bad(
            "plaintext-byte-order-mark",
            "a byte-order mark",
            "\u{feff}{\"text\":\"a\"}",
        )
        .flag("json"),
        bad("plaintext-depth-17", "depth 17", &deep(17)),
        bad(
            "plaintext-reply-to-short",
            "`reply_to` of 31 bytes",
            &compact(&json!({ "text": "a", "reply_to": encode(&[1; 31]) })),
        ),
        bad(
            "plaintext-reply-to-padded",
            "`reply_to` with padding",
            &compact(&json!({ "text": "a", "reply_to": format!("{id}=") })),
        ),
        bad(
            "plaintext-reply-to-number",
            "`reply_to` is a number",
            r#"{"text":"a","reply_to":7}"#,
        ),
        bad("plaintext-channel-empty", "an empty channel", &channel(0)),
        bad(
            "plaintext-channel-65",
            "a channel of 65 bytes",
            &channel(65),
        ),
        bad(
            "plaintext-channel-list",
            "a list for `channel`",
            r#"{"text":"a","channel":[]}"#,
        ),
    ]
}
