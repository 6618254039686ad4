//! Goal 9: how long the suite takes, as its users build it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::Line;
use crate::load::Problem;

pub(super) fn measure(tell: &mut impl FnMut(Line)) -> Result<(), Problem> {
    // Built before it is timed.
    seconds(&["--version"])?;
    for (arguments, what, most) in [
        (
            ["run"],
            "all live vectors against the embedded reference",
            3.0,
        ),
        (["selftest"], "the whole self-test", 120.0),
    ] {
        let took = seconds(&arguments)?;
        tell(Line::most(9, what, Some(took), "s", most));
    }
    Ok(())
}

/// How long `cargo conformance` takes with these arguments, cargo's own look at the sources in it.
fn seconds(arguments: &[&str]) -> Result<f64, Problem> {
    let begun = Instant::now();
    let run = Command::new("cargo")
        .arg("conformance")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::null())
        .output()
        .map_err(Problem::at("cargo"))?;
    let took = begun.elapsed().as_secs_f64();
    if run.status.success() {
        return Ok(took);
    }
    let told = String::from_utf8_lossy(&run.stdout);
    let last = told.trim_end().lines().last().unwrap_or_default();
    let words = format!(
        "cargo conformance {} ended in error: {last}",
        arguments.join(" ")
    );
    Err(Problem::new(words))
}
