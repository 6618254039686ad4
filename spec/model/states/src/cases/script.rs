//! The file as a person would write it: a member a line, a step a line.

use std::io;

use serde::Serialize;
use serde_json::{Serializer, Value, ser::Formatter};

/// The text of a file of live vectors.
pub(super) fn file(about: &str, cases: &[Value]) -> String {
    let cases: Vec<String> = cases.iter().map(case).collect();
    format!(
        "{{\n  \"format\": \"dispatch-d/1 live vectors\",\n  \"about\": {},\n  \"cases\": [\n{}\n  ]\n}}\n",
        line(&Value::from(about)),
        cases.join(",\n")
    )
}

fn case(case: &Value) -> String {
    let members = case.as_object().into_iter().flatten();
    let members: Vec<String> = members
        .map(
            |(name, value)| match value.as_array().filter(|_| name == "steps") {
                Some(steps) => {
                    let steps = steps.iter().map(|step| format!("        {}", line(step)));
                    let steps: Vec<String> = steps.collect();
                    format!("      \"steps\": [\n{}\n      ]", steps.join(",\n"))
                }
                None => format!(
                    "      {}: {}",
                    line(&Value::from(name.as_str())),
                    line(value)
                ),
            },
        )
        .collect();
    format!("    {{\n{}\n    }}", members.join(",\n"))
}

/// JSON in one line, with a space behind each comma and colon.
fn line(value: &Value) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Spaced);
    // Neither a value nor memory can fail here.
    let _ = value.serialize(&mut serializer);
    String::from_utf8_lossy(&out).into_owned()
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}
