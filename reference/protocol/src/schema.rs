//! The parts of the JSON Schemas that the types do not show by themselves.

use schemars::{Schema, SchemaGenerator, json_schema};

const BYTES: &str = "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?$";

/// A public key: the SubjectPublicKeyInfo of 2048 bits has 294 bytes, that of 4096 has 550.
pub(crate) fn public_key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "An RSA public key: the DER SubjectPublicKeyInfo as canonical unpadded base64url.",
        "pattern": BYTES, "minLength": 392, "maxLength": 734,
    })
}

/// A list of public keys.
pub(crate) fn public_keys(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "array", "items": public_key(generator)})
}

/// A ciphertext: 144 to 65536 bytes.
pub(crate) fn ciphertext(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "A ciphertext with its tag of 16 bytes, as canonical unpadded base64url.",
        "pattern": BYTES, "minLength": 192, "maxLength": 87382,
    })
}
