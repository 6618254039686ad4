//! [CHAIN-6] [CONV-15] How an entry is stored: as it was submitted, unless a fault knows better.

use serde_json::Value;

use super::entry::Entry;
use super::fault::Faults;

/// The entry as its block holds it.
pub(super) fn stored(mut entry: Entry, now: u64, faults: &Faults) -> Entry {
    // The founder's own entries are as they are.
    if entry.seen.0 < 2 {
        return entry;
    }
    if faults.has("CHAIN-6") {
        entry.value["sent_at"] = now.into();
    }
    if faults.has("CHAIN-6/digits") {
        entry.value["sent_at"] = (entry.sent_at / 1000 * 1000).into();
    }
    if faults.has("CHAIN-6/sorted") {
        for list in ["add", "remove", "wraps"] {
            if let Some(Value::Array(items)) = entry.value["body"].get_mut(list) {
                items.sort_by_key(Value::to_string);
            }
        }
    }
    let reason = entry.value["body"]["reason"].as_str().unwrap_or_default();
    let changed = if faults.has("CONV-15/trim") {
        reason.trim().to_owned()
    } else if faults.has("CONV-15/nfc") {
        composed(reason)
    } else if faults.has("CONV-15/nul") {
        reason.split('\0').next().unwrap_or_default().to_owned()
    } else {
        return entry;
    };
    if entry.kind == "redaction" {
        entry.value["body"]["reason"] = changed.into();
    }
    entry
}

/// Letters with a combining accent behind them as one letter: the commonest part of Unicode's NFC.
fn composed(text: &str) -> String {
    const PAIRS: [(&str, &str); 12] = [
        ("e\u{301}", "é"),
        ("e\u{300}", "è"),
        ("a\u{301}", "á"),
        ("a\u{300}", "à"),
        ("a\u{308}", "ä"),
        ("o\u{308}", "ö"),
        ("u\u{308}", "ü"),
        ("n\u{303}", "ñ"),
        ("c\u{327}", "ç"),
        ("i\u{308}", "ï"),
        ("A\u{30a}", "Å"),
        ("\u{212b}", "Å"),
    ];
    PAIRS
        .iter()
        .fold(text.to_owned(), |text, (two, one)| text.replace(two, one))
}
