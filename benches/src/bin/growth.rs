//! Long chains: their table, and folders of them to be started and verified by `dispatchd`. `growth --help` tells more.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use dispatch_benches::growth::{self, Folder, LETTERS, make_empty, room};
use dispatch_benches::load::Problem;
use dispatch_benches::load::server::{self, SERVE};

const EXAMPLES: &str = "\
Examples:
  growth table                    a thousand to a million blocks: a minute or two
  growth table --upto 100000      half a minute
  growth make FOLDER --blocks 20000 --signed";

/// Whether cost grows as it should with a chain's length and a community's members.
#[derive(Parser)]
#[command(name = "growth", after_help = EXAMPLES, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure chains, each ten times as long as the one before, and print them as a table. They are made in TMPDIR: a
    /// million blocks need 1.3 GB, and 1.8 GB must be free
    Table {
        /// Blocks of the longest chain
        #[arg(long, value_name = "BLOCKS", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..=10_000_000))]
        upto: u64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a community's folder with a long chain. Nothing but benchmarks can use it: unless all messages are signed, those
    /// before the last ones carry signatures of something else, which a start does not verify and `dispatchd verify` refuses
    Make(MakeArguments),
    #[command(name = SERVE, hide = true)]
    Serve { folder: PathBuf },
}

#[derive(Args)]
struct MakeArguments {
    /// A folder that does not exist or is empty; the community is made in `community` below it
    folder: PathBuf,
    /// How many blocks the chain is to have
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    blocks: u64,
    /// Letters of each message
    #[arg(long, default_value_t = LETTERS as u16, value_parser = clap::value_parser!(u16).range(..=40_000))]
    letters: u16,
    /// Sign every message: 0.3 to 0.8 ms each
    #[arg(long)]
    signed: bool,
}

fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Serve { folder } => return server::serve(folder.into()),
        Command::Table { upto, json } => table(upto, json),
        Command::Make(arguments) => make(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("growth: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn table(upto: u64, json: bool) -> Result<(), Problem> {
    let report = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Problem::at("the runtime could not be started"))?
        .block_on(growth::run(upto, |doing| eprintln!("growth: {doing}")))?;
    match json {
        true => {
            let text = serde_json::to_string_pretty(&report).map_err(Problem::at("the JSON"))?;
            println!("{text}");
        }
        false => print!("{report}"),
    }
    Ok(())
}

fn make(arguments: &MakeArguments) -> Result<(), Problem> {
    let MakeArguments {
        folder,
        blocks,
        letters,
        signed,
    } = arguments;
    make_empty(folder)?;
    let instead = "name a folder of another disk, or give fewer --blocks";
    room::check(folder, room::needed(*blocks, (*letters).into()), instead)?;
    let size = made(folder, *blocks, (*letters).into(), *signed)
        .map_err(Problem::at("the chain could not be made"))?;
    println!("{size} blocks in {}", folder.join("community").display());
    Ok(())
}

fn made(
    folder: &Path,
    blocks: u64,
    letters: usize,
    signed: bool,
) -> Result<u64, dispatch_server::Error> {
    let mut made = Folder::found(folder, 10, 0)?;
    made.grow(blocks, letters, signed)?;
    Ok(made.community.state.size())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        let words = std::iter::once("growth").chain(line.split_whitespace());
        match CommandLine::try_parse_from(words) {
            Ok(line) => Ok(line.command),
            Err(error) => Err(error.to_string()),
        }
    }

    fn refused(line: &str) -> String {
        match parsed(line) {
            Ok(_) => panic!("{line} is taken"),
            Err(words) => words.lines().next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn the_table_goes_up_to_a_million_blocks_unless_it_is_told_otherwise() {
        for (line, wanted) in [
            ("table", 1_000_000),
            ("table --upto 1000", 1000),
            ("table --upto 10000000 --json", 10_000_000),
        ] {
            let Ok(Command::Table { upto, .. }) = parsed(line) else {
                panic!("{line} is refused")
            };
            assert_eq!(upto, wanted);
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_the_bounds() {
        for (line, bounds) in [
            ("table --upto 999", "999 is not in 1000..=10000000"),
            (
                "table --upto 10000001",
                "10000001 is not in 1000..=10000000",
            ),
            ("table --upto many", "invalid digit"),
            ("make F --blocks 0", "0 is not in 1..=100000000"),
            ("make F --letters 40001", "40001 is not in 0..=40000"),
        ] {
            let words = refused(line);
            assert!(words.contains(bounds), "{line}: {words}");
        }
        assert!(refused("make").contains("required arguments"));
    }

    #[test]
    fn a_folder_that_is_not_empty_is_left_as_it_is() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("mine"), "mine").expect("a file");
        let arguments = MakeArguments {
            folder: dir.path().to_owned(),
            blocks: 20,
            letters: 40,
            signed: false,
        };
        let problem = make(&arguments)
            .expect_err("something is there")
            .to_string();
        assert!(problem.ends_with("name a folder that does not exist or is empty"));
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_chain_that_no_disk_holds_is_refused_before_it_is_begun() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("new");
        let arguments = MakeArguments {
            folder: folder.clone(),
            blocks: u64::MAX,
            letters: 40,
            signed: false,
        };
        let problem = make(&arguments).expect_err("no such disk").to_string();
        assert!(problem.contains("fewer --blocks"), "{problem}");
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0);
    }
}
