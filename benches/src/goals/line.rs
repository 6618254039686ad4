//! A line of the table.

use std::fmt;

use serde::Serialize;

/// Whether a goal holds here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    DoesNotHold,
    /// It was not measured, and why.
    NotMeasured(String),
    /// A figure to be read beside the others; no goal is set for it.
    Told,
}

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The goal's number.
    pub goal: u8,
    /// What was measured.
    pub what: String,
    /// What came out, with its unit.
    pub figure: String,
    /// The figure as a multiple of what is wanted. None where nothing is wanted or measured.
    pub ratio: Option<f64>,
    /// What is wanted.
    pub wanted: String,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// Why a figure of the server's process may be missing.
const UNTOLD: &str = "the system does not tell the server's share";

impl Line {
    /// A figure that must not exceed another.
    pub fn most(goal: u8, what: &str, value: Option<f64>, unit: &str, most: f64) -> Line {
        let wanted = format!("at most {most} {unit}");
        Line::bounded(goal, what, value, unit, (wanted, most, f64::le))
    }

    /// A figure that must reach another.
    pub fn least(goal: u8, what: &str, value: Option<f64>, unit: &str, least: f64) -> Line {
        let wanted = format!("at least {least} {unit}");
        Line::bounded(goal, what, value, unit, (wanted, least, f64::ge))
    }

    fn bounded(
        goal: u8,
        what: &str,
        value: Option<f64>,
        unit: &str,
        (wanted, bound, holds): (String, f64, fn(&f64, &f64) -> bool),
    ) -> Line {
        let Some(value) = value else {
            return Line::not_measured(goal, what, &wanted, UNTOLD);
        };
        Line {
            goal,
            what: what.to_owned(),
            figure: format!("{value:.2} {unit}"),
            ratio: Some(value / bound),
            wanted,
            verdict: match holds(&value, &bound) {
                true => Verdict::Holds,
                false => Verdict::DoesNotHold,
            },
        }
    }

    /// A goal that was not measured here.
    pub fn not_measured(goal: u8, what: &str, wanted: &str, why: &str) -> Line {
        Line {
            goal,
            what: what.to_owned(),
            figure: String::new(),
            ratio: None,
            wanted: wanted.to_owned(),
            verdict: Verdict::NotMeasured(why.to_owned()),
        }
    }

    /// A figure without a goal.
    pub fn told(goal: u8, what: &str, figure: String) -> Line {
        Line {
            goal,
            what: what.to_owned(),
            figure,
            ratio: None,
            wanted: String::new(),
            verdict: Verdict::Told,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match &self.verdict {
            Verdict::Holds => "holds here".to_owned(),
            Verdict::DoesNotHold => "does not hold here".to_owned(),
            Verdict::NotMeasured(why) => format!("not measured: {why}"),
            Verdict::Told => "-".to_owned(),
        };
        let ratio = self
            .ratio
            .map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let Line {
            goal,
            what,
            figure,
            wanted,
            ..
        } = self;
        write!(
            f,
            "({goal}) {what:<61} {figure:<30} {ratio:>5}  {wanted:<29} {verdict}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_holds_up_to_its_bound_and_is_told_where_nothing_was_measured() {
        let most = |value| Line::most(1, "it", value, "µs", 1.5).verdict;
        assert_eq!(most(Some(1.5)), Verdict::Holds);
        assert_eq!(most(Some(1.51)), Verdict::DoesNotHold);
        assert!(matches!(most(None), Verdict::NotMeasured(_)));
        let least = |value| Line::least(1, "it", value, "of it", 0.6).verdict;
        assert_eq!(least(Some(0.6)), Verdict::Holds);
        assert_eq!(least(Some(0.59)), Verdict::DoesNotHold);
    }

    #[test]
    fn a_line_tells_its_figure_the_ratio_to_what_is_wanted_and_the_verdict() {
        let lines = [
            Line::told(1, "8 connections: accepted", "40000/s".to_owned()),
            Line::most(1, "its time", Some(2.42), "verifications", 2.2),
            Line::least(1, "accepted ÷ the ceiling", Some(0.75), "of it", 0.6),
            Line::most(2, "each delivery", None, "µs", 1.5),
            Line::not_measured(3, "beside another", "at least 6 times it", "it is not here"),
        ];
        let table = lines.map(|line| line.to_string()).join("\n");
        insta::assert_snapshot!(table);
    }
}
