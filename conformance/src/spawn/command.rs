//! The command template of `--spawn`: words, split as a shell splits them, with `{config}` where the file's path goes.
//!
//! No shell runs it, so that the process which is killed is the server itself, and nothing in the template can be more
//! than an argument. Who needs a shell writes `sh -c '...'`.

use std::path::Path;

/// Where the configuration's path goes.
const CONFIG: &str = "{config}";

/// A command with a place for the configuration's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandTemplate {
    words: Vec<String>,
    text: String,
}

impl CommandTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// In words: no command, a quote that is not closed, no `{config}`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = split(text).map_err(|why| format!("`{text}`: {why}"))?;
        if words.is_empty() {
            return Err("--spawn wants a command, such as './my-server {config}'".into());
        }
        if words[0].contains(CONFIG) || !words.iter().any(|word| word.contains(CONFIG)) {
            return Err(format!(
                "`{text}` does not say where the configuration goes: write {CONFIG} as an argument, as in './my-server {CONFIG}'"
            ));
        }
        Ok(Self {
            words,
            text: text.to_owned(),
        })
    }

    /// The template of a program and its arguments, one of which is `{config}`.
    pub fn of(program: &Path, arguments: &[&str]) -> Self {
        let program = program.display().to_string();
        let words: Vec<String> = std::iter::once(program)
            .chain(arguments.iter().map(|word| (*word).to_owned()))
            .collect();
        let text = words.join(" ");
        Self { words, text }
    }

    /// The program.
    pub fn program(&self) -> &str {
        &self.words[0]
    }

    /// Its arguments for a configuration at a path.
    pub fn arguments(&self, config: &Path) -> impl Iterator<Item = String> {
        let path = config.display().to_string();
        self.words[1..]
            .iter()
            .map(move |word| word.replace(CONFIG, &path))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Splits a text into words: blanks between them, `'...'` and `"..."` around them, `\` before a letter that means itself.
fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                let meant = letters.next().ok_or("nothing follows its last \\")?;
                word.get_or_insert_default().push(meant);
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote in it is not closed");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let template = CommandTemplate::parse(text).expect("a template");
        let arguments = template.arguments(Path::new("/tmp/a b/c.json"));
        std::iter::once(template.program().to_owned())
            .chain(arguments)
            .collect()
    }

    #[test]
    fn words_are_split_as_in_a_shell_and_the_path_is_one_argument() {
        assert_eq!(words("srv {config}"), ["srv", "/tmp/a b/c.json"]);
        assert_eq!(
            words(r#"'my srv'  --config="{config}" a\ b "c\"d" ''"#),
            ["my srv", "--config=/tmp/a b/c.json", "a b", "c\"d", ""]
        );
        assert_eq!(
            words("sh -c 'exec srv \"$0\"' {config}"),
            ["sh", "-c", "exec srv \"$0\"", "/tmp/a b/c.json"]
        );
    }

    #[test]
    fn a_template_that_cannot_work_says_why() {
        let fault = |text| CommandTemplate::parse(text).expect_err("a fault");
        assert!(fault("  ").contains("wants a command"));
        assert!(fault("srv").contains("{config}"));
        assert!(fault("{config}").contains("{config}"));
        assert!(fault("srv 'x {config}").contains("not closed"));
        assert!(fault("srv {config} \\").contains("nothing follows"));
    }
}
