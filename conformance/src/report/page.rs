//! The frame of every page that the suite writes: one file, no network, no script, light and dark.
//!
//! What stands on a page is its own module's matter. A page is whole without colour: each mark says its verdict in words.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::story::visible::visible;

const STYLE: &str = include_str!("page.css");

/// Nothing is loaded, nothing runs, nothing is sent.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// How a mark, a bar's part or a banner looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It holds.
    Good,
    /// It does not.
    Bad,
    /// It is worth a look.
    Fair,
    /// Nothing is known.
    Neutral,
}

impl Tone {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Fair => "fair",
            Self::Neutral => "none",
        }
    }
}

/// A whole page. `head` stands under its title, above the main part; `main` is made of sections.
pub fn page(title: &str, head: &Markup, main: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (shown(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the results" }
                header.page-head { h1 { (shown(title)) } (head) }
                main id="main" { (main) }
                footer.page-foot { p { "Written by dispatch-conformance " (env!("CARGO_PKG_VERSION")) "." } }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

/// A word with a coloured ground.
pub fn mark(tone: Tone, word: &str) -> Markup {
    html! { span class={ "mark " (tone.class()) } { (word) } }
}

/// A bar of parts, for the eye alone: what it shows stands in words beside it.
pub fn bar(parts: &[(Tone, usize)]) -> Markup {
    html! {
        div.bar aria-hidden="true" {
            @for (tone, size) in parts.iter().filter(|(_, size)| *size > 0) {
                span class=(tone.class()) style={ "flex-grow:" (size) } {}
            }
        }
    }
}

/// Text as it may stand on a page: what cannot be seen is written out.
pub fn shown(text: &str) -> Markup {
    html! { (visible(text)) }
}

/// A sentence of the specification: what stands between backticks is code.
pub fn sentence(text: &str) -> Markup {
    html! {
        @for (place, part) in text.split('`').enumerate() {
            @if place % 2 == 1 { code { (visible(part)) } } @else { (visible(part)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_one_file_without_script_or_address() {
        let page = page("A & B", &html! {}, &html! { section { p { "c" } } });
        assert!(page.contains("<title>A &amp; B</title>") && page.contains("<h1>A &amp; B</h1>"));
        for word in ["<script", "http://", "https://", "<link", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        assert_eq!(
            sentence("A `<b>` MUST").into_string(),
            "A <code>&lt;b&gt;</code> MUST"
        );
    }
}
