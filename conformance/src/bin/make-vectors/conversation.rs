//! `conversation.json`: one whole conversation, frame by frame, as spec/overview.md tells it.

use crate::community::{Community, checkpoint_by, labelled, sign};
use crate::file::{File, Group, Test, valid};
use crate::keys::named;
use dispatch_conformance::codec::{Checkpoint, Join, Scheme, base64url::encode};
use serde_json::{Value, json};

const ORIGIN: &str = "https://chat.example.org";
const ABOUT: &str = "The frames of one conversation in their order, seen by m01 (Alice), who joins, and m02 (Bob), who reads. `said_by`: \
    `client` and `server` for frames, `document` for the answer to the discovery request, `plaintext` for what Bob reads, `file` \
    for the evidence that a client would write had the server shown it another chain of this length. `origin` is the one that \
    Alice dialled. Read them with one state: each fits the ones before, and all verifies.";

pub fn file() -> File {
    File::new(
        "conversation",
        "One whole conversation. spec/overview.md shows its frames.",
    )
    .group(
        Group::new("conversation", ABOUT)
            .shared("origin", ORIGIN)
            .tests(tests()),
    )
}

fn tests() -> Vec<Test> {
    let (alice, bob) = (named("m01"), named("m02"));
    let mut at = Community::found("Sunday walkers", named("authority"), named("server"));
    let roster = at.roster(&[alice, bob], &[]);
    at.append(roster);
    let card = at.card(bob);
    at.append(card);
    let mut frames = Frames(Vec::new());

    frames.add(
        "discovery",
        "document",
        "what Alice's client reads before it says who it is",
        &["DISC-1", "DISC-2", "DISC-3"],
        discovery(&at),
    );
    let joined = at.now + 86_400_000;
    let token = join(&mut frames, &at, joined);
    let all = json!({ "type": "blocks", "from": 0, "blocks": at.blocks });
    frames.add(
        "blocks",
        "server",
        "the chain so far",
        &["SYNC-1", "CHAIN-9"],
        all,
    );

    at.now = joined + 4_000;
    let card = at.card(alice);
    at.now += 12;
    submit(&mut frames, &mut at, "card", "w-1", &token, card);
    at.now += 37;
    let (epoch, id) = at.epoch(alice, &[alice, bob], "conversation");
    at.now += 11;
    submit(&mut frames, &mut at, "epoch", "w-2", &token, epoch);
    at.now += 19_500;
    let message = at.message(alice, &id, "Hello, Bob.");
    // Another statement under the number that the message takes, made on a second device before it read on.
    let late = at.card(alice);
    at.now += 14;
    let pushed = submit(&mut frames, &mut at, "message", "w-3", &token, message);
    let again = json!({ "type": "submit", "ref": "w-4", "token": token, "entry": late });
    frames.add(
        "submit-again",
        "client",
        "something else under the same `seq`",
        &["ENTRY-4"],
        again,
    );
    let refused = json!({
        "type": "refused",
        "ref": "w-4",
        "code": "bad_seq",
        "detail": "seq is 3, but your last entry on the chain has 3: read on and sign again with 4",
    });
    frames.add(
        "refused",
        "server",
        "the number is taken",
        &["ENTRY-4", "SUB-3"],
        refused,
    );
    frames.add(
        "blocks-message",
        "server",
        "Alice's message, as Bob gets it",
        &["SYNC-1"],
        pushed,
    );
    at.now += 250;
    let checkpoint = json!({ "type": "checkpoint", "checkpoint": at.checkpoint() });
    frames.add(
        "checkpoint",
        "server",
        "a checkpoint that covers it",
        &["CHECK-3", "CHECK-4"],
        checkpoint,
    );
    frames.add(
        "plaintext",
        "plaintext",
        "what Bob reads",
        &["ENC-6", "ENC-7"],
        json!({ "text": "Hello, Bob." }),
    );
    let bye = json!({ "type": "bye", "code": "shutting_down", "detail": "the server restarts: join again in a minute", "retry_after": 60_000 });
    frames.add("bye", "server", "the server stops", &["WS-9"], bye);
    frames.add(
        "evidence",
        "file",
        "two checkpoints of six blocks with two heads",
        &["EVID-1"],
        evidence(&at),
    );
    frames.0
}

/// The tests in the making.
struct Frames(Vec<Test>);

