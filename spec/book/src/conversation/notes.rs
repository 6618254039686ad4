//! What is said about each frame and each field.

/// About one frame.
pub(super) struct Note {
    /// The id of the known answer.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Markdown.
    pub(super) why: &'static str,
    /// Why nothing in it is signed, where that is so.
    pub(super) unsigned: Option<&'static str>,
}

/// In the order of the conversation.
pub(super) const FRAMES: [Note; 21] = [
    Note {
        id: "conversation-discovery",
        title: "Which community is this?",
        why: "Before Alice's client names her, it asks the server who *it* is. The answer holds block 0, from which everything else follows: its hash is the community's id, which came with her invitation.",
        unsigned: None,
    },
    Note {
        id: "conversation-hello",
        title: "hello",
        why: "She names her key and the origin that she dialled, and adds 32 random bytes of her own.",
        unsigned: Some(
            "Nothing is signed yet: these values come under the signature of `prove`. Anyone may say hello in anyone's name; it costs the server neither a signature nor a verification (JOIN-6, LIM-6).",
        ),
    },
    Note {
        id: "conversation-challenge",
        title: "challenge",
        why: "The server answers members and strangers alike, so that a stranger learns nothing about who is a member (JOIN-6).",
        unsigned: Some(
            "Nothing is signed: a server that signed for everybody could be worn out. That it is the right server shows in the `welcome`. The nonce is random and serves once (JOIN-7, JOIN-13).",
        ),
    },
    Note {
        id: "conversation-prove",
        title: "prove",
        why: "Alice signs, and the server verifies with the key of her `hello`.",
        unsigned: None,
    },
    Note {
        id: "conversation-welcome",
        title: "welcome",
        why: "The server proves itself in turn: it signs Alice's nonce, and how long the chain is at this moment. The latest checkpoint comes along.",
        unsigned: None,
    },
    Note {
        id: "conversation-blocks",
        title: "The chain so far",
        why: "Alice said nothing of what she holds, so she gets everything. Her client computes each block's hash itself, for it stands in no block; the next block names it as `prev`, and the last is the `head` of the welcome.",
        unsigned: None,
    },
    Note {
        id: "conversation-submit-card",
        title: "submit: a card",
        why: "Alice publishes the key to which others will encrypt for her. The token says under which session she comes; what the entry means, her own signature says.",
        unsigned: None,
    },
    Note {
        id: "conversation-accepted-card",
        title: "accepted",
        why: "The block is on the disk (SUB-2); its hash is the server's word.",
        unsigned: Some(
            "Not signed: the next checkpoint that covers the block is (CHECK-3). Alice's client computes the hash from the block that it gets, and compares (CHAIN-11).",
        ),
    },
    Note {
        id: "conversation-blocks-card",
        title: "The block, for everyone",
        why: "Every session gets it, Alice's too. The server adds three values to her entry, and the hash binds them.",
        unsigned: None,
    },
    Note {
        id: "conversation-submit-epoch",
        title: "submit: an epoch",
        why: "A secret for Alice and Bob, encrypted to each one's card. The server sees for whom, and not what.",
        unsigned: None,
    },
    Note {
        id: "conversation-accepted-epoch",
        title: "accepted",
        why: "As before.",
        unsigned: Some(
            "The epoch's id, by which messages name it, is the entry's id, which Alice computed herself.",
        ),
    },
    Note {
        id: "conversation-blocks-epoch",
        title: "The block, for everyone",
        why: "Bob finds his wrap in it, and opens it with his card's private key.",
        unsigned: None,
    },
    Note {
        id: "conversation-submit-message",
        title: "submit: a message",
        why: "What Alice writes. Under her signature stands the ciphertext's hash and not the ciphertext, so that a redaction can take the words away and leave the chain whole.",
        unsigned: None,
    },
    Note {
        id: "conversation-accepted-message",
        title: "accepted",
        why: "As before.",
        unsigned: Some(
            "Had this answer been lost on its way, Alice's client would submit the same entry again and get the same answer (ENTRY-5): `seq` makes that safe.",
        ),
    },
    Note {
        id: "conversation-submit-again",
        title: "submit: the same number once more",
        why: "A second device of Alice signed before it had read on. Everything in it is good, but that its `seq` is taken.",
        unsigned: None,
    },
    Note {
        id: "conversation-refused",
        title: "refused",
        why: "One code for each rule (ERR-2), and a sentence for a person (ERR-9).",
        unsigned: Some("Not signed: a refusal is no statement that anyone could be held to."),
    },
    Note {
        id: "conversation-blocks-message",
        title: "Alice's message, as Bob gets it",
        why: "Bob's client verifies the entry and the block, derives the key and opens the ciphertext.",
        unsigned: None,
    },
    Note {
        id: "conversation-checkpoint",
        title: "checkpoint",
        why: "Within a second the server signs how far the chain is, and can no longer show another.",
        unsigned: None,
    },
    Note {
        id: "conversation-plaintext",
        title: "What Bob reads",
        why: "Under the padding, which Bob's client takes off and checks (ENC-7).",
        unsigned: Some(
            "The ciphertext's tag, Alice's signature over its hash, and the commitment of the epoch stand behind it: that Alice wrote this, to the recipients of this epoch.",
        ),
    },
    Note {
        id: "conversation-bye",
        title: "bye",
        why: "The server stops, and says when to come again. The session outlives the connection: `resume` takes it up.",
        unsigned: Some(
            "Not signed: who holds the network without TLS can end a connection anyway.",
        ),
    },
    Note {
        id: "conversation-evidence",
        title: "Had the server lied",
        why: "Two checkpoints of six blocks with two heads, both signed by the server key: a proof that anyone can check with this file alone (EVID-1).",
        unsigned: None,
    },
];

