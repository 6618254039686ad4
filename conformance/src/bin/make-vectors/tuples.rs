//! `tuples.json`: the encoding under every signature and hash.

use crate::community::labelled;
use crate::file::{File, Group, Test, valid};
use dispatch_conformance::codec::fields::MAX_NUMBER;
use dispatch_conformance::codec::{Hash, Tuple, base64url::encode};
use serde_json::{Value, json};

pub fn file() -> File {
    File::new(
        "tuples",
        "Tuples as bytes. Encode the label and the fields and compare with `encoded`; its SHA-256 is `hash`.",
    )
    .flag("text-is-bytes", "counts a text's characters or UTF-16 units instead of its UTF-8 bytes", &["JavaScript", "Java", "C#"])
    .flag("long-integer", "holds integers in a double or in 32 bits", &["JavaScript"])
    .flag("list-framing", "leaves out a list's count or its items' lengths", &[])
    .flag("normalised", "changes a text before it encodes it", &["Swift"])
    .group(
        Group::new(
            "tuples",
            "`label`, and `fields`: objects with one member that says what the value is: `bytes` (also ids and hashes), \
             `text`, `uint`, or `list`, a list of byte strings. `encoded` is the tuple, `hash` its SHA-256.",
        )
        .tests(labels())
        .tests(corners()),
    )
}

/// A field as it stands in a test.
enum Field {
    Bytes(Vec<u8>),
    Text(&'static str),
    Uint(u64),
    List(Vec<Vec<u8>>),
}

use Field::{Bytes, List, Text, Uint};

/// One test for each label of the registry.
fn labels() -> Vec<Test> {
    let test = |label: &'static str, fields: Vec<Field>| {
        let id = format!("tuple-{}", label.replace('/', "-"));
        tuple(&id, &format!("the label `{label}`"), label, fields)
    };
    let wrap = |n: u8| [&labelled("recipient")[..], &[n; 80]].concat();
    let join = |mut more: Vec<Field>, expires_at| {
        let mut fields = vec![
            Text("https://chat.example.org"),
            h("community"),
            h("account"),
            h("client nonce"),
            h("server nonce"),
            Uint(expires_at),
        ];
        fields.append(&mut more);
        fields
    };
    vec![
        test("join", join(vec![], 1_772_355_660_000)),
        test(
            "welcome",
            join(vec![Uint(3), h("head"), h("token hash")], 1_772_377_200_000),
        ),
        test(
            "entry",
            vec![
                h("community"),
                Text("message"),
                h("account"),
                Uint(7),
                Uint(12),
                h("head"),
                Uint(1_772_355_600_000),
                h("body digest"),
            ],
        ),
        test(
            "body/genesis",
            vec![
                Text("Ålesund"),
                Bytes(vec![0x30; 294]),
                Bytes(vec![0x31; 294]),
                Uint(1_772_355_600_000),
            ],
        ),
        test(
            "body/roster",
            vec![
                List(vec![vec![0x30; 294], vec![0x31; 422]]),
                List(vec![hash("removed").to_vec()]),
            ],
        ),
        test("body/card", vec![h("card")]),
        test(
            "body/epoch",
            vec![h("commitment"), List(vec![wrap(1), wrap(2)])],
        ),
        test("body/share", vec![h("epoch"), List(vec![wrap(3)])]),
        test(
            "body/message",
            vec![h("epoch"), Bytes(vec![5; 16]), h("ciphertext hash")],
        ),
        test("body/redaction", vec![Uint(41), Text("asked to")]),
        test(
            "block",
            vec![
                Uint(4),
                h("prev"),
                Uint(1_772_355_604_000),
                h("entry"),
                h("signature hash"),
            ],
        ),
        test(
            "checkpoint",
            vec![
                h("community"),
                Uint(5),
                h("head"),
                h("root"),
                Uint(1_772_355_605_000),
            ],
        ),
        test("commitment", vec![Bytes(vec![7; 32])]),
        test(
            "wrap",
            vec![
                h("community"),
                h("author"),
                h("recipient"),
                h("card"),
                h("commitment"),
            ],
        ),
        test("message-key", vec![h("community"), h("epoch"), h("author")]),
        test(
            "message-aad",
            vec![h("community"), h("epoch"), h("author"), Uint(7)],
        ),
        test(
            "backup",
            vec![Bytes(labelled("backup salt")[..16].to_vec()), Uint(600_000)],
        ),
    ]
}

fn corners() -> Vec<Test> {
    vec![
        tuple(
            "tuple-empty-text",
            "an empty text is a field of no bytes",
            "body/redaction",
            vec![Uint(0), Text("")],
        ),
        tuple(
            "tuple-text-beyond-ascii",
            "texts are measured in UTF-8 bytes: é is 2, 😀 is 4, é as two code points is 3",
            "body/redaction",
            vec![Uint(1), Text("é 😀 e\u{301}")],
        )
        .flag("text-is-bytes"),
        tuple(
            "tuple-text-untouched",
            "white space, line ends and U+0000 stay",
            "body/redaction",
            vec![Uint(1), Text(" a\r\n\0\u{feff}\u{fb33} ")],
        )
        .flag("normalised"),
        tuple(
            "tuple-greatest-integer",
            "2^53 - 1, the greatest number of the protocol",
            "body/redaction",
            vec![Uint(MAX_NUMBER), Text("x")],
        )
        .flag("long-integer"),
        tuple(
            "tuple-integer-over-32-bits",
            "2^32",
            "body/redaction",
            vec![Uint(1 << 32), Text("x")],
        )
        .flag("long-integer"),
        tuple(
            "tuple-empty-lists",
            "an empty list is its count, 0",
            "body/roster",
            vec![List(vec![]), List(vec![])],
        )
        .flag("list-framing"),
        tuple(
            "tuple-list-cut-one-way",
            "the items' lengths are under the hash: `ab`, `c` and `a`, `bc` differ",
            "body/roster",
            vec![List(vec![b"ab".to_vec(), b"c".to_vec()]), List(vec![])],
        )
        .flag("list-framing"),
        tuple(
            "tuple-list-cut-another-way",
            "the twin of tuple-list-cut-one-way",
            "body/roster",
            vec![List(vec![b"a".to_vec(), b"bc".to_vec()]), List(vec![])],
        )
        .flag("list-framing"),
        tuple(
            "tuple-list-of-an-empty-string",
            "one item of no bytes is not no item",
            "body/roster",
            vec![List(vec![vec![]]), List(vec![])],
        )
        .flag("list-framing"),
    ]
}

fn tuple(id: &str, about: &str, label: &str, fields: Vec<Field>) -> Test {
    let mut tuple = Tuple::new(label);
    let mut described = Vec::new();
    for field in fields {
        let value: Value;
        (tuple, value) = match field {
            Bytes(bytes) => (tuple.bytes(&bytes), json!({ "bytes": encode(&bytes) })),
            Text(text) => (tuple.text(text), json!({ "text": text })),
            Uint(n) => (tuple.uint(n), json!({ "uint": n })),
            List(items) => {
                let list: Vec<String> = items.iter().map(|i| encode(i)).collect();
                (tuple.list(&items), json!({ "list": list }))
            }
        };
        described.push(value);
    }
    valid(id, about, &["TUPLE-1"])
        .with("label", label)
        .with("fields", described)
        .bytes("encoded", &tuple.encode())
        .bytes("hash", &tuple.hash())
}

fn hash(label: &str) -> Hash {
    labelled(label)
}

fn h(label: &str) -> Field {
    Bytes(hash(label).to_vec())
}
