//! Text of a server made fit for any report: what cannot be seen, or would move the cursor or turn the direction of the
//! writing, is written out.
//!
//! Escaping for a format is that format's matter and comes after this.

use std::borrow::Cow;

/// The text with each such character as `\u{…}`; line feeds and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_hidden(letter) {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}

/// The same on one line: line feeds and tabs are written out, too.
pub fn visible_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// Controls of ASCII and of Latin-1, marks that turn the writing's direction or have no width, line separators, and what no
/// text file may hold (XML 1.0, 2.2).
fn is_hidden(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        _ => letter.is_control() || u32::from(letter) & 0xfffe == 0xfffe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(
            visible("a\u{1b}[2Jb\u{9b}c\r\u{7f}"),
            "a\\u{1b}[2Jb\\u{9b}c\\u{d}\\u{7f}"
        );
        assert_eq!(
            visible("\u{202e}gpj\u{200b}\u{feff}\0\u{ffff}\u{1fffe}")
                .chars()
                .filter(|letter| *letter == '\\')
                .count(),
            6
        );
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in ["", "naïve 😀 → «ש» 漢字", "two\nlines\tand a tab"] {
            assert!(
                matches!(visible(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_stays_one_line() {
        assert_eq!(visible_line("a\nb\tc\rd"), "a\\nb\\tc\\u{d}d");
    }
}
