//! `list`: the live cases.

use clap::Args;
use owo_colors::OwoColorize;

use super::{Library, complain};
use crate::{exit::Exit, requirement::Level, scenario::Capability, selector};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Cases, requirements, areas such as JOIN, or patterns with * and ?
    #[arg(value_name = "SELECTOR")]
    selectors: Vec<String>,
    /// Only cases of at least this level: MUST, SHOULD or MAY
    #[arg(long)]
    level: Option<Level>,
}

pub fn execute(arguments: &Arguments, library: &Library) -> Exit {
    let selected = selector::select(
        &arguments.selectors,
        arguments.level,
        &library.vectors,
        &library.requirements,
    );
    let cases = match selected {
        Ok(cases) => cases,
        Err(nothing) => return complain(Exit::Usage, &nothing.to_string()),
    };
    let width = cases
        .iter()
        .map(|case| case.id.len())
        .max()
        .unwrap_or_default();
    for case in &cases {
        let needs: Vec<&str> = case.needs.iter().copied().map(Capability::name).collect();
        let needs = if needs.is_empty() {
            String::new()
        } else {
            format!("  (needs {})", needs.join(", "))
        };
        let id = format!("{:width$}", case.id);
        let requirements = case.requirements.join(" ");
        anstream::println!(
            "{}  {:<6}  {}  {}{}",
            id.bold(),
            case.level.to_string(),
            requirements.cyan(),
            case.title,
            needs.dimmed()
        );
    }
    anstream::println!("{} cases", cases.len());
    Exit::Conformant
}
