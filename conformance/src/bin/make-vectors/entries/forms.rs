//! Entries as they are submitted: their forms.

use super::{community, redactable};
use crate::file::{Test, invalid, valid};
use crate::keys::named;
use dispatch_conformance::codec::base64url::encode;
use serde_json::{Value, json};

pub(super) fn forms() -> Vec<Test> {
    let mut at = community();
    let (alice, bob) = (named("m01"), named("m02"));
    let (epoch, id) = at.epoch(alice, &[alice, bob], "forms");
    at.append(epoch.clone());
    let message = at.message(alice, &id, "Hello.");
    let redaction = redactable(&at, alice);
    let bad = |id: &str, about: &str, requirement, entry: Value| {
        invalid(id, about, &[requirement], "malformed")
            .flag("form")
            .with("entry", entry)
    };
    let set = |entry: &Value, path: &str, value: Value| {
        let mut entry = entry.clone();
        let (parent, name) = path.rsplit_once('/').expect("a path");
        entry.pointer_mut(parent).expect("the parent is there")[name] = value;
        entry
    };
    let drop = |entry: &Value, path: &str| {
        let mut entry = entry.clone();
        let (parent, name) = path.rsplit_once('/').expect("a path");
        entry
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("the parent is there")
            .remove(name);
        entry
    };
    vec![
        valid("entry-form-message", "the form of a message", &["CONV-4"])
            .with("entry", message.clone()),
        valid("entry-form-epoch", "the form of an epoch", &["CONV-4"]).with("entry", epoch.clone()),
        valid(
            "entry-form-short-signature",
            "a signature of any length has the right form",
            &["CONV-4", "SIG-2"],
        )
        .with("entry", set(&message, "/signature", "AAAA".into())),
        bad(
            "entry-form-no-ciphertext",
            "a submitted message without `ciphertext`",
            "MSG-6",
            drop(&message, "/body/ciphertext"),
        ),
        bad(
            "entry-form-no-signature",
            "no signature",
            "CONV-4",
            drop(&message, "/signature"),
        ),
        bad(
            "entry-form-no-seen",
            "no `seen`",
            "CONV-4",
            drop(&message, "/seen"),
        ),
        bad(
            "entry-form-no-body",
            "no body",
            "CONV-4",
            drop(&message, "/body"),
        ),
        bad(
            "entry-form-unknown-member",
            "an unknown member",
            "CONV-3",
            set(&message, "/edited", true.into()),
        ),
        bad(
            "entry-form-unknown-in-body",
            "an unknown member of the body",
            "CONV-3",
            set(&message, "/body/text", "Hello.".into()),
        ),
        bad(
            "entry-form-body-of-another-kind",
            "a message under the kind `card`",
            "CONV-3",
            set(&message, "/kind", "card".into()),
        ),
        bad(
            "entry-form-salt-12",
            "a salt of 12 bytes",
            "CONV-14",
            set(&message, "/body/salt", encode(&[1; 12]).into()),
        ),
        bad(
            "entry-form-id-short",
            "an epoch's id of 31 bytes",
            "CONV-14",
            set(&message, "/body/epoch", encode(&[1; 31]).into()),
        ),
        bad(
            "entry-form-wrap-79",
            "a wrap of 79 bytes",
            "CONV-14",
            set(&epoch, "/body/wraps/0/wrap", encode(&[1; 79]).into()),
        ),
        bad(
            "entry-form-wraps-object",
            "`wraps` as an object",
            "CONV-4",
            set(&epoch, "/body/wraps", json!({})),
        ),
        bad("entry-form-padded", "an id with padding", "CONV-13", {
            let text = format!("{}=", message["author"].as_str().expect("a text"));
            set(&message, "/author", text.into())
        }),
        bad(
            "entry-form-seq-text",
            "`seq` as a text",
            "CONV-4",
            set(&message, "/seq", "3".into()),
        ),
        bad(
            "entry-form-index-negative",
            "a negative index",
            "CONV-12",
            set(&redaction, "/body/index", json!(-1)),
        ),
        bad(
            "entry-form-reason-513",
            "a reason of 513 bytes",
            "CONV-16",
            set(&redaction, "/body/reason", "x".repeat(513).into()),
        ),
        invalid(
            "entry-form-unknown-kind",
            "a kind that is not one of the seven",
            &["ENTRY-1"],
            "unknown_kind",
        )
        .flag("form")
        .with("entry", set(&message, "/kind", "reaction".into())),
        invalid(
            "entry-form-kind-other-case",
            "`Message`",
            &["ENTRY-1"],
            "unknown_kind",
        )
        .flag("form")
        .with("entry", set(&message, "/kind", "Message".into())),
    ]
}
