//! Diagrams: Pikchr's language in a chapter, drawn as SVG when the book is built, so that a page needs no network and no
//! script to show it.

use anyhow::{Result, anyhow, bail};
use maud::{PreEscaped, html};
use pikchr::{Pikchr, PikchrFlags};

/// What every diagram may use; `lanes` and what follows it are for frames between two sides.
const WORDS: &str = include_str!("words.pikchr");

/// Draws one. Its first line is a comment that says in words what it shows.
///
/// # Errors
/// It has no such line, or is not in the language.
pub(crate) fn draw(source: &str) -> Result<String> {
    let title = source
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# "));
    let Some(title) = title.filter(|title| !title.trim().is_empty()) else {
        bail!("its first line is to be `# ` and what it shows, for who cannot see it");
    };
    let program = format!("{WORDS}\n{source}");
    // Without a class: the crate (0.1.4) has freed its text by the time at which Pikchr reads it.
    let drawn = Pikchr::render(&program, None, PikchrFlags::default())
        .map_err(|fault| anyhow!("Pikchr: {fault}"))?;
    // It follows the page's colours, light or dark.
    let svg = drawn
        .rendered()
        .replace("rgb(0,0,0)", "currentColor")
        .replace("rgb(255,255,255)", "var(--bg)")
        // A blank line would end the block of HTML in Markdown.
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    let label = html! { svg role="img" aria-label=(title) {} }.into_string();
    let label = label.trim_end_matches("></svg>");
    let svg = svg.replacen("<svg", label, 1);
    let width = format!("max-width:{}px", drawn.width());
    let figure = html! {
        figure.diagram style=(width) { (PreEscaped(svg)) figcaption { (title) } }
    };
    Ok(figure.into_string() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagram_is_drawn_in_the_pages_colours_and_told_in_words() {
        let drawn =
            draw("# a hello & its answer\nlanes(\"client\", \"server\")\nsends(\"hello\")\nends")
                .unwrap();
        // The figure's own: what Pikchr would write as the drawing's is freed memory.
        assert_eq!(drawn.matches("class=").count(), 1, "{drawn}");
        assert!(drawn.contains("<svg") && drawn.contains(">hello</text>"));
        assert!(drawn.contains("aria-label=\"a hello &amp; its answer\""));
        assert!(
            !drawn.contains("rgb(0,0,0)") && !drawn.contains("\n\n<"),
            "{drawn}"
        );
    }

    #[test]
    fn what_cannot_be_drawn_or_is_not_told_is_refused() {
        assert!(
            draw("box \"a\"")
                .unwrap_err()
                .to_string()
                .contains("first line")
        );
        let fault = draw("# a\nbux").unwrap_err().to_string();
        assert!(fault.contains("Pikchr"), "{fault}");
    }
}
