//! Renders what a run came to.

pub mod json;
pub mod progress;
pub mod terminal;

use std::{fs, path::PathBuf, str::FromStr};

use crate::result::RunResult;

/// A report that was asked for: its format and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    format: Format,
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = text
            .split_once('=')
            .ok_or("a report is FORMAT=PATH, such as json=report.json")?;
        let format = match format {
            "json" => Format::Json,
            _ => {
                return Err(format!(
                    "`{format}` is no format of a report; there is: json"
                ));
            }
        };
        if path.is_empty() {
            return Err("the path of a report is missing".into());
        }
        Ok(Self {
            format,
            path: path.into(),
        })
    }
}

impl Wanted {
    /// Writes the report.
    ///
    /// # Errors
    /// In words, with the path.
    pub fn write(&self, result: &RunResult) -> Result<(), String> {
        let text = match self.format {
            Format::Json => json::render(result),
        };
        fs::write(&self.path, text).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_is_refused_with_those_that_there_are() {
        let error = "yaml=x".parse::<Wanted>().expect_err("unknown");
        assert!(error.contains("yaml") && error.contains("json"), "{error}");
        assert!("json".parse::<Wanted>().is_err() && "json=".parse::<Wanted>().is_err());
        assert!("json=a=b.json".parse::<Wanted>().is_ok());
    }
}
