//! A community's folder, as an owner changes and copies it.

use std::path::Path;

use crate::Problem;

const CONFIGURATION: &str = "dispatchd.toml";

/// The server's key, which all processes share.
const KEY: &str = "server-key.pem";

/// What belongs to one process of a community.
const OF_ONE: [&str; 2] = ["authority_key", "allowlist"];

/// Writes settings otherwise, each by its key. A key that is commented out counts.
///
/// # Errors
/// There is no such key.
pub(super) fn set(folder: &Path, settings: &[(String, String)]) -> Result<(), Problem> {
    change(folder, |text| {
        settings.iter().try_fold(text, |text, (key, value)| {
            replaced(&text, key, &format!("{key} = {value}")).ok_or_else(|| {
                let words = format!("{CONFIGURATION} has no line for {key}");
                Problem::new(words)
            })
        })
    })
}

/// Makes the folder of a further process.
///
/// # Errors
/// Those of the system.
pub(super) fn copy(first: &Path, other: &Path) -> Result<(), Problem> {
    std::fs::create_dir(other).map_err(Problem::at(other.display()))?;
    for name in [CONFIGURATION, KEY] {
        let from = first.join(name);
        // A key that lies elsewhere is named by its whole path.
        if from.exists() {
            // With its mode: a key is its owner's alone.
            let copied = std::fs::copy(&from, other.join(name));
            copied.map_err(Problem::at(from.display()))?;
        }
    }
    change(other, |text| {
        let without = OF_ONE.iter().fold(text, |text, key| {
            replaced(&text, key, &format!("# {key} belongs to another process")).unwrap_or(text)
        });
        Ok(without)
    })
}

fn change(
    folder: &Path,
    by: impl FnOnce(String) -> Result<String, Problem>,
) -> Result<(), Problem> {
    let path = folder.join(CONFIGURATION);
    let text = std::fs::read_to_string(&path).map_err(Problem::at(path.display()))?;
    std::fs::write(&path, by(text)?).map_err(Problem::at(path.display()))
}

/// The text with another line in place of the one of a key.
fn replaced(text: &str, key: &str, line: &str) -> Option<String> {
    let is_of_key = |line: &&str| {
        let line = line.trim_start_matches("# ");
        let rest = line.strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let place = text.lines().position(|line| is_of_key(&line))?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines[place] = line;
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_setting_is_found_by_its_whole_key_commented_out_or_not() {
        let text = "joins = 1\n# metrics = \"a\"\nmetrics_of = 2\n";
        let changed = replaced(text, "metrics", "metrics = 3").unwrap();
        assert_eq!(changed, "joins = 1\nmetrics = 3\nmetrics_of = 2\n");
        assert_eq!(replaced(text, "join", "join = 1"), None);
    }
}
