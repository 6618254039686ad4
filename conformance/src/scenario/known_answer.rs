//! The static vectors as far as the runner needs them: which test is about which requirement, and its values by name.

use serde_json::Value;

/// A known answer: one test of a file of `vectors/static/`.
#[derive(Debug, Clone)]
pub struct KnownAnswer {
    /// Permanent.
    pub id: String,
    /// The file's name without `.json`.
    pub file: String,
    /// What is special.
    pub about: String,
    /// The requirements that it is about.
    pub requirements: Vec<String>,
    /// The whole test.
    pub test: Value,
}

impl KnownAnswer {
    /// All tests of a file's text.
    ///
    /// # Errors
    /// In words, if the text is not of the form that `vectors/static/README.md` gives.
    pub fn read(path: &str, text: &str) -> Result<Vec<Self>, String> {
        let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let name = file["name"].as_str().ok_or("it has no `name`")?;
        if !path.ends_with(&format!("/{name}.json")) {
            return Err(format!(
                "its `name` is `{name}`, and its file is called otherwise"
            ));
        }
        let groups = file["groups"].as_array().ok_or("it has no list `groups`")?;
        let mut answers = Vec::new();
        for group in groups {
            let tests = group["tests"]
                .as_array()
                .ok_or("a group has no list `tests`")?;
            for test in tests {
                answers.push(Self::of(name, test)?);
            }
        }
        Ok(answers)
    }

    fn of(file: &str, test: &Value) -> Result<Self, String> {
        let id = test["id"].as_str().ok_or("a test has no `id`")?;
        let requirements = test["requirements"]
            .as_array()
            .and_then(|list| {
                list.iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect()
            })
            .ok_or_else(|| format!("the test `{id}` has no list of `requirements`"))?;
        Ok(Self {
            id: id.to_owned(),
            file: file.to_owned(),
            about: test["about"].as_str().unwrap_or_default().to_owned(),
            requirements,
            test: test.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_in_every_group() {
        let text = r#"{"name": "keys", "groups": [
            {"tests": [{"id": "a", "requirements": ["KEY-1"], "about": "x"}]},
            {"tests": [{"id": "b", "requirements": ["KEY-2", "KEY-3"]}]}]}"#;
        let answers = KnownAnswer::read("vectors/static/keys.json", text).expect("read");
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[1].requirements, ["KEY-2", "KEY-3"]);
    }

    #[test]
    fn a_test_without_an_id_is_a_fault() {
        let text = r#"{"name": "keys", "groups": [{"tests": [{"requirements": []}]}]}"#;
        assert!(KnownAnswer::read("vectors/static/keys.json", text).is_err());
    }
}
