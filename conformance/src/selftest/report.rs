//! The kill matrix in a terminal.

use std::fmt::Write;

use super::{Matrix, Trial};

/// One line for a subject that is done.
pub fn line(trial: &Trial) -> String {
    let failed = trial.failed().count();
    let played = trial.verdicts.len();
    let name = trial.subject.name();
    match &trial.unready {
        Some(why) => format!("{name:<22} turned away: {why}"),
        None => format!("{name:<22} {failed} of {played} cases fail"),
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
        if let (Some(why), false) = (fault.spreads, bystanders.is_empty()) {
            let _ = writeln!(out, "{:<22} and {} others: {why}", "", bystanders.len());
        }
    }
    complaints(&mut out, matrix);
    sums(&mut out, matrix);
    out
}

fn complaints(out: &mut String, matrix: &Matrix) {
    section(out, "were not heard to their end", matrix.unheard());
    section(out, "fail without a fault", matrix.false_alarms());
    let toothless = matrix.toothless();
    section(out, "catch no fault of their requirements", toothless);
    for (name, cases) in matrix.null_passes() {
        section(out, &format!("pass against {name}"), cases);
    }
    let title = "are excused from failing on null peers, and fail (take the excuse away)";
    section(out, title, matrix.idle_excuses());
    let unexplained = matrix.unexplained();
    let unexplained = unexplained
        .iter()
        .map(|(fault, cases)| format!("{}: {}", fault.id, cases.join(" ")));
    let title =
        "make unrelated cases fail, and state no reason (`spreads`, or break something narrower)";
    section(out, title, unexplained.collect::<Vec<_>>());
    let idle = matrix.overexplained();
    let title = "state why unrelated cases fail, and none does (take `spreads` away)";
    section(out, title, idle.iter().map(|fault| fault.id).collect());
    let survivors = matrix.survivors();
    let survivors = survivors
        .iter()
        .map(|fault| format!("{}: {}", fault.id, fault.mistake));
    section(out, "survive", survivors.collect::<Vec<_>>());
}

fn sums(out: &mut String, matrix: &Matrix) {
    let faults = matrix.faults().count();
    let killed = faults - matrix.survivors().len();
    let _ = writeln!(out, "\nfaults killed          {killed} of {faults}");
    if !matrix.whole {
        return;
    }
    let cases = matrix.cases.len();
    let kill = cases - matrix.toothless().len();
    let _ = writeln!(out, "cases that kill        {kill} of {cases}");
    let passes = matrix.null_passes();
    let passes: usize = passes.iter().map(|(_, cases)| cases.len()).sum();
    let _ = writeln!(out, "passes of null peers   {passes} without a reason");
    let unexplained = matrix.unexplained().len();
    let met = &matrix.others;
    let _ = writeln!(
        out,
        "unexplained spreads    {unexplained} (each fault met {met})"
    );
}

fn section<T: AsRef<str>>(out: &mut String, title: &str, lines: Vec<T>) {
    if !lines.is_empty() {
        let _ = writeln!(out, "\n{} {title}:", lines.len());
        for line in lines {
            let _ = writeln!(out, "  {}", line.as_ref());
        }
    }
}
