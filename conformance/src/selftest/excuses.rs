//! What null peers may pass, and why.

/// Cases that null peers may pass, and why.
pub const NULL_PASSES: &[(&str, &str)] = &[
    ("disc-community-is-the-hash", DOCUMENT),
    ("disc-document", DOCUMENT),
    ("disc-for-every-page", DOCUMENT),
    ("disc-limits-fit-each-other", DOCUMENT),
    ("disc-limits-in-bounds", DOCUMENT),
    ("key-server-is-not-authority", DOCUMENT),
];

const DOCUMENT: &str =
    "a null peer shows a true discovery document, so that a run gets as far as the sockets";
