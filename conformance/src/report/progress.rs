//! Tells how a run goes: a bar on a terminal, a line for each case where that is asked for.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::terminal;
use crate::{
    result::{CaseResult, Verdict},
    run::Watcher,
    scenario::Case,
};

/// Shows progress on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    verbose: bool,
    running: Vec<String>,
    failed: usize,
}

impl Progress {
    /// Progress of so many cases; with `verbose` each one gets a line.
    pub fn of(cases: usize, verbose: bool) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(cases as u64);
            let form = "{bar:30} {pos}/{len}  {msg}";
            bar.set_style(
                ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            verbose,
            running: Vec::new(),
            failed: 0,
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        let failed = if self.failed > 0 {
            format!("{} failed  ", self.failed)
        } else {
            String::new()
        };
        self.bar
            .set_message(format!("{failed}{}", self.running.join(" ")));
    }
}

impl Watcher for Progress {
    fn begins(&mut self, case: &Case) {
        self.running.push(case.id.clone());
        self.show();
    }

    fn ends(&mut self, result: &CaseResult) {
        self.running.retain(|id| *id != result.id);
        self.failed += usize::from(result.verdict.counts_as_failure());
        self.bar.inc(1);
        self.show();
        if self.verbose {
            let line = format!(
                "{}  {:.0} ms",
                terminal::headline(result),
                result.duration.as_secs_f64() * 1000.0
            );
            self.bar.suspend(|| anstream::eprintln!("{line}"));
        } else if result.verdict == Verdict::HarnessError {
            self.bar
                .suspend(|| anstream::eprintln!("{}", terminal::headline(result)));
        }
    }
}
