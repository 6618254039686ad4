//! A page for each requirement: its sentence, the vectors that decide it, the faults that prove that these can fail, and the
//! lines of the reference that keep it. It is made of what `dispatch-conformance explain` prints.

use std::fmt::Write as _;

use dispatch_conformance::explanation::Explanation;
use dispatch_conformance::requirement::{Level, Requirement, Requirements};
use dispatch_conformance::scenario::Vectors;

use crate::enforcement::{Citation, Citations};
use crate::pages::Pages;

/// How many places of the reference are shown with their lines; of the others the names alone.
const SHOWN: usize = 6;

/// Adds the pages, one for each area, and the table of all.
pub(crate) fn add(
    pages: &mut Pages,
    requirements: &Requirements,
    vectors: &Vectors,
    citations: &Citations,
) {
    let mut index = String::from(INDEX);
    for (area, of_area) in by_area(requirements) {
        let mut table = String::from(HEAD);
        for requirement in &of_area {
            let explanation = Explanation::of(requirement, vectors);
            let cited = citations.of(&requirement.id);
            let path = format!("requirements/{}.md", requirement.id);
            pages.add(&path, page(&explanation, cited));
            table.push_str(&row(&explanation, cited));
        }
        let mut chapters: Vec<String> = of_area
            .iter()
            .map(|one| format!("[{}](../{})", one.chapter, chapter_of(one)))
            .collect();
        chapters.dedup();
        let chapters = chapters.join(" and ");
        let of_area = format!("# {area}\n\nOf the chapter {chapters}.\n\n{table}");
        pages.add(&format!("requirements/{area}.md"), of_area);
        let _ = write!(index, "\n## {area}\n\n{table}");
    }
    pages.add("requirements/README.md", index);
    pages.add("requirements/server.md", of_servers(requirements));
}

/// What a server that offers the WebSocket alone keeps, in one list.
fn of_servers(requirements: &Requirements) -> String {
    let mut out = String::from(SERVER);
    let is_left_out = |one: &&Requirement| {
        one.withdrawn
            || one.level().is_none_or(|level| level == Level::May)
            || OTHER_TRANSPORTS.contains(&one.area())
            || PROOFS.contains(&one.id.as_str())
            || match binds(one) {
                "server" => false,
                "client" => true,
                _ => OF_CLIENTS.contains(&one.area()),
            }
    };
    let binding = requirements.iter().filter(|one| !is_left_out(one));
    for requirement in binding {
        let id = &requirement.id;
        let _ = writeln!(out, "- [{id}]({id}.md) {}", sentence(requirement));
    }
    out
}

/// Areas that bind who offers a transport beside the WebSocket, or who keeps files that no server has.
const OTHER_TRANSPORTS: [&str; 5] = ["HTTP", "POLL", "SSE", "INV", "BACKUP"];

/// Areas whose rules bind a server only where they name it.
const OF_CLIENTS: [&str; 2] = ["ENC", "EVID"];

/// What a server owes that offers proofs, by plain HTTP.
const PROOFS: [&str; 2] = ["TREE-2", "TREE-3"];

/// Whom an obligation binds, by the subject of its sentence.
fn binds(requirement: &Requirement) -> &'static str {
    let sentence = &requirement.sentence;
    let subject = sentence
        .find("MUST")
        .or(sentence.find("SHOULD"))
        .or(sentence.find("MAY"))
        .map_or(sentence.as_str(), |end| &sentence[..end])
        .to_lowercase();
    let of = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    match (of(&["server"]), of(&["client", "recipient", "reader"])) {
        (true, false) => "server",
        (false, true) => "client",
        _ => "both",
    }
}

/// The requirements of each area, the areas in the order in which the chapters come to them.
pub(crate) fn by_area(requirements: &Requirements) -> Vec<(&str, Vec<&Requirement>)> {
    let mut areas: Vec<(&str, Vec<&Requirement>)> = Vec::new();
    for requirement in requirements.iter() {
        let area = requirement.area();
        match areas.iter_mut().find(|(known, _)| *known == area) {
            Some((_, of_area)) => of_area.push(requirement),
            None => areas.push((area, vec![requirement])),
        }
    }
    for (_, of_area) in &mut areas {
        of_area.sort_by_key(|one| {
            let number = one.id.rsplit_once('-').map(|(_, number)| number);
            number.and_then(|number| number.parse::<u32>().ok())
        });
    }
    areas
}

const SERVER: &str = "# What a server keeps

Every MUST and SHOULD on a server that offers the WebSocket alone, in the order of the chapters. What binds clients alone, or who offers plain
HTTP or server-sent events, is left out.

";

const INDEX: &str = "# All requirements

Each leads to a page with its sentence, the vectors that decide it, the faults that prove that these vectors can fail, and the
lines of the reference that keep it. `dispatch-conformance explain ID` prints the same.

*Cases* are scenarios against a running server, *answers* are known answers for unit tests, *faults* are ways to break the
rule that the suite catches, *lines* are places in the reference's sources.
";

const HEAD: &str = "| id | binds | what it asks for | cases | answers | faults | lines |\n|---|---|---|--:|--:|--:|--:|\n";

fn row(explanation: &Explanation<'_>, cited: &[Citation]) -> String {
    let Explanation {
        requirement,
        cases,
        known_answers,
        faults,
        ..
    } = explanation;
    format!(
        "| [{id}]({id}.md) | {} | {sentence} | {} | {} | {} | {} |\n",
        binds(requirement),
        cases.len(),
        known_answers.len(),
        faults.len(),
        cited.len(),
        id = requirement.id,
        sentence = sentence(requirement).replace('|', "\\|"),
    )
}

