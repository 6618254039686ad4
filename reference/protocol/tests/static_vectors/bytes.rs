//! Bytes, JSON, tuples, keys, signatures, cards.

use data_encoding::HEXLOWER;
use dispatch_protocol::bytes::{Bytes, BytesError, Hash, Salt, Wrap};
use dispatch_protocol::key::{Card, PublicKey};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::tuple::{Label, Tuple};
use dispatch_protocol::wire::{ClientFrame, ServerFrame};
use serde_json::Value;

use crate::vector::{Outcome, Vector, code, refused};

pub fn texts(test: &Vector, _: &Vector) -> Outcome {
    let text = test.text("text");
    let decoded: Result<Vec<u8>, BytesError> =
        match test.find("length").map(|length| length.as_u64().unwrap()) {
            None => Bytes::decode(text).map(Bytes::into_vec),
            Some(16) => Salt::decode(text).map(|salt| salt.as_bytes().to_vec()),
            Some(32) => Hash::decode(text).map(|hash| hash.as_bytes().to_vec()),
            Some(80) => Wrap::decode(text).map(|wrap| wrap.as_bytes().to_vec()),
            Some(other) => panic!("no member has {other} bytes"),
        };
    let bytes = decoded.map_err(|error| (String::from("malformed"), error.to_string()))?;
    assert_eq!(HEXLOWER.encode(&bytes), test.text("bytes"));
    Ok(())
}

pub fn client_frames(test: &Vector, _: &Vector) -> Outcome {
    let frame = test.bytes("frame");
    let text = std::str::from_utf8(&frame).map_err(|_| code("malformed"))?;
    let frame = ClientFrame::decode(text, &Limits::default())
        .map_err(|rejected| refused(rejected.refusal))?;
    // what was read is what would be written
    let written = serde_json::to_value(&frame).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    Ok(())
}

pub fn server_frames(test: &Vector, _: &Vector) -> Outcome {
    let frame = test.bytes("frame");
    let frame = ServerFrame::decode(std::str::from_utf8(&frame).unwrap()).map_err(refused)?;
    assert_eq!(frame.is_none(), test.value("ignored").as_bool().unwrap());
    Ok(())
}

pub fn public_keys(test: &Vector, _: &Vector) -> Outcome {
    let key = PublicKey::parse(&test.bytes("der")).map_err(refused)?;
    assert_eq!(key.id(), test.id("account"));
    assert_eq!(key.modulus_bytes() as u64 * 8, test.uint("bits"));
    Ok(())
}

pub fn signatures(test: &Vector, _: &Vector) -> Outcome {
    test.key("public_key")
        .verify(&test.bytes("message"), &test.bytes("signature"))
        .map_err(|error| (String::from("bad_signature"), error.to_string()))
}

pub fn tuples(test: &Vector, _: &Vector) -> Outcome {
    let label = Label::ALL
        .into_iter()
        .find(|label| label.as_str() == test.text("label"))
        .expect("a label of the registry");
    let mut tuple = Tuple::new(label);
    for field in test.value("fields").as_array().unwrap() {
        let (form, value) = field.as_object().unwrap().iter().next().unwrap();
        let bytes = |value: &Value| Bytes::decode(value.as_str().unwrap()).unwrap();
        tuple = match form.as_str() {
            "bytes" => tuple.bytes(bytes(value)),
            "text" => tuple.text(value.as_str().unwrap()),
            "uint" => tuple.uint(value.as_u64().unwrap()),
            "list" => tuple.list(value.as_array().unwrap().iter().map(bytes)),
            other => panic!("a field of the form {other}"),
        };
    }
    let encoded = tuple.finish();
    test.same("encoded", &encoded);
    assert_eq!(Hash::of(&encoded), test.hash("hash"));
    Ok(())
}

pub fn cards(test: &Vector, _: &Vector) -> Outcome {
    let card = Card::decode(test.text("x25519")).unwrap();
    card.check().map_err(refused)
}
