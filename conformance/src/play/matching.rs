//! Holds values against patterns, and says at which places they differ.

use serde_json::Value;

use super::{Stage, evaluate::Trouble};
use crate::{
    codec::{base64url, fields::MAX_NUMBER},
    scenario::{Form, Pattern},
    story::shorten,
};

/// Times from 2001 to 2286; a time in seconds or in microseconds is none of them.
const MILLISECONDS: std::ops::Range<u64> = 1_000_000_000_000..10_000_000_000_000;

impl Stage {
    /// The places at which a value differs from a pattern; none if it matches.
    ///
    /// # Errors
    /// If a template in the pattern has no value.
    pub fn differences(
        &self,
        pattern: &Pattern,
        value: Option<&Value>,
    ) -> Result<Vec<String>, Trouble> {
        let mut differences = Vec::new();
        self.compare(pattern, value, "", &mut differences)?;
        Ok(differences)
    }

    fn compare(
        &self,
        pattern: &Pattern,
        value: Option<&Value>,
        path: &str,
        differences: &mut Vec<String>,
    ) -> Result<(), Trouble> {
        let Some(value) = value else {
            if !matches!(pattern, Pattern::Absent) {
                differences.push(format!("{} is missing", place(path)));
            }
            return Ok(());
        };
        match pattern {
            Pattern::Equal(due) => equal(due, value, path, differences),
            Pattern::Is(template) => equal(&self.evaluate(template)?, value, path, differences),
            Pattern::Absent => differences.push(format!(
                "{} is there: {}",
                place(path),
                shorten::value(value)
            )),
            Pattern::Any(form) => {
                if !has_form(*form, value) {
                    differences.push(format!(
                        "{} is no {form:?}: {}",
                        place(path),
                        shorten::value(value)
                    ));
                }
            }
            Pattern::Object(members) => match value {
                Value::Object(_) => {
                    for (name, pattern) in members {
                        self.compare(
                            pattern,
                            value.get(name),
                            &format!("{path}/{name}"),
                            differences,
                        )?;
                    }
                }
                _ => differences.push(format!(
                    "{} is no object: {}",
                    place(path),
                    shorten::value(value)
                )),
            },
            Pattern::List(patterns) => match value.as_array() {
                Some(items) if items.len() == patterns.len() => {
                    for (index, (pattern, item)) in patterns.iter().zip(items).enumerate() {
                        self.compare(pattern, Some(item), &format!("{path}/{index}"), differences)?;
                    }
                }
                Some(items) => {
                    differences.push(format!(
                        "{} has {} items, not {}",
                        place(path),
                        items.len(),
                        patterns.len()
                    ));
                }
                None => differences.push(format!(
                    "{} is no list: {}",
                    place(path),
                    shorten::value(value)
                )),
            },
            Pattern::OneOf(patterns) => {
                for pattern in patterns {
                    if self.differences(pattern, Some(value))?.is_empty() {
                        return Ok(());
                    }
                }
                differences.push(format!(
                    "{} is none of the {} allowed: {}",
                    place(path),
                    patterns.len(),
                    shorten::value(value)
                ));
            }
            Pattern::Has(pattern) => {
                for item in value.as_array().into_iter().flatten() {
                    if self.differences(pattern, Some(item))?.is_empty() {
                        return Ok(());
                    }
                }
                differences.push(format!(
                    "{} has no such item: {}",
                    place(path),
                    shorten::value(value)
                ));
            }
        }
        Ok(())
    }
}

fn equal(due: &Value, value: &Value, path: &str, differences: &mut Vec<String>) {
    if due != value {
        differences.push(format!(
            "{} is {}, not {}",
            place(path),
            shorten::value(value),
            shorten::value(due)
        ));
    }
}

fn has_form(form: Form, value: &Value) -> bool {
    let bytes = || base64url::decode(value.as_str()?).ok();
    match form {
        Form::Bytes => bytes().is_some(),
        Form::Bytes32 => bytes().is_some_and(|bytes| bytes.len() == 32),
        Form::Uint => value.as_u64().is_some_and(|number| number <= MAX_NUMBER),
        Form::Time => value
            .as_u64()
            .is_some_and(|time| MILLISECONDS.contains(&time)),
        Form::Text => value.is_string(),
        Form::Object => value.is_object(),
        Form::List => value.is_array(),
        Form::Boolean => value.is_boolean(),
    }
}

fn place(path: &str) -> String {
    if path.is_empty() {
        "the whole".to_owned()
    } else {
        format!("`{}`", &path[1..])
    }
}
