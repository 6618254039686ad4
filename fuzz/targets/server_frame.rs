//! A server's frame, as a client takes it: what decodes is written and decodes to the same value again, and the suite's codec
//! takes exactly what the reference takes.

#![no_main]

use dispatch_fuzz::{codec, is_deep};
use dispatch_protocol::wire::ServerFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let second = codec::frame::read_server(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(second.is_err(), "the suite's codec took what is not UTF-8");
        return;
    };
    match (ServerFrame::decode(text), second) {
        (Ok(Some(frame)), Ok(Some(_))) => {
            let again = ServerFrame::decode(&frame.to_text());
            assert!(again == Ok(Some(frame)), "{again:?}");
        }
        (Ok(None), Ok(None)) | (Err(_), Err(_)) => {}
        _ if is_deep(bytes) => {}
        (first, second) => panic!("they disagree: {first:?}, {second:?}"),
    }
});