fn page(explanation: &Explanation<'_>, cited: &[Citation]) -> String {
    let Explanation {
        requirement,
        cases,
        known_answers,
        faults,
        exempt,
    } = explanation;
    let Requirement { id, .. } = requirement;
    let mut out = format!("# {id}\n\n> {}\n\n", sentence(requirement));
    let _ = writeln!(
        out,
        "[{} · {}](../{}#{id}), where it stands with its reasons.\n",
        requirement.chapter,
        requirement.section,
        chapter_of(requirement)
    );
    if let Some(reason) = &requirement.untestable {
        let _ = writeln!(out, "*Untestable from outside:* {reason}\n");
    }
    let _ = writeln!(out, "## What decides it\n");
    if cases.is_empty() && known_answers.is_empty() {
        out += "Nothing that can be seen from outside: no vector names it.\n\n";
    }
    if !cases.is_empty() {
        let _ = writeln!(
            out,
            "Scenarios against a running server; `dispatch-conformance run URL {id}` plays just these.\n"
        );
        for case in cases {
            let _ = writeln!(
                out,
                "- `{}` in [{file}](../{file}): {}. {}",
                case.id,
                plain(&case.title),
                plain(&case.why),
                file = case.file
            );
        }
        out.push('\n');
    }
    if !known_answers.is_empty() {
        out += "Known answers, to be run in one's own unit tests.\n\n";
        for answer in known_answers {
            let _ = writeln!(
                out,
                "- `{}` in [{file}](../{file}): {}",
                answer.id,
                plain(&answer.about),
                file = format_args!("vectors/static/{}.json", answer.file)
            );
        }
        out.push('\n');
    }
    if !faults.is_empty() {
        out += "## What proves that it can fail\n\nServers that are wrong on purpose, each of which the vectors above catch. One of them:\n\n";
        for fault in faults {
            let _ = writeln!(out, "- `{}`: {}", fault.id, plain(fault.mistake));
        }
        out.push('\n');
    }
    if let Some(why) = exempt {
        let _ = writeln!(out, "No server is wrong on purpose here: {why}.\n");
    }
    if !cited.is_empty() {
        out += "## Where the reference keeps it\n\n";
        for citation in cited.iter().take(SHOWN) {
            let Citation {
                file,
                line,
                excerpt,
                language,
            } = citation;
            let _ = writeln!(
                out,
                "`{file}`, line {line}\n\n````{language}\n{excerpt}\n````\n"
            );
        }
        let others: Vec<String> = cited
            .iter()
            .skip(SHOWN)
            .map(|Citation { file, line, .. }| format!("`{file}`, line {line}"))
            .collect();
        if !others.is_empty() {
            let _ = writeln!(out, "Also {}.\n", others.join("; "));
        }
    }
    out
}

/// Its sentence, with the links of its chapter as they go from here.
fn sentence(requirement: &Requirement) -> String {
    let chapter = chapter_of(requirement);
    requirement
        .sentence
        .replace("](#", &format!("](../{chapter}#"))
        .split("](")
        .enumerate()
        .map(|(place, part)| match place {
            0 => part.to_owned(),
            _ if part.starts_with("..") || part.starts_with("http") => format!("]({part}"),
            _ => format!("](../{part}"),
        })
        .collect()
}

fn chapter_of(requirement: &Requirement) -> &str {
    requirement.file.trim_start_matches("spec/")
}

/// Words of the vectors, as text: they are no Markdown.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_code = false;
    for letter in text.chars() {
        in_code ^= letter == '`';
        if !in_code && matches!(letter, '<' | '*' | '_' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use dispatch_conformance::corpus::Corpus;

    use super::*;

    #[test]
    fn a_page_has_what_explain_prints() {
        let corpus = Corpus::embedded();
        let requirements = Requirements::read(&corpus);
        let vectors = Vectors::read(&corpus).unwrap();
        let explanation = Explanation::of(requirements.of("JOIN-4").unwrap(), &vectors);
        let page = page(&explanation, &[]);
        for part in [
            "`hello` whose `version`",
            "(../join.md#JOIN-4)",
            "- `join-version` in [vectors/live/join.json](../vectors/live/join.json): ",
            "- `json-version-prefix` in [vectors/static/json.json](../vectors/static/json.json)",
            "- `JOIN-4/order`: ",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
    }

    #[test]
    fn whom_a_sentence_binds_is_its_subject() {
        let mut requirements = Requirements::default();
        requirements.read_chapter(
            "spec/x.md",
            "- **[A-1]** A server MUST tell a client.\n- **[A-2]** A client that asks a server MUST wait.\n- **[A-3]** A recipient MUST look.\n- **[A-4]** A private key MUST stay.\n",
        );
        let found: Vec<&str> = requirements.iter().map(binds).collect();
        assert_eq!(found, ["server", "both", "client", "both"]);
        assert!(of_servers(&requirements).contains("[A-1](A-1.md)"));
        assert!(!of_servers(&requirements).contains("[A-3]"));
    }

    #[test]
    fn what_is_no_markdown_stays_as_it_is_written() {
        assert_eq!(plain("a <b> `c_d` e_f"), "a \\<b> `c_d` e\\_f");
    }
}
