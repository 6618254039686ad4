//! `cargo book`: builds the book of this project.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Builds the specification as a book, and follows each of its links.
#[derive(Debug, Parser)]
#[command(name = "book", bin_name = "cargo book")]
struct Arguments {
    /// A new folder, whose `html` the book is to be [default: target/book, which is emptied before]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = match arguments.folder {
        // Building empties it, and what is in another one may be somebody's.
        Some(folder) if folder.exists() => {
            let folder = folder.display();
            eprintln!(
                "book: {folder} is there already: name a folder that is not, or take it away"
            );
            return ExitCode::from(2);
        }
        Some(folder) => folder,
        None => project.join("target/book"),
    };
    match dispatch_book::build(&project, &out) {
        Ok(built) => {
            println!(
                "book: {} pages, one for each of {} requirements, {} diagrams; {} links followed, none broken",
                built.pages, built.requirements, built.diagrams, built.links
            );
            let index = built.index.canonicalize().unwrap_or(built.index);
            println!("open {}", index.display());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("book: {problem:#}");
            ExitCode::FAILURE
        }
    }
}
