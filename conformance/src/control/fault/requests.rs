//! Faults against the binding over HTTP, long-polling and server-sent events.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new("HTTP-1", "has not got to the checkpoint's path yet")
        .spreading("cases of other rules ask for a checkpoint, which costs least"),
    Fault::new(
        "HTTP-1/ref",
        "answers an entry as it would on a socket, with a ref",
    ),
    Fault::new(
        "HTTP-1/proofs",
        "proves by the tree of all blocks, whatever size was asked for",
    ),
    Fault::new(
        "HTTP-2",
        "takes any request for one of the newest session's",
    )
    .spreading("requests are taken for another session's, and entries for another author's"),
    Fault::new(
        "HTTP-2/over",
        "finds a token's session and does not look whether it is over",
    )
    .spreading("cases about the end of a session ask whether its token is still good"),
    Fault::new(
        "HTTP-2/scheme",
        "compares the scheme's letters with regard to case",
    ),
    Fault::new("HTTP-3", "answers every refusal with status 400")
        .spreading("refusals of every kind have the wrong status"),
    Fault::new("HTTP-3/urn", "leaves a problem's type at about:blank"),
    Fault::new("HTTP-3/media", "sends problems as application/json"),
    Fault::new("HTTP-4", "takes 0 for a parameter that is missing"),
    Fault::new(
        "HTTP-4/unknown",
        "does not look at parameters that it does not know",
    ),
    Fault::new(
        "HTTP-4/repeated",
        "takes the first of two parameters of one name",
    ),
    Fault::new(
        "HTTP-4/number",
        "reads numbers as its library does, with signs and zeros in front",
    )
    .spreading("an event's id is a number, too"),
    Fault::new(
        "HTTP-4/bounds",
        "brings a limit or a wait into its bounds by itself",
    ),
    Fault::new(
        "HTTP-5",
        "sends as many blocks as a frame holds, whatever the limit",
    ),
    Fault::new("HTTP-6", "waits for blocks far beyond the chain's end")
        .spreading("a case about removal sees first that the index is beyond the end"),
    Fault::new(
        "HTTP-6/none",
        "takes the index behind the last block for one that is not there",
    ),
    Fault::new(
        "HTTP-7",
        "proves by the chain that there is, whatever size was asked for",
    ),
    Fault::new(
        "HTTP-7/zero",
        "proves that anything extends nothing, by an empty path",
    ),
    Fault::new("HTTP-8", "does not look at a body's type"),
    Fault::new("HTTP-9", "does not look at a body's encoding"),
    Fault::new("HTTP-10", "says nothing of caches"),
    Fault::new(
        "HTTP-11",
        "lets caches hand out blocks for a minute without asking",
    ),
    Fault::new("HTTP-12", "says nothing to pages, its own included"),
    Fault::new(
        "HTTP-12/any",
        "lets every page read, by repeating its origin",
    ),
    Fault::new("HTTP-12/headers", "lets pages read, and not send a token"),
    Fault::new("HTTP-13", "does not say how to come with a token"),
    Fault::new(
        "HTTP-19",
        "compresses whatever it answers to whoever takes that",
    ),
    Fault::new(
        "HTTP-19/weight",
        "compresses blocks for whoever names gzip, be it to say that they do not take it",
    ),
    Fault::new(
        "HTTP-20",
        "makes the tag of blocks from what was asked for alone",
    ),
    Fault::new(
        "HTTP-14",
        "answers a method that there is not as a path that there is not",
    ),
    Fault::new(
        "HTTP-14/allow",
        "does not say which method there is instead",
    ),
    Fault::new("HTTP-15", "takes no parameter of a body's type"),
    Fault::new("HTTP-15/case", "compares a body's type with regard to case"),
    Fault::new(
        "HTTP-16",
        "takes whatever frame comes to the path of another",
    ),
    Fault::new("HTTP-17", "lets bodies be longer than frames"),
    Fault::new("HTTP-17/exact", "refuses a body as long as the limit"),
    Fault::new("HTTP-18", "ends without a word to the requests that wait").spawned(),
    Fault::new("POLL-1", "looks for blocks once the wait is over")
        .spreading("a case about bounds asks for blocks that there are, with the longest wait"),
    Fault::new("POLL-2", "waits on where no block comes"),
    Fault::new("POLL-2/refused", "refuses where no block comes")
        .spreading("a case about the chain's end asks for what is not there yet"),
    Fault::new(
        "POLL-3",
        "answers a request whose session has ended with an empty list",
    ),
    Fault::new("SSE-1", "begins a stream at the chain's end")
        .spreading("nothing that was there before comes with an id"),
    Fault::new("SSE-2", "gives an event the index of its last block"),
    Fault::new("SSE-3", "does not look at Last-Event-ID")
        .spreading("a stream that was lost begins again elsewhere"),
    Fault::new(
        "SSE-3/from",
        "refuses a `from` beyond the chain's end, though Last-Event-ID says where to go on",
    )
    .spreading("a stream that was lost does not come back"),
    Fault::new(
        "SSE-4",
        "begins a stream with the checkpoint, before the blocks under it",
    ),
    Fault::new(
        "SSE-4/name",
        "leaves the events of checkpoints without their name",
    )
    .spreading("a case about ids waits for a checkpoint"),
    Fault::new("SSE-5", "ends a stream without a word"),
    Fault::new(
        "SSE-6",
        "begins at the chain's end where a request asks for more",
    ),
    Fault::new("SSE-7", "gives the events of checkpoints ids, too"),
];
