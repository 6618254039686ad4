//! What clients are handed as a file, a link or a document: invitations, backups, evidence, discovery, proofs.

#![no_main]

use dispatch_fuzz::{codec, is_deep};
use dispatch_protocol::backup::{Backup, Contents};
use dispatch_protocol::chain::Block;
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::invitation::Invitation;
use dispatch_protocol::verify::Evidence;
use dispatch_protocol::wire::{Consistency, Discovery, Inclusion};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    backup(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    invitation(text);
    if !is_deep(bytes) {
        documents(text);
    }
});

fn backup(bytes: &[u8]) {
    match (Backup::decode(bytes), codec::backup::Backup::read(bytes)) {
        (Ok(first), Ok(second)) => {
            assert_eq!(&**first.sealed(), &*second.sealed);
            assert_eq!(u64::from(first.iterations()), second.iterations);
            assert!(Backup::decode(first.encode().as_bytes()).as_ref() == Ok(&first));
        }
        (Err(_), Err(_)) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
    // As if the seal had been opened: its maker may have been anybody.
    match (Contents::decode(bytes), codec::backup::read_contents(bytes)) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.private_key.public().id().as_bytes(), &second);
            let again = Contents::decode(&first.encode()).expect("what was read is written");
            assert_eq!(*again.encode(), *first.encode());
        }
        (Err(_), Err(_)) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
}

/// [INV-1]
fn invitation(text: &str) {
    match (
        Invitation::decode(text),
        codec::invitation::Invitation::read(text),
    ) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.origin(), second.origin);
            assert_eq!(first.community().as_bytes(), &second.community);
            assert_eq!(first.to_string(), text, "a link has one form");
        }
        (Err(_), Err(_)) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
}

fn documents(text: &str) {
    let value = codec::json::read_object(text.as_bytes(), codec::json::Rules::OPEN).ok();
    let second = |check: fn(&serde_json::Value) -> Result<(), codec::Verdict>| {
        value.as_ref().is_some_and(|value| check(value).is_ok())
    };
    let discovery = Discovery::decode(text);
    assert_eq!(
        discovery.is_ok(),
        second(codec::frame::check_discovery),
        "{discovery:?}"
    );
    let checkpoint = Checkpoint::decode(text);
    assert_eq!(
        checkpoint.is_ok(),
        second(codec::frame::check_checkpoint),
        "{checkpoint:?}"
    );
    if let Ok(evidence) = Evidence::decode(text) {
        // [EVID-1] A signature is long to verify, and as good as never met.
        let first = evidence.verify();
        let second = value.as_ref().map(codec::evidence::verify);
        let agree = second.is_some_and(|second| second.is_ok() == first.is_ok());
        assert!(agree, "they disagree: {first:?}");
    }
    for (decoded, written) in [
        (
            Block::decode(text).is_ok(),
            Block::decode(text)
                .ok()
                .map(|it| serde_json::to_string(&it)),
        ),
        (
            Inclusion::decode(text).is_ok(),
            Inclusion::decode(text)
                .ok()
                .map(|it| serde_json::to_string(&it)),
        ),
        (
            Consistency::decode(text).is_ok(),
            Consistency::decode(text)
                .ok()
                .map(|it| serde_json::to_string(&it)),
        ),
    ] {
        assert_eq!(decoded, written.is_some_and(|written| written.is_ok()));
    }
}
