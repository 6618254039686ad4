//! Requirements on a server that have no fault, and why.

/// Ids and reasons. Untestable ones and clients' need no line here.
pub const EXEMPT: &[(&str, &str)] = &[
    ("ENC-4", "a server neither seals nor opens"),
    ("ENTRY-12", "a permission: there is nothing to break"),
    ("ERR-7", "a permission: there is nothing to break"),
    (
        "ERR-8",
        "a permission: what it excepts is broken by JOIN-4/order, ENTRY-1/body and ERR-6",
    ),
    ("LIM-7", "a permission: there is nothing to break"),
    ("SESS-10", "a permission: there is nothing to break"),
];
