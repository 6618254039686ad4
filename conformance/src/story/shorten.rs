//! Frames made short enough to read in a timeline.

use serde_json::Value;

const TEXT: usize = 24;
const ITEMS: usize = 2;
const WHOLE: usize = 600;

/// A value on one line: long texts and lists are cut, and say how long they were.
pub fn value(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    cut(&out, WHOLE)
}

/// A message's text: as a frame where it is JSON, else its beginning.
pub fn text(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(frame @ Value::Object(_)) => value(&frame),
        _ => cut(&format!("{text:?}"), 120),
    }
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) if text.chars().count() > TEXT + 12 && !text.contains(' ') => {
            let start: String = text.chars().take(TEXT / 2).collect();
            out.push_str(&format!("\"{start}…\"({})", text.len()));
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().take(ITEMS).enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            if items.len() > ITEMS {
                out.push_str(&format!(", … {} in all", items.len()));
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (place, (name, member)) in members.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                out.push_str(name);
                out.push_str(": ");
                write(member, out);
            }
            out.push('}');
        }
        other => out.push_str(&cut(&other.to_string(), 200)),
    }
}

fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_bytes_and_lists_say_how_long_they_were() {
        let frame = json!({"type": "welcome", "token": "A".repeat(342), "list": [1, 2, 3, 4]});
        assert_eq!(
            value(&frame),
            "{type: \"welcome\", token: \"AAAAAAAAAAAA…\"(342), list: [1, 2, … 4 in all]}"
        );
    }

    #[test]
    fn a_detail_for_people_stays_whole() {
        let frame = json!({"detail": "the signature is not by the account of the hello"});
        assert!(value(&frame).contains("account of the hello"));
    }

    #[test]
    fn what_is_no_frame_is_quoted_and_cut() {
        assert_eq!(text("[]"), "\"[]\"");
        assert!(text(&"x".repeat(5000)).len() < 200);
    }
}
