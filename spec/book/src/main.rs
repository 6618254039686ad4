//! `cargo book`: builds the book of this project into target/book.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = project.join("target/book");
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
