//! Faults of the transport, of refusals and limits: spec/transports.md and spec/errors.md.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new("DISC-1", "asks for a token before it shows the document")
        .spreading("nothing begins without the document"),
    Fault::new("DISC-1/type", "serves the document as text/plain"),
    Fault::new("DISC-2", "shows the genesis entry's id as community")
        .spreading("no welcome is of the community that the document names"),
    Fault::new(
        "DISC-2/genesis",
        "shows a genesis whose time is that of the request",
    )
    .spreading("no chain begins with the genesis that the document shows"),
    Fault::new(
        "DISC-3/transports",
        "lists transports that it does not offer",
    ),
    Fault::new(
        "DISC-3/limits",
        "advertises the default challenge_ms and enforces its own",
    ),
    Fault::new(
        "DISC-3/frame",
        "advertises a frame_bytes greater than the one that it enforces",
    ),
    Fault::new(
        "DISC-4",
        "does not let pages of other origins read the document",
    ),
    Fault::new(
        "DISC-4/own",
        "lets pages of its own origin alone read the document",
    ),
    Fault::new("WS-1", "sends frames as binary messages")
        .spreading("no frame arrives as it should"),
    Fault::new(
        "WS-1/lines",
        "puts two frames into one message, a line each",
    ),
    Fault::new("WS-2", "reads a binary message as if it were text"),
    Fault::new(
        "WS-2/close",
        "closes the connection with 1003 at a binary message",
    ),
    Fault::new("WS-3", "takes each fragment for a message"),
    Fault::new("WS-4", "does not answer pings"),
    Fault::new("WS-4/empty", "answers pings with empty pongs"),
    Fault::new("WS-5", "does not look at the Origin header"),
    Fault::new(
        "WS-5/suffix",
        "asks that the Origin header ends with its host and port",
    ),
    Fault::new(
        "WS-5/prefix",
        "asks that the Origin header begins with its origin",
    ),
    Fault::new("WS-5/null", "takes the origin `null` for no origin"),
    Fault::new("WS-6", "asks for an Origin header").spreading("only browsers send one"),
    Fault::new("WS-7", "agrees to permessage-deflate"),
    Fault::new(
        "WS-7/subprotocol",
        "agrees to the first subprotocol that is offered",
    ),
    Fault::new("WS-10", "leaves the connection open after a bye"),
    Fault::new("WS-10/code", "closes with 1000 after a bye"),
    Fault::new("ERR-1", "ignores what it does not accept"),
    Fault::new(
        "ERR-1/close",
        "closes the connection where a refusal is due",
    ),
    Fault::new("ERR-2", "has its own word for bad_signature and bad_proof"),
    Fault::new(
        "ERR-2/bye",
        "refuses a removed member's next frame with `removed` instead of saying bye",
    ),
    Fault::new(
        "ERR-2/farewell",
        "says `shutting_down` to a client that closes",
    ),
    Fault::new("ERR-3", "closes the connection after a refusal"),
    Fault::new("ERR-6", "answers an unknown frame with malformed"),
    Fault::new("ERR-6/ignored", "ignores an unknown frame"),
    Fault::new(
        "ERR-6/server",
        "takes a server's frame from a client for an unexpected one",
    ),
    Fault::new("LIM-1", "refuses a frame of exactly frame_bytes"),
    Fault::new(
        "LIM-1/default",
        "keeps its WebSocket library's limit of 64 KiB",
    ),
    Fault::new("LIM-2", "has no limit"),
    Fault::new(
        "LIM-2/refused",
        "refuses a frame that is too long and goes on",
    ),
    Fault::new(
        "LIM-2/characters",
        "counts characters where bytes are meant",
    ),
    Fault::new(
        "LIM-2/fragments",
        "holds each fragment against the limit, and not their sum",
    ),
    Fault::new(
        "LIM-2/binary",
        "holds text messages alone against the limit",
    ),
    Fault::new("LIM-3", "takes ciphertexts of any length"),
    Fault::new(
        "LIM-3/code",
        "answers a ciphertext that is too long with bad_ciphertext",
    ),
    Fault::new(
        "LIM-3/letters",
        "holds the ciphertext's base64url text against the limit",
    ),
    Fault::new("LIM-4", "takes any number of wraps"),
    Fault::new("LIM-4/share", "counts an epoch's wraps and not a share's"),
    Fault::new("LIM-5", "advertises a frame_bytes beyond the bounds"),
    Fault::new("LIM-5/zero", "advertises 0 where it has no limit"),
    Fault::new(
        "LIM-10",
        "advertises a frame_bytes that its largest epoch does not fit",
    ),
];
