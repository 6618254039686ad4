//! The HTTP binding as OpenAPI 3.1 and the frames as AsyncAPI 3.0: `spec/openapi.json` and `spec/asyncapi.json`.
//!
//! Both are made of the types' schemas, of one [table] of the requests, and of a [conversation](Conversation) that was
//! really held. They describe the chapters and settle nothing: where they differ, the chapter is right. Not for routes:
//! a server has its own, and its tests hold it against what is written here.
//!
//! utoipa, which the field would name first, derives schemas of its own by a second set of annotations, asserts nothing of
//! values by hand-written `Serialize`, and makes no AsyncAPI. schemars' schemas exist, are tested against the vectors, and serve both.

mod asyncapi;
mod components;
mod conversation;
mod openapi;
mod table;

use serde_json::Value;

use crate::schemas::text;

pub use conversation::{Conversation, Unfit};

/// What both documents say of themselves.
const DESCRIPTION: &str = "dispatch-d/1: chat without a company. Accounts are RSA keys; messages are encrypted end to end, signed, and \
    appended to a hash chain that every member can check. The chapters of the specification are normative, and this \
    document describes them: ids such as HTTP-3 name their requirements. What a schema cannot say stands in schemas/README.md.";

/// The OpenAPI document.
pub fn openapi(examples: &Conversation) -> Value {
    openapi::document(examples)
}

/// The AsyncAPI document.
pub fn asyncapi(examples: &Conversation) -> Value {
    asyncapi::document(examples)
}

/// A document's text: members in a fixed order.
pub fn to_text(document: &Value) -> String {
    text::write(document)
}

/// What both documents say under `info`.
fn info(title: &str, more: &str) -> Value {
    serde_json::json!({
        "title": title,
        "version": "1",
        "description": format!("{DESCRIPTION}\n\n{more}"),
        "license": {"name": "MIT OR Apache-2.0", "url": "https://spdx.org/licenses/MIT.html"},
    })
}
