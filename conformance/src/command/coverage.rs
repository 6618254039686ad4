//! `coverage`: for each requirement, what decides it.

use owo_colors::OwoColorize;

use super::{Library, complain};
use crate::{
    exit::Exit,
    gate::{self, Coverage},
    requirement::Level,
};

pub fn execute(library: &Library) -> Exit {
    let table = gate::coverage(&library.requirements, &library.vectors);
    let mut chapter = "";
    for row in &table {
        if row.requirement.chapter != chapter {
            chapter = &row.requirement.chapter;
            anstream::println!("\n{}", chapter.bold());
        }
        anstream::println!(
            "  {:<9} {:<6} {}",
            row.requirement.id,
            level(row),
            decided_by(row)
        );
    }
    let count =
        |holds: &dyn Fn(&Coverage<'_>) -> bool| table.iter().filter(|row| holds(row)).count();
    anstream::println!(
        "\n{} requirements: {} decided by live cases, {} by known answers, {} untestable",
        table.len(),
        count(&|row| !row.cases.is_empty()),
        count(&|row| !row.known_answers.is_empty()),
        count(&|row| row.requirement.untestable.is_some()),
    );
    let faults = gate::faults(&library.requirements, &library.vectors);
    if faults.is_empty() {
        return Exit::Conformant;
    }
    for fault in &faults {
        anstream::eprintln!("{} {fault}", "does not fit:".red());
    }
    complain(
        Exit::Nonconformant,
        &format!(
            "specification and vectors do not fit together in {} places",
            faults.len()
        ),
    )
}

fn level(row: &Coverage<'_>) -> String {
    row.requirement
        .level()
        .map_or_else(String::new, |level| level.to_string())
}

fn decided_by(row: &Coverage<'_>) -> String {
    let requirement = row.requirement;
    let mut parts = Vec::new();
    if !row.cases.is_empty() {
        parts.push(format!("live: {}", row.cases.join(" ")));
    }
    if !row.known_answers.is_empty() {
        parts.push(format!("static: {}", row.known_answers.join(" ")));
    }
    if let Some(reason) = &requirement.untestable {
        parts.push(format!("untestable: {reason}"));
    }
    if parts.is_empty() {
        parts.push(match requirement.level() {
            _ if requirement.withdrawn => "withdrawn".to_owned(),
            Some(Level::May) => "nothing needs to".to_owned(),
            _ => format!("{}", "NOTHING".red().bold()),
        });
    }
    parts.join("; ")
}
