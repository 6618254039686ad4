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
    )
    .spreading("no case of a transport that is not there can be played"),
    Fault::new(
        "DISC-3/limits",
        "advertises the default challenge_ms and enforces its own",
    ),
    Fault::new(
        "DISC-3/frame",
        "advertises a frame_bytes greater than the one that it enforces",
    )
    .spreading("cases of the bound itself go by the one that is advertised"),
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
    )
    .spreading("every accepted entry shows it"),
    Fault::new("WS-2", "reads a binary message as if it were text")
        .spreading("a case about the length of binary messages has a short one refused"),
    Fault::new(
        "WS-2/close",
        "closes the connection with 1003 at a binary message",
    )
    .spreading("a case about refusals goes on after a binary message"),
    Fault::new("WS-3", "takes each fragment for a message")
        .spreading("a case that sends a frame in fragments to show something else"),
    Fault::new(
        "WS-3/ping",
        "forgets the fragments so far when a ping comes between them",
    ),
    Fault::new(
        "WS-3/reads",
        "takes for granted that a frame's first two bytes come in one read",
    ),
    Fault::new("WS-4", "does not answer pings")
        .spreading("a bystander of a flood of pings is pinged itself"),
    Fault::new("WS-4/empty", "answers pings with empty pongs")
        .spreading("a bystander of a flood of pings is pinged itself"),
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
    Fault::new("WS-7", "agrees to permessage-deflate")
        .spreading("frames with the extension's bit are no longer broken"),
    Fault::new(
        "WS-7/subprotocol",
        "agrees to the first subprotocol that is offered",
    ),
    Fault::new("WS-10", "leaves the connection open after a bye")
        .spreading("cases that wait for a connection's end wait in vain"),
    Fault::new("WS-10/code", "closes with 1000 after a bye")
        .spreading("cases that wait for a connection's end look at its close code"),
    Fault::new(
        "WS-11",
        "ends the connection of a client that breaks RFC 6455 with 1000",
    ),
    Fault::new("WS-11/reserved", "does not look at the reserved bits"),
    Fault::new("WS-11/unmasked", "takes frames without a mask"),
    Fault::new("WS-11/control-length", "takes control frames of any length"),
    Fault::new(
        "WS-11/control-in-parts",
        "takes control frames in fragments",
    ),
    Fault::new(
        "WS-11/continuation",
        "takes a continuation of nothing for a message",
    ),
    Fault::new(
        "WS-11/begins",
        "lets a message begin in the midst of another",
    ),
    Fault::new(
        "WS-11/opcode",
        "ignores frames of an opcode that it does not know",
    ),
    Fault::new("ERR-1", "ignores what it does not accept")
        .spreading("every case with a refusal sees none"),
    Fault::new(
        "ERR-1/close",
        "closes the connection where a refusal is due",
    )
    .spreading("every case with a refusal loses its connection"),
    Fault::new("ERR-2", "has its own word for bad_signature and bad_proof")
        .spreading("every case of a signature that is refused sees another code"),
    Fault::new(
        "ERR-2/bye",
        "refuses a removed member's next frame with `removed` instead of saying bye",
    )
    .spreading("cases of the roster and of returned members see a removal by its `bye`"),
    Fault::new(
        "ERR-2/farewell",
        "says `shutting_down` to a client that closes",
    ),
    Fault::new("ERR-3", "closes the connection after a refusal")
        .spreading("every case that goes on after a refusal loses its connection"),
    Fault::new("ERR-6", "answers an unknown frame with malformed").spreading(
        "cases of other rules use an unknown frame as one that is well-formed and refused",
    ),
    Fault::new("ERR-6/ignored", "ignores an unknown frame").spreading(
        "cases of other rules use an unknown frame as one that is well-formed and refused",
    ),
    Fault::new(
        "ERR-6/server",
        "takes a server's frame from a client for an unexpected one",
    ),
    Fault::new("ERR-9", "leaves the detail of its refusals empty"),
    Fault::new("LIM-1", "refuses a frame of exactly frame_bytes")
        .spreading("cases of the bound show first that a frame of exactly so many bytes is read"),
    Fault::new(
        "LIM-1/default",
        "keeps its WebSocket library's limit of 64 KiB",
    )
    .spreading("cases with large frames lose their connection"),
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
    )
    .spreading("a case about fragments sends the longest ciphertext that is allowed"),
    Fault::new(
        "LIM-3/exact",
        "refuses a ciphertext of exactly the limit, which only some limits let anyone write",
    )
    .spawned(),
    Fault::new(
        "LIM-3/configured",
        "holds ciphertexts against 64 KiB, whatever is configured",
    )
    .spawned(),
    Fault::new("LIM-4", "takes any number of wraps"),
    Fault::new("LIM-4/share", "counts an epoch's wraps and not a share's"),
    Fault::new("LIM-4/exact", "refuses as many wraps as the limit, too"),
    Fault::new("LIM-5", "advertises a frame_bytes beyond the bounds")
        .spreading("cases of the bound itself go by the one that is advertised"),
    Fault::new("LIM-5/zero", "advertises 0 where it has no limit")
        .spreading("cases that go by the limit have none to go by"),
    Fault::new(
        "LIM-10",
        "advertises a frame_bytes that its largest epoch does not fit",
    )
    .spreading("cases of the bound itself go by the one that is advertised"),
    Fault::new(
        "LIM-11",
        "reads a frame to its end before it serves anybody else",
    ),
    Fault::new(
        "LIM-11/opening",
        "reads a request to its end before it accepts the next connection",
    ),
    Fault::new(
        "LIM-11/accept",
        "ends its accept loop with an error of one connection",
    )
    .spreading("a server that accepts no more fails every case that begins later"),
    Fault::new(
        "LIM-11/pongs",
        "sends pongs under the lock that everybody needs",
    ),
    Fault::new(
        "LIM-11/unread",
        "sends blocks under the lock that everybody needs",
    )
    .spreading("a case about a removed reader who lags is held up by it"),
    Fault::new(
        "LIM-12",
        "has room for 256 challenges, and forgets the oldest",
    ),
    Fault::new(
        "LIM-12/sockets",
        "has room for 512 sockets, and refuses more",
    ),
];
