//! The report as JSON: the members of [`RunResult`], whose names and meanings stay as they are within one `format`.

use crate::result::RunResult;

/// The report's text.
pub fn render(result: &RunResult) -> String {
    // Every member is a number, a text, a list or an object with texts for names: that cannot fail.
    let mut text = serde_json::to_string_pretty(result).unwrap_or_default();
    text.push('\n');
    text
}
