//! Entries and blocks: two decoders agree on what is one, on its value, its id and its hash; what a store keeps of a body comes
//! back as it was.

#![no_main]

use dispatch_fuzz::{WIDE, codec, is_deep};
use dispatch_protocol::chain::Block;
use dispatch_protocol::entry::Entry;
use dispatch_server::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((kind, rest)) = bytes.split_first()
        && let Some((_, number, again)) = fuzzing::record(*kind, rest)
    {
        assert_eq!((number, &*again), (*kind, rest), "the store's own form");
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    submitted(text);
    block(text);
});

fn submitted(text: &str) {
    let second = codec::json::read_object(text.as_bytes(), codec::json::Rules::FRAME)
        .and_then(|value| codec::frame::check_submitted(&value).map(|()| value));
    match (Entry::decode(text, &WIDE), second) {
        (Ok(entry), Ok(value)) => {
            let written = serde_json::to_value(&entry).expect("an entry is written");
            assert_eq!(written, value, "the two read another value");
            let id = codec::entry::id(&value).expect("what has the form has a tuple");
            assert_eq!(entry.id().as_bytes(), &id, "the two make another id");
            let again = Entry::decode(&written.to_string(), &WIDE);
            assert!(again == Ok(entry), "{again:?}");
        }
        (Err(_), Err(_)) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
}

fn block(text: &str) {
    let second = codec::json::read_object(text.as_bytes(), codec::json::Rules::OPEN)
        .and_then(|value| codec::frame::check_block(&value).map(|()| value));
    match (Block::decode(text), second) {
        (Ok(block), Ok(value)) => {
            let hash = codec::block::hash(&value).expect("what has the form has a tuple");
            assert_eq!(block.hash().as_bytes(), &hash, "the two make another hash");
            let written = serde_json::to_string(&block).expect("a block is written");
            assert!(Block::decode(&written) == Ok(block));
        }
        (Err(_), Err(_)) => {}
        _ if is_deep(text.as_bytes()) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
}
