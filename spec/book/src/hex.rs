//! Bytes as a reader can take them in.

/// All of them, two digits each.
pub(crate) fn whole(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first and the last, where there are many.
pub(crate) fn short(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "nothing".to_owned(),
        1..=16 => whole(bytes),
        many => format!(
            "{}…{} ({many} bytes)",
            whole(&bytes[..8]),
            whole(&bytes[many - 4..])
        ),
    }
}
