//! Faults that only a restart, or a look into the server's files and its log, brings to light. They are tried on a control
//! server that runs as a process of its own.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new(
        "SUB-2",
        "answers when it has an entry in memory, and writes twenty times a second",
    )
    .spreading("what was lost is missing from the chain in every case that kills")
    .spawned(),
    Fault::new(
        "SUB-2/behind",
        "writes an entry when the next one comes, for the sake of batches",
    )
    .spreading("what was lost is missing from the chain in every case that kills")
    .spawned(),
    Fault::new(
        "SUB-5",
        "answers when it has written a block, and refuses by what it is still writing",
    )
    .spreading("whoever is sent something else meanwhile is sent what is still being written, too")
    .spawned(),
    Fault::new(
        "SYNC-3",
        "sends a block to readers while it is being written, and answers when it has been",
    )
.spreading("a block that was sent and lost is missed under a checkpoint, too")
    .spawned(),
    Fault::new(
        "CHECK-14",
        "signs a checkpoint over blocks that are still being written",
    )
.spreading("what was sent and covered is held against the chain in one case")
    .spawned(),
    Fault::new(
        "CHAIN-7/restart",
        "gives its blocks the time at which it loads them",
    )
    .spreading("clients come back with what the server no longer has, in every case that kills")
    .spawned(),
    Fault::new(
        "ENTRY-5/restart",
        "remembers in memory which entries it has already",
    )
    .spreading("what was not answered before a kill is offered again, in every case that kills amid appends")
    .spawned(),
    Fault::new("ENTRY-4/restart", "counts entries in memory")
        .spreading("every case that kills goes on with its authors' numbers")
        .spawned(),
    Fault::new(
        "ENTRY-8/restart",
        "remembers in memory how far an author had seen",
    )
    .spawned(),
    Fault::new(
        "CHECK-5/restart",
        "shows the founding's checkpoint after a restart, until somebody writes",
    )
    .spawned(),
    Fault::new(
        "CHECK-15/restart",
        "signs its checkpoint anew at a start, with the time of the last block",
    )
    .spawned(),
    Fault::new(
        "SESS-4/restart",
        "keeps tokens in a file, without their end",
    )
    .spreading("a file of tokens holds tokens, and not only their hashes")
    .spawned(),
    Fault::new(
        "SESS-7/restart",
        "keeps tokens in a file, and does not strike out those of a removed member",
    )
    .spreading("a file of tokens holds tokens, and not only their hashes")
    .spawned(),
    Fault::new(
        "SESS-12/restart",
        "gives the sessions that it kept a whole life anew",
    )
    .spreading("a file of tokens holds tokens, and not only their hashes")
    .spawned(),
    Fault::new(
        "JOIN-21",
        "keeps challenges in a file, and takes them after a restart",
    )
    .spawned(),
    Fault::new(
        "JOIN-8/configured",
        "gives challenges three seconds, whatever is configured",
    )
    .spawned(),
    Fault::new(
        "JOIN-18/configured",
        "gives sessions six hours, whatever is configured",
    )
    .spreading("a case about an expired token configures a second, and sees that it lasts longer")
    .spawned(),
    Fault::new("WS-9", "ends at once when it is asked to stop")
.spreading("a request that waits is told as little as a socket").spawned(),
    Fault::new("SESS-16", "logs each frame that comes").spawned(),
    Fault::new("SESS-9", "keeps the tokens themselves").spawned(),
    Fault::new("KEY-6", "logs its configuration at the start, keys and all").spawned(),
    Fault::new(
        "ERR-4",
        "prints the session in the detail of a refused submit, as bytes",
    ),
    Fault::new(
        "RED-5",
        "takes a redacted ciphertext out of its memory and not out of its file",
    )
    .spawned(),
    Fault::new(
        "RED-5/behind",
        "clears redacted ciphertexts out of its file a second later, and forgets to if it is killed before",
    )
    .spawned(),
    Fault::new(
        "ENC-18",
        "keeps an index for searching, with keys that members left with it",
    )
    .spawned(),
    Fault::new(
        "ENC-18/log",
        "logs what is said, with keys that members left with it",
    )
    .spawned(),
];
