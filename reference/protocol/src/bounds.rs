//! What the JSON Schemas state of members beyond their types. Not for whole documents: see [`schemas`](crate::schemas).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::json::GREATEST_INTEGER;
use crate::refusal::Code;

const BYTES: &str =
    "^([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]|[A-Za-z0-9_-][AQgw])?$";

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

/// A signature: as long as the signer's modulus, 256 to 512 bytes.
pub(crate) fn signature(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "An RSASSA-PSS signature, as long as the signer's modulus, as canonical unpadded base64url.",
        "pattern": BYTES, "minLength": 342, "maxLength": 683,
    })
}

/// A span of time, in milliseconds.
pub(crate) fn milliseconds(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "minimum": 0, "maximum": GREATEST_INTEGER})
}

/// The session's life that a `hello` asks for.
pub(crate) fn session_ms(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "minimum": 1000, "maximum": GREATEST_INTEGER})
}

/// The codes that have an HTTP status: those that are said by `refused`.
pub(crate) fn http_code(_: &mut SchemaGenerator) -> Schema {
    codes(|code| code.http_status().is_some())
}

/// The codes that are said by `bye`.
pub(crate) fn bye_code(_: &mut SchemaGenerator) -> Schema {
    codes(|code| code.close_code().is_some())
}

fn codes(said: impl Fn(&Code) -> bool) -> Schema {
    let codes: Vec<_> = Code::ALL
        .iter()
        .copied()
        .filter(said)
        .map(Code::as_str)
        .collect();
    json_schema!({"type": "string", "enum": codes})
}

/// A member that may be left out, but is never null.
pub(crate) fn present<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A plaintext's channel.
pub(crate) fn channel(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 64})
}

/// The mark of a backup.
pub(crate) fn backup_format(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "const": "dispatch-d/1 backup"})
}

/// A backup's contents under their seal: at least the tag of 16 bytes.
pub(crate) fn sealed(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "The contents and the tag of 16 bytes, as canonical unpadded base64url.",
        "pattern": BYTES, "minLength": 22,
    })
}

/// The mark of a file of evidence.
pub(crate) fn evidence_format(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "const": "dispatch-d/1 evidence"})
}
