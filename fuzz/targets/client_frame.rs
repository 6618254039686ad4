//! A client's frame, as a server takes it: what decodes is written and decodes to the same value again, and the suite's codec
//! takes exactly what the reference takes.

#![no_main]

use dispatch_fuzz::{WIDE, codec};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::wire::ClientFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let second = codec::frame::read_client(bytes);
    // [CONV-7] What is not UTF-8 is no text, and comes to no decoder of the reference.
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(second.is_err(), "the suite's codec took what is not UTF-8");
        return;
    };
    let first = ClientFrame::decode(text, &WIDE);
    match (&first, &second) {
        (Ok(frame), Ok(value)) => {
            let written = serde_json::to_value(frame).expect("a frame is written");
            assert_eq!(written, *value, "the two read another value");
            let again = ClientFrame::decode(&written.to_string(), &WIDE);
            assert!(again.as_ref() == Ok(frame), "{again:?}");
        }
        (Err(_), Err(_)) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
    // The limits that a server advertises take away, and add nothing.
    if let Ok(narrow) = ClientFrame::decode(text, &Limits::default()) {
        assert!(first.as_ref() == Ok(&narrow));
    }
});
