//! A schema, or a document that holds some, as text: the same in every build, with what a reader looks for first at its beginning.
//!
//! serde_json writes members by name or as they came, as the whole program's features say; a committed file needs one order.

use serde_json::Value;

/// Keywords in the order in which they are written; others come between these two groups, by name.
const FIRST: [&str; 10] = [
    "openapi",
    "asyncapi",
    "info",
    "$schema",
    "$id",
    "title",
    "description",
    "type",
    "const",
    "enum",
];
const LAST: [&str; 7] = [
    "properties",
    "required",
    "additionalProperties",
    "oneOf",
    "allOf",
    "$defs",
    "components",
];

/// Writes a schema or such a document, indented by two spaces, with a line break at its end.
pub(crate) fn write(schema: &Value) -> String {
    let mut text = String::new();
    value(&mut text, schema, 0);
    text.push('\n');
    text
}

fn value(text: &mut String, schema: &Value, depth: usize) {
    match schema {
        Value::Object(members) if !members.is_empty() => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort_by_key(|name| (rank(name), name.as_str()));
            list(text, ['{', '}'], depth, names, |text, name| {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(": ");
                value(text, &members[name], depth + 1);
            });
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            list(
                text,
                ['[', ']'],
                depth,
                items.iter().collect(),
                |text, item| {
                    value(text, item, depth + 1);
                },
            );
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(Value::to_string).collect();
            text.push_str(&format!("[{}]", items.join(", ")));
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn list<'s, T>(
    text: &mut String,
    [open, close]: [char; 2],
    depth: usize,
    items: Vec<&'s T>,
    mut write: impl FnMut(&mut String, &'s T),
) {
    text.push(open);
    for (place, item) in items.into_iter().enumerate() {
        text.push_str(if place == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        write(text, item);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn rank(name: &str) -> usize {
    let at = |group: &[&str]| group.iter().position(|known| *known == name);
    match (at(&FIRST), at(&LAST)) {
        (Some(place), _) => place,
        (_, Some(place)) => FIRST.len() + 1 + place,
        _ => FIRST.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_begins_with_what_it_is_and_reads_back_as_itself() {
        let schema = json!({
            "$defs": {}, "required": ["b", "a"], "minimum": 0, "title": "T\n",
            "properties": {"b": {"type": "string"}, "a": true}, "oneOf": [{"const": 1}],
        });
        let text = write(&schema);
        assert_eq!(
            text,
            r#"{
  "title": "T\n",
  "minimum": 0,
  "properties": {
    "a": true,
    "b": {
      "type": "string"
    }
  },
  "required": ["b", "a"],
  "oneOf": [
    {
      "const": 1
    }
  ],
  "$defs": {}
}
"#
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), schema);
    }
}
