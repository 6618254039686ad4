//! Where a page of the repository stands in the book, and where its links lead there.
//!
//! The chapters, which are in `spec/`, stand in the book's own folder; everything else stands as in the repository.

/// The folder of the chapters.
const CHAPTERS: &str = "spec/";

/// The place of a page in the book, from its path in the repository.
pub(crate) fn of(page: &str) -> &str {
    page.strip_prefix(CHAPTERS).unwrap_or(page)
}

/// From the folder that a page has in the book up to the book's own.
pub(crate) fn up(page: &str) -> String {
    "../".repeat(of(page).matches('/').count())
}

/// A link's target in the book, from the page that has it and its target in the repository, both as they stand there.
pub(crate) fn led_to(page: &str, target: &str) -> String {
    let (file, anchor) = match target.split_once('#') {
        Some((file, anchor)) => (file, format!("#{anchor}")),
        None => (target, String::new()),
    };
    if file.is_empty() || file.contains(':') {
        return target.to_owned();
    }
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in file.split('/') {
        match part {
            "." => {}
            ".." => {
                path.pop();
            }
            // A folder: its page.
            "" => path.push("README.md"),
            part => path.push(part),
        }
    }
    let path = path.join("/");
    // mdBook makes `index` of a `README`, and leaves the links to it.
    let path = of(&path).replace("README.md", "index.md");
    format!("{}{path}{anchor}", up(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_same_page_in_the_book() {
        for (page, target, led) in [
            ("spec/join.md", "entries.md#seen", "entries.md#seen"),
            ("spec/join.md", "#seen", "#seen"),
            (
                "spec/join.md",
                "https://example.org/a",
                "https://example.org/a",
            ),
            (
                "spec/paths.md",
                "../vectors/static/README.md",
                "vectors/static/index.md",
            ),
            ("spec/model/README.md", "../join.md", "../join.md"),
            (
                "spec/model/README.md",
                "symbolic/README.md#a",
                "../model/symbolic/index.md#a",
            ),
            ("vectors/README.md", "keys/", "../vectors/keys/index.md"),
            ("vectors/README.md", "../spec/", "../index.md"),
            (
                "vectors/live/README.md",
                "../../spec/join.md",
                "../../join.md",
            ),
            (
                "vectors/live/README.md",
                "../live.schema.json",
                "../../vectors/live.schema.json",
            ),
            (
                "conformance/README.md",
                "./learn.json",
                "../conformance/learn.json",
            ),
        ] {
            assert_eq!(led_to(page, target), led, "{page}: {target}");
        }
    }
}
