//! A badge, as SVG: what a project shows of its last run.

use quick_xml::escape::escape;

use super::telling::counted;
use crate::result::{RunResult, Verdict};

/// The width that a letter of DejaVu Sans or Verdana takes at 11 pixels, at most, for the letters that occur here.
const LETTER: f64 = 7.2;

/// The badge's text.
pub fn render(result: &RunResult) -> String {
    let label = "dispatch-d/1";
    let (word, colour) = state(result);
    let (left, right) = (width(label), width(&word));
    let (whole, title) = (left + right, format!("{label}: {word}"));
    let (label, word, title) = (escape(label), escape(word.as_str()), escape(title.as_str()));
    let (label_at, word_at) = (left / 2.0, left + right / 2.0);
    let (label_width, word_width) = (left - 12.0, right - 12.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole:.0}" height="20" role="img" aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{whole:.0}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left:.0}" height="20" fill="#444"/>
    <rect x="{left:.0}" width="{right:.0}" height="20" fill="{colour}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,'DejaVu Sans',sans-serif" font-size="11">
    <text x="{label_at:.1}" y="14" textLength="{label_width:.1}">{label}</text>
    <text x="{word_at:.1}" y="14" textLength="{word_width:.1}">{word}</text>
  </g>
</svg>
"##
    )
}

/// In words, and a ground on which white can be read.
fn state(result: &RunResult) -> (String, &'static str) {
    const GOOD: &str = "#1d6f33";
    const BAD: &str = "#b3261e";
    const FAIR: &str = "#835400";
    let failed = result.failed();
    if result.interrupted || result.cases.is_empty() {
        ("not known".into(), FAIR)
    } else if failed > 0 {
        (
            format!("{failed} of {} failed", counted(result.cases.len(), "case")),
            BAD,
        )
    } else if !result.conformant {
        (
            format!("{} known", counted(result.count(Verdict::Xfail), "failure")),
            FAIR,
        )
    } else {
        (
            format!(
                "conformant, {}",
                counted(result.count(Verdict::Pass), "case")
            ),
            GOOD,
        )
    }
}

fn width(text: &str) -> f64 {
    // Texts of ours: far fewer letters than a float counts exactly.
    let letters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    (f64::from(letters) * LETTER + 12.0).round()
}
