//! Faults in the chain and its checkpoints: spec/chain.md.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault::new(
        "CHAIN-1",
        "draws an index before it judges, as databases do, so that each refusal leaves a gap",
    )
    .spreading("a refusal before the case's entry makes a gap before its block"),
    Fault::new(
        "CHAIN-2",
        "links a block to the entry before it instead of the block",
    )
    .spreading("every chain of two blocks shows it"),
    Fault::new(
        "CHAIN-2/checkpoint",
        "links a block to the last one that a checkpoint covers",
    )
    .spreading("chains that grow beyond a checkpoint by two blocks show it"),
    Fault::new("CHAIN-3", "takes the author's sent_at for the block's time")
        .spreading("cases that read a chain of many writers see its times fall"),
    Fault::new(
        "CHAIN-3/clock",
        "believes a clock that steps back now and then",
    )
    .spreading("every fourth block is affected, whoever wrote it"),
    Fault::new(
        "CHAIN-5",
        "answers with the size of the chain instead of the index",
    )
    .spreading("every accepted entry shows it"),
    Fault::new(
        "CHAIN-5/id",
        "answers with the entry's id instead of the block's hash",
    )
    .spreading("every accepted entry shows it"),
    Fault::new(
        "CHAIN-5/next",
        "answers with the newest block's hash by the time of the answer",
    )
    .spreading("whoever gets a receipt while others write may see it"),
    Fault::new("CHAIN-6", "sets sent_at to its own clock")
        .spreading("no block's signature verifies"),
    Fault::new("CHAIN-6/sorted", "sorts the lists of an entry")
        .spreading("an entry with a list that is not in order has another signature then"),
    Fault::new("CHAIN-6/digits", "stores times in seconds")
        .spreading("no block's signature verifies"),
    Fault::new(
        "CHAIN-7",
        "replaces a stored entry by a repeat with another signature",
    ),
    Fault::new(
        "CHAIN-7/redaction",
        "removes a redacted message's salt, too",
    ),
    Fault::new(
        "CHAIN-7/seconds",
        "gives the blocks so far their time in whole seconds, as its table holds it",
    )
    .spreading("every join sees it"),
    Fault::new(
        "CHAIN-7/fork",
        "shows every second connection its own blocks, a millisecond later",
    )
    .spreading("every case with two connections may see it"),
    Fault::new(
        "TREE-1",
        "hashes leaves and nodes alike, without RFC 6962's prefixes",
    )
    .spreading("every checkpoint shows it"),
    Fault::new(
        "TREE-1/twin",
        "pairs a last node that has no sibling with itself",
    )
    .spreading("every checkpoint of a size that is no power of two shows it"),
    Fault::new(
        "CHECK-1",
        "signs checkpoints with another key than that of genesis",
    )
    .spreading("every welcome carries a checkpoint"),
    Fault::new(
        "CHECK-1/time",
        "leaves the time out of a checkpoint's signature",
    )
    .spreading("every welcome carries a checkpoint"),
    Fault::new(
        "CHECK-2",
        "signs the new size with the head of the checkpoint before",
    )
    .spreading("whoever holds a checkpoint against the chain sees it"),
    Fault::new(
        "CHECK-2/root",
        "signs the new size with the root of the checkpoint before",
    )
    .spreading("whoever holds a checkpoint against the chain sees it"),
    Fault::new("CHECK-3", "signs when a hundred blocks have come together")
        .spreading("cases that wait for a checkpoint wait in vain"),
    Fault::new(
        "CHECK-3/late",
        "signs three times more seldom than it advertises",
    )
    .spreading("cases about welcomes wait for a checkpoint"),
    Fault::new("CHECK-4", "shows checkpoints in welcomes alone")
        .spreading("cases that wait for a checkpoint on a connection wait in vain"),
    Fault::new(
        "CHECK-4/early",
        "sends a checkpoint before the blocks that it covers",
    )
    .spreading("whoever holds a checkpoint against the chain sees it"),
    Fault::new(
        "CHECK-5",
        "remembers the chain's size at the hello, and takes the checkpoint at the welcome",
    ),
    Fault::new(
        "CHECK-5/first",
        "puts the checkpoint of its start into every welcome",
    ),
    Fault::new(
        "CHECK-9",
        "gives a checkpoint the time at which it was last due",
    )
    .spreading("a case about checkpoints under load sees their times fall"),
    Fault::new("CHECK-15", "believes a clock that steps back now and then"),
];
