//! The requests of the HTTP binding: what each takes, and what it may answer. // [HTTP-1]

use crate::json::GREATEST_INTEGER;
use crate::refusal::Code::{self, *};

/// A request.
pub(super) struct Request {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    /// The name by which generators call it.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// Whether a session's token is due. // [HTTP-2]
    pub(super) needs_token: bool,
    pub(super) parameters: &'static [Parameter],
    /// The body's schema, for those that have one.
    pub(super) body: Option<&'static str>,
    pub(super) answer: Answer,
    /// The codes that it may be refused with.
    pub(super) codes: &'static [&'static [Code]],
}

/// A parameter. All but one are integers as CONV-12 has them.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) is_required: bool,
    /// The least and the greatest; none for a text.
    pub(super) bounds: Option<(u64, u64)>,
    pub(super) default: Option<u64>,
    pub(super) description: &'static str,
}

/// What comes with status 200.
pub(super) enum Answer {
    /// JSON by this schema.
    Json(&'static str),
    /// The same; caches may validate it. // [HTTP-11]
    Validated(&'static str),
    /// JSON that every page may read. // [DISC-4]
    Public(&'static str),
    /// Server-sent events.
    Events,
}

/// What every request under `/v1/` may be refused with. // [LIM-7], [LIM-8], [LIM-9], [HTTP-18]
const ALWAYS: &[Code] = &[Malformed, RateLimited, Unavailable, ShuttingDown];

/// What is wrong with a frame, whichever it is. // [HTTP-16], [HTTP-17], [ERR-6], [JOIN-4], [ENTRY-1]
const FRAME: &[Code] = &[
    UnknownFrame,
    UnexpectedFrame,
    TooLarge,
    UnknownVersion,
    UnknownKind,
];

/// What is wrong with an entry. // [HTTP-1]
const ENTRY: &[Code] = &[
    TooLarge,
    BadKey,
    WrongCommunity,
    UnknownKind,
    WrongAuthor,
    BadSignature,
    BadSeq,
    BadSeen,
    ClockSkew,
    BadGenesis,
    NotAuthority,
    BadRoster,
    BadCard,
    BadRecipient,
    UnknownEpoch,
    NotRecipient,
    StaleEpoch,
    BadCiphertext,
    BadRedaction,
];

const fn index(name: &'static str, least: u64, description: &'static str) -> Parameter {
    Parameter {
        name,
        place: "query",
        is_required: true,
        bounds: Some((least, GREATEST_INTEGER)),
        default: None,
        description,
    }
}

/// All of them, by path.
pub(super) const REQUESTS: &[Request] = &[
    Request {
        path: "/.well-known/dispatch-d",
        method: "get",
        id: "discovery",
        summary: "Which community this is, and what its server takes",
        description: "Without a token, and for pages of every origin (DISC-1 to DISC-4).",
        needs_token: false,
        parameters: &[],
        body: None,
        answer: Answer::Public("discovery"),
        codes: &[],
    },
    Request {
        path: "/v1/hello",
        method: "post",
        id: "hello",
        summary: "Asks for a challenge to prove an account by",
        description: "Answered whether or not the account is on the roster (JOIN-6). The challenge can be proved by a request alone.",
        needs_token: false,
        parameters: &[],
        body: Some("hello-frame"),
        answer: Answer::Json("challenge-frame"),
        codes: &[ALWAYS, FRAME, &[WrongOrigin, BadKey]],
    },
    Request {
        path: "/v1/prove",
        method: "post",
        id: "prove",
        summary: "Answers a challenge by a signature, and opens a session",
        description: "The welcome's `token` is the session's, for the header `Authorization` of the other requests (HTTP-2). The client \
            checks the welcome's signature (JOIN-17) before it believes anything.",
        needs_token: false,
        parameters: &[],
        body: Some("prove-frame"),
        answer: Answer::Json("welcome-frame"),
        codes: &[
            ALWAYS,
            FRAME,
            &[
                NoChallenge,
                ChallengeExpired,
                BadProof,
                NotAllowed,
                UnknownHave,
            ],
        ],
    },
    Request {
        path: "/v1/entries",
        method: "post",
        id: "submit",
        summary: "Hands in an entry",
        description: "The entry as it stands in a `submit`. The answer comes when its block is durable (SUB-2). The same entry again gets the \
            same answer (ENTRY-5).",
        needs_token: true,
        parameters: &[],
        body: Some("submitted-entry"),
        answer: Answer::Json("accepted-entry"),
        codes: &[ALWAYS, &[BadToken], ENTRY],
    },
    Request {
        path: "/v1/blocks",
        method: "get",
        id: "blocks",
        summary: "Blocks of the chain from an index on, and long-polling",
        description: "An empty list where `from` is the chain's size (HTTP-6). With `wait` the answer is held back until there is a block to \
            give (POLL-1, POLL-2).",
        needs_token: true,
        parameters: &[
            index("from", 0, "The index of the first block that is wanted."),
            Parameter {
                name: "limit",
                place: "query",
                is_required: false,
                bounds: Some((1, 1000)),
                default: Some(100),
                description: "How many blocks at most (HTTP-5).",
            },
            Parameter {
                name: "wait",
                place: "query",
                is_required: false,
                bounds: Some((0, 30_000)),
                default: Some(0),
                description: "For how many milliseconds the answer is held back while there is no block to give.",
            },
            Parameter {
                name: "If-None-Match",
                place: "header",
                is_required: false,
                bounds: None,
                default: None,
                description: "The `ETag` of an answer that a cache holds (RFC 9110, section 13.1.2).",
            },
        ],
        body: None,
        answer: Answer::Validated("blocks-frame"),
        codes: &[ALWAYS, &[BadToken, UnknownHave]],
    },
    Request {
        path: "/v1/events",
        method: "get",
        id: "events",
        summary: "Blocks and checkpoints as they come, as server-sent events",
        description: "The events and their data stand in asyncapi.json, channel `events` (SSE-1 to SSE-7). The stream ends by an event `bye` or \
            without a word.",
        needs_token: true,
        parameters: &[
            Parameter {
                name: "from",
                place: "query",
                is_required: false,
                bounds: Some((0, GREATEST_INTEGER)),
                default: Some(0),
                description: "The index of the first block that is wanted.",
            },
            Parameter {
                name: "Last-Event-ID",
                place: "header",
                is_required: false,
                bounds: Some((0, GREATEST_INTEGER)),
                default: None,
                description: "The `id` of the last event that had one: where the stream goes on, whatever `from` says (SSE-3).",
            },
        ],
        body: None,
        answer: Answer::Events,
        codes: &[ALWAYS, &[BadToken, UnknownHave]],
    },
    Request {
        path: "/v1/checkpoint",
        method: "get",
        id: "checkpoint",
        summary: "The latest checkpoint",
        description: "As the frame that a socket pushes.",
        needs_token: true,
        parameters: &[],
        body: None,
        answer: Answer::Json("checkpoint-frame"),
        codes: &[ALWAYS, &[BadToken]],
    },
    Request {
        path: "/v1/proofs/inclusion",
        method: "get",
        id: "inclusion",
        summary: "A proof that a block stands in the chain",
        description: "Of the tree of so many blocks (TREE-1, TREE-2).",
        needs_token: true,
        parameters: &[
            index("index", 0, "The block's index, smaller than `size`."),
            index(
                "size",
                0,
                "The tree's size, from 1 to the chain's (HTTP-7).",
            ),
        ],
        body: None,
        answer: Answer::Json("inclusion"),
        codes: &[ALWAYS, &[BadToken, UnknownHave]],
    },
    Request {
        path: "/v1/proofs/consistency",
        method: "get",
        id: "consistency",
        summary: "A proof that one tree extends another",
        description: "Of the trees of so many blocks (TREE-1, TREE-3).",
        needs_token: true,
        parameters: &[
            index("from", 0, "The smaller tree's size, from 1 (HTTP-7)."),
            index(
                "to",
                0,
                "The larger tree's size, up to the chain's (HTTP-7).",
            ),
        ],
        body: None,
        answer: Answer::Json("consistency"),
        codes: &[ALWAYS, &[BadToken, UnknownHave]],
    },
];

impl Request {
    /// The codes that it may be refused with, each once, in the specification's order.
    pub(super) fn codes(&self) -> impl Iterator<Item = Code> {
        Code::ALL
            .iter()
            .copied()
            .filter(|code| self.codes.iter().any(|codes| codes.contains(code)))
    }
}