/// The fields of each tuple: what it is, and why it is in there.
pub(super) const LABELS: [(&str, &[(&str, &str)]); 12] = [
    (
        "join",
        &[
            (
                "origin",
                "a server that passes on another's challenge gets a signature that is worth nothing there (JOIN-1, JOIN-11)",
            ),
            (
                "community",
                "two communities at one origin are told apart (JOIN-19)",
            ),
            (
                "account id",
                "H of her public key: one signature, one account (KEY-5)",
            ),
            (
                "client_nonce",
                "hers: no server can prepare a signature that it has seen before",
            ),
            (
                "server_nonce",
                "the server's: a recorded `prove` is worth nothing (JOIN-7, JOIN-13)",
            ),
            (
                "expires_at",
                "the challenge's: nobody can stretch it (JOIN-10)",
            ),
        ],
    ),
    (
        "welcome",
        &[
            ("origin", "the one that she dialled (JOIN-17)"),
            ("community", "whose server key it is"),
            ("account id", "it is meant for her"),
            (
                "client_nonce",
                "hers: the answer is fresh, and no replay of an old one",
            ),
            ("server_nonce", "it belongs to this exchange"),
            ("expires_at", "the session's now"),
            (
                "size",
                "the chain at this moment: who was told less before notices (JOIN-22, CHECK-7)",
            ),
            ("head", "and which chain"),
            (
                "H(token)",
                "the welcome of another session under her name does not fit (JOIN-17)",
            ),
        ],
    ),
    (
        "entry",
        &[
            (
                "community",
                "it counts here and in no other community (ENTRY-2)",
            ),
            ("kind", "a card cannot be taken for a message"),
            ("author", "whose key verifies it (ENTRY-3)"),
            (
                "seq",
                "her first, second, third …: none can be dropped or doubled unseen (ENTRY-4)",
            ),
            ("seen.size", "how much of the chain she had read (ENTRY-7)"),
            (
                "seen.hash",
                "and which chain: two that were forked cannot be joined again (ENTRY-7, ENTRY-13)",
            ),
            ("sent_at", "her clock; the order is the chain's (ENTRY-9)"),
            ("body_digest", "H of the body's own tuple, above"),
        ],
    ),
    (
        "body/genesis",
        &[
            ("name", "what the community is called"),
            (
                "authority",
                "the key that alone may change the roster (ROST-1)",
            ),
            ("server_key", "the key that signs welcomes and checkpoints"),
            ("created_at", "two communities of one owner differ"),
        ],
    ),
    (
        "body/roster",
        &[
            (
                "List(add)",
                "whole public keys: who reads the chain needs no other source to verify them (ROST-1)",
            ),
            ("List(remove)", "account ids"),
        ],
    ),
    (
        "body/card",
        &[(
            "x25519",
            "the public key; its RSA signature is what makes it hers (CARD-1)",
        )],
    ),
    (
        "body/epoch",
        &[
            (
                "commitment",
                "H over the secret: every recipient gets the same one (ENC-2)",
            ),
            (
                "List(member ‖ wrap)",
                "32 bytes who, 80 bytes for them (EPOCH-1)",
            ),
        ],
    ),
    (
        "body/message",
        &[
            ("epoch", "under which secret"),
            (
                "salt",
                "random: no key and nonce meet twice, even if two devices take one `seq`",
            ),
            (
                "ciphertext_hash",
                "and not the ciphertext, so that it can be redacted (RED-7)",
            ),
        ],
    ),
    (
        "block",
        &[
            ("index", "its place"),
            (
                "prev",
                "the hash of the block before: it pins all of the past (CHAIN-9)",
            ),
            (
                "time",
                "the server's clock, which never goes back (CHAIN-10)",
            ),
            ("entry id", "H of the entry's tuple: what was said"),
            (
                "H(signature)",
                "and the very signature: a server cannot swap it (CHAIN-6)",
            ),
        ],
    ),
    (
        "checkpoint",
        &[
            ("community", "of which community"),
            ("size", "how many blocks"),
            ("head", "the last one's hash"),
            (
                "root",
                "of the Merkle tree over all hashes: growth is proved with few of them (TREE-1)",
            ),
            ("time", "when"),
        ],
    ),
    (
        "wrap",
        &[
            (
                "community",
                "a wrap that is carried elsewhere does not open",
            ),
            ("author", "nor under another's name"),
            ("recipient", "nor for another recipient"),
            ("x25519", "which of the recipient's cards it was made for"),
            ("commitment", "to which secret it must open (ENC-2)"),
        ],
    ),
    (
        "message-aad",
        &[
            (
                "community",
                "a ciphertext that is carried elsewhere does not open",
            ),
            ("epoch", "nor under another epoch"),
            ("author", "nor as somebody else's"),
            ("seq", "nor at another place (ENC-6)"),
        ],
    ),
];
