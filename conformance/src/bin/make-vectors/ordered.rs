//! JSON text whose members stand in the order of the specification's tables.
//!
//! The order is this module's alone, so that the files do not depend on how the JSON library keeps objects.

use serde_json::Value;

/// Known members in an order that suits every object of the protocol and the vectors. Others follow, sorted.
const ORDER: &[&str] = &[
    "format",
    "type",
    "id",
    "version",
    "versions",
    "origin",
    "public_key",
    "client_nonce",
    "session_ms",
    "have",
    "ref",
    "name",
    "role",
    "bits",
    "about",
    "requirements",
    "result",
    "code",
    "at",
    "detail",
    "retry_after",
    "flags",
    "effect",
    "default_in",
    "sources",
    "from",
    "to",
    "index",
    "prev",
    "token",
    "community",
    "server_nonce",
    "kind",
    "author",
    "seq",
    "seen",
    "sent_at",
    "expires_at",
    "size",
    "hash",
    "head",
    "root",
    "time",
    "entry",
    "body",
    "checkpoint",
    "authority",
    "server_key",
    "created_at",
    "add",
    "remove",
    "x25519",
    "x25519_private",
    "x25519_public",
    "commitment",
    "member",
    "wrap",
    "wraps",
    "epoch",
    "salt",
    "ciphertext_hash",
    "ciphertext",
    "reason",
    "genesis",
    "first",
    "second",
    "inclusion",
    "block_hash",
    "path",
    "frame_bytes",
    "ciphertext_bytes",
    "skew_ms",
    "challenge_ms",
    "checkpoint_ms",
    "limits",
    "transports",
    "text",
    "reply_to",
    "channel",
    "label",
    "fields",
    "signature",
    "groups",
    "tests",
];

/// The value as JSON text on indented lines, with a line feed at the end.
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(value, Some(0), &mut out);
    out.push('\n');
    out
}

/// The value as JSON text on one line.
pub fn compact(value: &Value) -> String {
    let mut out = String::new();
    write(value, None, &mut out);
    out
}

/// `indent` is the depth, where lines are broken.
fn write(value: &Value, indent: Option<usize>, out: &mut String) {
    match value {
        Value::Array(items) => {
            // Short lists of texts and numbers read better on one line.
            let scalar = items.iter().all(|i| !i.is_array() && !i.is_object());
            let short =
                scalar && items.iter().map(|i| i.to_string().len() + 2).sum::<usize>() <= 90;
            let inner = indent.filter(|_| !short);
            list(
                items.iter().map(|item| (None, item)),
                ('[', ']'),
                inner,
                short && indent.is_some(),
                out,
            );
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            let place = |name: &str| ORDER.iter().position(|o| *o == name).unwrap_or(ORDER.len());
            members.sort_by_key(|(name, _)| (place(name), *name));
            list(
                members.into_iter().map(|(n, v)| (Some(n.as_str()), v)),
                ('{', '}'),
                indent,
                false,
                out,
            );
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn list<'a>(
    items: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    (open, close): (char, char),
    indent: Option<usize>,
    spaced: bool,
    out: &mut String,
) {
    out.push(open);
    let mut any = false;
    for (name, value) in items {
        if any {
            out.push(',');
            if spaced {
                out.push(' ');
            }
        }
        any = true;
        line(indent.map(|i| i + 1), out);
        if let Some(name) = name {
            out.push_str(&Value::from(name).to_string());
            out.push_str(if indent.is_some() { ": " } else { ":" });
        }
        write(value, indent.map(|i| i + 1), out);
    }
    if any {
        line(indent, out);
    }
    out.push(close);
}

fn line(indent: Option<usize>, out: &mut String) {
    if let Some(indent) = indent {
        out.push('\n');
        out.push_str(&"  ".repeat(indent));
    }
}
