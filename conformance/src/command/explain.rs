//! `explain`: a requirement with everything that decides it, or a case with its whole story.

use clap::Args;
use owo_colors::OwoColorize;

use super::{Library, complain};
use crate::{
    exit::Exit,
    explanation::Explanation,
    requirement::Requirement,
    scenario::{Capability, Case, KnownAnswer, Step, step::Verb},
    selector,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A requirement such as JOIN-4, or a case
    #[arg(value_name = "ID")]
    id: String,
}

pub fn execute(arguments: &Arguments, library: &Library) -> Exit {
    let id = &arguments.id;
    let mut found = Vec::new();
    found.extend(
        library
            .vectors
            .case(id)
            .map(|case| about_case(case, library)),
    );
    found.extend(
        library
            .vectors
            .known_answers
            .iter()
            .find(|answer| answer.id == *id)
            .map(about_known_answer),
    );
    found.extend(
        library
            .requirements
            .of(&id.to_ascii_uppercase())
            .map(|requirement| about_requirement(requirement, library)),
    );
    if found.is_empty() {
        let near = selector::near(id, &library.vectors, &library.requirements);
        let meant = if near.is_empty() {
            String::new()
        } else {
            format!("; did you mean {}?", near.join(" or "))
        };
        return complain(
            Exit::Usage,
            &format!("`{id}` is neither a requirement nor a case nor a known answer{meant}"),
        );
    }
    anstream::print!("{}", found.join("\n"));
    Exit::Conformant
}

fn about_known_answer(answer: &KnownAnswer) -> String {
    let mut out = format!("{}  {}\n", answer.id.bold(), answer.about);
    out += &format!(
        "{}\n",
        format!("a known answer of vectors/static/{}.json", answer.file).dimmed()
    );
    out += &format!(
        "decides {}\n{:#}\n",
        answer.requirements.join(" ").cyan(),
        answer.test
    );
    out
}

fn about_requirement(requirement: &Requirement, library: &Library) -> String {
    let mut out = format!("{}  {}\n", requirement.id.bold(), requirement.sentence);
    out += &format!(
        "{}\n",
        format!(
            "{} ({}), {}",
            requirement.chapter, requirement.section, requirement.file
        )
        .dimmed()
    );
    if let Some(reason) = &requirement.untestable {
        out += &format!("\nUntestable from outside: {reason}\n");
    }
    let Explanation {
        cases,
        known_answers,
        faults,
        exempt,
        ..
    } = Explanation::of(requirement, &library.vectors);
    if !cases.is_empty() {
        out += "\nLive cases\n";
        for case in cases {
            out += &format!(
                "  {}  {}\n    {}\n",
                case.id.bold(),
                case.title,
                case.why.dimmed()
            );
        }
    }
    if !known_answers.is_empty() {
        out += "\nKnown answers\n";
        for answer in known_answers {
            out += &format!(
                "  {}  {} ({})\n",
                answer.id.bold(),
                answer.about,
                answer.file.dimmed()
            );
        }
    }
    if !faults.is_empty() {
        out += "\nFaults that prove that these can fail: a server that\n";
        for fault in faults {
            out += &format!("  {}  {}\n", fault.id.bold(), fault.mistake);
        }
    }
    if let Some(why) = exempt {
        out += &format!("\nNo fault: {why}\n");
    }
    out
}

fn about_case(case: &Case, library: &Library) -> String {
    let mut out = format!("{}  {}\n", case.id.bold(), case.title);
    out += &format!("{}\n\n", case.file.dimmed());
    for id in &case.requirements {
        let sentence = library
            .requirements
            .of(id)
            .map_or("(unknown)", |requirement| requirement.sentence.as_str());
        out += &format!("{}  {sentence}\n", id.cyan());
    }
    out += &format!("\nWhy  {}\n", case.why);
    if !case.needs.is_empty() {
        let needs: Vec<&str> = case.needs.iter().copied().map(Capability::name).collect();
        out += &format!("Needs  {}\n", needs.join(", "));
    }
    if !case.accounts.is_empty() {
        let roles: Vec<String> = case
            .accounts
            .iter()
            .map(|(role, kind)| format!("{role} ({kind:?})"))
            .collect();
        out += &format!("Roles  {}\n", roles.join(", "));
    }
    out += "\nSteps\n";
    steps(&mut out, &case.steps, "  ");
    out
}

fn steps(out: &mut String, steps_: &[Step], indent: &str) {
    for (number, step) in (1..).zip(steps_) {
        if let Verb::Repeat(repeat) = &step.verb {
            *out += &format!("{indent}{number:>2}  {} times:\n", repeat.times);
            steps(out, &repeat.steps, &format!("{indent}    "));
            continue;
        }
        *out += &format!("{indent}{number:>2}  {}\n", step.text);
        if let Some(note) = &step.note {
            *out += &format!("{indent}    {}\n", note.dimmed());
        }
    }
}