impl Frames {
    fn add(
        &mut self,
        name: &str,
        said_by: &str,
        about: &str,
        requirements: &[&'static str],
        frame: Value,
    ) {
        let test = valid(format!("conversation-{name}"), about, requirements)
            .with("said_by", said_by)
            .with("frame", frame);
        self.0.push(test);
    }
}

fn discovery(at: &Community) -> Value {
    json!({
        "versions": ["dispatch-d/1"],
        "community": encode(&at.id()),
        "genesis": at.blocks[0],
        "limits": {
            "frame_bytes": 262_144,
            "ciphertext_bytes": 65_536,
            "wraps": 1024,
            "skew_ms": 600_000,
            "session_ms": 21_600_000,
            "challenge_ms": 60_000,
            "checkpoint_ms": 1000,
        },
        "transports": ["ws"],
    })
}

/// From `hello` to `welcome`: the token, as its text.
fn join(frames: &mut Frames, at: &Community, now: u64) -> String {
    let alice = named("m01");
    let (client_nonce, server_nonce) = (
        labelled("conversation client nonce"),
        labelled("conversation server nonce"),
    );
    let hello = json!({
        "type": "hello",
        "version": "dispatch-d/1",
        "origin": ORIGIN,
        "public_key": encode(alice.public_key()),
        "client_nonce": encode(&client_nonce),
    });
    frames.add(
        "hello",
        "client",
        "Alice's client names her key and the origin that it dialled",
        &["JOIN-1"],
        hello,
    );
    let stated = Join {
        origin: ORIGIN.into(),
        community: at.id(),
        account: alice.id(),
        client_nonce,
        server_nonce,
        expires_at: now + 60_000,
    };
    let challenge = json!({
        "type": "challenge",
        "community": encode(&at.id()),
        "server_nonce": encode(&server_nonce),
        "expires_at": stated.expires_at,
    });
    frames.add(
        "challenge",
        "server",
        "the answer to anyone's hello",
        &["JOIN-6", "JOIN-8"],
        challenge,
    );
    let token = sign(alice, &stated.tuple().encode(), Scheme::Pss);
    let prove = json!({ "type": "prove", "server_nonce": encode(&server_nonce), "signature": encode(&token) });
    frames.add("prove", "client", "Alice signs", &["JOIN-11"], prove);
    let session = Join {
        expires_at: now + 85 + 21_600_000,
        ..stated
    };
    let (size, head) = (at.model.size(), at.model.head());
    let signature = sign(
        at.server,
        &session.welcome_tuple(size, &head, &token).encode(),
        Scheme::Pss,
    );
    let welcome = json!({
        "type": "welcome",
        "token": encode(&token),
        "expires_at": session.expires_at,
        "size": size,
        "head": encode(&head),
        "checkpoint": at.checkpoint(),
        "signature": encode(&signature),
    });
    frames.add(
        "welcome",
        "server",
        "the server proves itself in turn",
        &["JOIN-15", "JOIN-16", "JOIN-18"],
        welcome,
    );
    encode(&token)
}

/// A `submit`, its `accepted`, and the `blocks` frame that carries the block. A message's frame is given back.
fn submit(
    frames: &mut Frames,
    at: &mut Community,
    name: &str,
    reference: &str,
    token: &str,
    entry: Value,
) -> Value {
    let frame = json!({ "type": "submit", "ref": reference, "token": token, "entry": entry });
    frames.add(
        &format!("submit-{name}"),
        "client",
        &format!("Alice submits: {name}"),
        &["SUB-1", "ENTRY-3"],
        frame,
    );
    let now = at.now;
    let block = at.append(entry);
    // The community's clock runs in seconds by itself; a conversation has its own times.
    at.now = now;
    let (index, hash) = (at.model.size() - 1, at.model.head());
    let accepted =
        json!({ "type": "accepted", "ref": reference, "index": index, "hash": encode(&hash) });
    frames.add(
        &format!("accepted-{name}"),
        "server",
        "the block is durable",
        &["CHAIN-5", "SUB-3"],
        accepted,
    );
    let pushed = json!({ "type": "blocks", "from": index, "blocks": [block] });
    if name != "message" {
        frames.add(
            &format!("blocks-{name}"),
            "server",
            "everyone gets the block, its author too",
            &["SYNC-1"],
            pushed.clone(),
        );
    }
    pushed
}

fn evidence(at: &Community) -> Value {
    let shown = Checkpoint {
        head: labelled("another head"),
        root: labelled("another root"),
        ..at.statement(at.model.size())
    };
    json!({
        "format": "dispatch-d/1 evidence",
        "genesis": at.blocks[0],
        "first": at.checkpoint(),
        "second": checkpoint_by(&shown, at.server),
    })
}
