//! `matrix`: several runs side by side, as a page.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Library, complain};
use crate::{
    bundle,
    exit::Exit,
    report::matrix::{Column, render},
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Bundles, or reports (json), each with the implementation's name before it if the file's name is not to stand for it
    #[arg(value_name = "[NAME=]BUNDLE", required = true)]
    runs: Vec<String>,
    /// The page's file
    #[arg(long, value_name = "PATH", default_value = "matrix.html")]
    to: PathBuf,
}

pub fn execute(arguments: &Arguments, library: &Library) -> Result<Exit, Exit> {
    let usage = |why: String| complain(Exit::Usage, &why);
    let mut columns = Vec::new();
    for run in &arguments.runs {
        let (name, path) = match run.split_once('=') {
            Some((name, path)) => (name.to_owned(), PathBuf::from(path)),
            None => {
                let path = PathBuf::from(run);
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                (stem, path)
            }
        };
        let result = bundle::result(&path).map_err(usage)?;
        columns.push(Column { name, result });
    }
    fs::write(&arguments.to, render(&columns, &library.requirements))
        .map_err(|error| usage(format!("{}: {error}", arguments.to.display())))?;
    anstream::println!(
        "{} runs side by side in {}",
        columns.len(),
        arguments.to.display()
    );
    Ok(Exit::Conformant)
}
