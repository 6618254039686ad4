//! Makes a community's folder with a long chain, to be started and verified by `dispatchd`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dispatch_benches::growth::Folder;

/// Makes a community's folder with a long chain. Nothing but benchmarks can use it: unless all messages are signed, those
/// before the last ones carry signatures of something else, which a start does not verify and `dispatchd verify` refuses.
#[derive(Parser)]
struct Arguments {
    /// An empty folder; the community is made in `community` below it.
    folder: PathBuf,
    /// How many blocks the chain is to have.
    #[arg(long, default_value_t = 100_000)]
    blocks: u64,
    /// Letters of each message.
    #[arg(long, default_value_t = 420)]
    letters: usize,
    /// Sign every message: 0.3 to 0.8 ms each.
    #[arg(long)]
    signed: bool,
}

fn main() -> ExitCode {
    let Arguments {
        folder,
        blocks,
        letters,
        signed,
    } = Arguments::parse();
    let made = Folder::found(&folder, 10, 0)
        .and_then(|mut made| made.grow(blocks, letters, signed).map(|()| made));
    match made {
        Ok(made) => {
            let size = made.community.state.size();
            println!("{size} blocks in {}", folder.join("community").display());
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("growth: {problem}");
            ExitCode::FAILURE
        }
    }
}
