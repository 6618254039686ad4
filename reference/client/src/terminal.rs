//! Somebody's words on a terminal.

/// The words without whatever could steer a terminal or turn the line around.
pub(crate) fn shown(words: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    words
        .chars()
        .map(|c| match c {
            '\t' => ' ',
            c if steers(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_steer_a_terminal() {
        let words = "a\u{1b}[2J\u{202e}b\u{61c}\tc";
        assert_eq!(shown(words), "a\u{fffd}[2J\u{fffd}b\u{fffd} c");
    }
}
