//! The kill matrix in a terminal.

use std::fmt::Write;

use super::{Matrix, Trial};

/// One line for a subject that is done.
pub fn line(matrix_of_one: &Trial) -> String {
    let failed = matrix_of_one.failed().count();
    let played = matrix_of_one.verdicts.len();
    match &matrix_of_one.unready {
        Some(why) => format!("{:<22} turned away: {why}", matrix_of_one.subject.name()),
        None => format!(
            "{:<22} {failed} of {played} cases fail",
            matrix_of_one.subject.name()
        ),
    }
}

/// The matrix: faults with their killers, then all that is not as it should be, then the sums.
pub fn render(matrix: &Matrix) -> String {
    let mut out = String::new();
    for (fault, trial) in matrix.faults() {
        let killers = matrix.killers(fault, trial);
        let shown = match (&trial.unready, killers.is_empty()) {
            (Some(_), _) => "(the preflight turns it away)".to_owned(),
            (None, true) => "SURVIVES".to_owned(),
            (None, false) => killers.join(" "),
        };
        let _ = writeln!(out, "{:<22} {shown}", fault.id);
        let bystanders = matrix.bystanders(fault, trial);
        if !bystanders.is_empty() {
            let why = fault.spreads.unwrap_or("no reason is stated");
            let _ = writeln!(out, "{:<22} and {} others: {why}", "", bystanders.len());
        }
    }
    section(&mut out, "fail without a fault", &matrix.false_alarms());
    section(
        &mut out,
        "catch no fault of their requirements",
        &matrix.toothless(),
    );
    for (name, cases) in matrix.null_passes() {
        section(&mut out, &format!("pass against {name}"), &cases);
    }
    let survivors = matrix.survivors();
    let lines: Vec<String> = survivors
        .iter()
        .map(|fault| format!("{}: {}", fault.id, fault.mistake))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    section(&mut out, "survive", &lines);
    let faults = matrix.faults().count();
    let _ = writeln!(
        out,
        "\nfaults killed  {} of {faults}",
        faults - survivors.len()
    );
    if matrix.whole {
        let cases = matrix.cases.len();
        let _ = writeln!(
            out,
            "cases that kill  {} of {cases}",
            cases - matrix.toothless().len()
        );
        let passes: usize = matrix
            .null_passes()
            .iter()
            .map(|(_, cases)| cases.len())
            .sum();
        let _ = writeln!(out, "passes of null peers  {passes}");
    }
    out
}

fn section(out: &mut String, title: &str, lines: &[&str]) {
    if !lines.is_empty() {
        let _ = writeln!(out, "\n{} {title}:", lines.len());
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
}
