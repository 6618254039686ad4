//! Goal 5: how fast a chain is verified by one who has nothing but its store, held against verification alone on all cores, and
//! whether that takes more memory for a longer chain.

use std::ffi::OsStr;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use dispatch_protocol::key::PublicKey;
use dispatch_server::benching::verify;

use super::Line;
use crate::chain::{Community, Signing};
use crate::growth::{Folder, LETTERS, room};
use crate::load::Problem;
use crate::load::usage::Watched;

/// The hidden sub-command by which this program runs itself again, to verify one store.
pub const VERIFY: &str = "verify-store";

/// Blocks of the shorter chain, which is longer than what is read ahead, and of the longer.
const BLOCKS: (u64, u64) = (20_000, 60_000);

/// How often both are timed, in turn. Odd, so that one is in the middle.
const ROUNDS: usize = 3;

/// Signatures that are verified alone, again and again.
const SIGNATURES: usize = 512;

/// Verifies the store and prints how many microseconds that took and how many bytes were resident at the end, where what was
/// freed is mostly still there.
///
/// # Errors
/// What is wrong with it.
pub fn verify_store(store: &OsStr) -> Result<(), Problem> {
    let begun = Instant::now();
    let state = verify(Path::new(store)).map_err(Problem::at("the store"))?;
    let took = begun.elapsed();
    let resident = Watched::new(std::process::id()).resident()?;
    println!("{} {} {resident}", took.as_micros(), state.size());
    Ok(())
}

/// What a process that verifies a store says.
struct Verified {
    each: Duration,
    resident: u64,
}

pub(super) fn measure(tell: &mut impl FnMut(Line)) -> Result<(), Problem> {
    let dir = tempfile::tempdir().map_err(Problem::at("a temporary folder"))?;
    let instead = "set TMPDIR to a folder of another disk";
    room::check(
        dir.path(),
        room::needed(BLOCKS.0 + BLOCKS.1, LETTERS as u64),
        instead,
    )?;
    let store = |blocks: u64| -> Result<_, Problem> {
        let folder = dir.path().join(blocks.to_string());
        std::fs::create_dir(&folder).map_err(Problem::at("a temporary folder"))?;
        let mut made = Folder::found(&folder, 10, 0).map_err(Problem::at("a community"))?;
        let grown = made.grow(blocks, LETTERS, true);
        grown.map_err(Problem::at("a chain"))?;
        Ok(made.config.store)
    };
    let (short, long) = (store(BLOCKS.0)?, store(BLOCKS.1)?);
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let signed = signed();
    let mut shares = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..ROUNDS {
        let alone = alone(&signed, cores);
        let whole = apart(&long, BLOCKS.1)?;
        shares.push(alone.as_secs_f64() / whole.each.as_secs_f64());
        let less = apart(&short, BLOCKS.0)?;
        memory.push(whole.resident as f64 / less.resident as f64);
    }
    let what = format!(
        "{} blocks verified ÷ verification alone on {cores} cores",
        BLOCKS.1
    );
    tell(share(&what, middle(shares)));
    let what = format!("its memory: {} ÷ {} blocks", BLOCKS.1, BLOCKS.0);
    tell(Line::most(5, &what, middle(memory), "times", 1.25));
    Ok(())
}

/// Nothing that does more is faster: a machine that says so was busy with something else.
fn share(what: &str, share: Option<f64>) -> Line {
    let wanted = 0.85;
    match share {
        Some(share) if share > 1.0 => {
            let why = format!("{share:.2}, above 1: the machine is too busy with other work");
            Line::not_measured(5, what, &format!("at least {wanted} of it"), &why)
        }
        share => Line::least(5, what, share, "of it", wanted),
    }
}

fn middle(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(ROUNDS / 2).copied()
}

/// Verifies a store in a process of its own.
fn apart(store: &Path, blocks: u64) -> Result<Verified, Problem> {
    let program = std::env::current_exe().map_err(Problem::at("this program"))?;
    let run = Command::new(program).arg(VERIFY).arg(store).output();
    let run = run.map_err(Problem::at("this program"))?;
    let said = String::from_utf8_lossy(&run.stdout);
    let mut figures = said.split_whitespace().map(str::parse::<u64>);
    match (figures.next(), figures.next(), figures.next()) {
        (Some(Ok(micros)), Some(Ok(size)), Some(Ok(resident))) if size == blocks => Ok(Verified {
            each: Duration::from_micros(micros) / blocks as u32,
            resident,
        }),
        _ => {
            let told = String::from_utf8_lossy(&run.stderr);
            Err(Problem::new(format!(
                "a store was not verified: {}",
                told.trim()
            )))
        }
    }
}

/// Messages to verify: the key, the tuple's bytes and the signature.
fn signed() -> Vec<(PublicKey, Vec<u8>, Vec<u8>)> {
    let (community, _) = Community::found(4, 0);
    let messages = community.messages(SIGNATURES, LETTERS, Signing::Real);
    let each = messages.into_iter().map(|entry| {
        let key = community.state.key_of(&entry.author).expect("a member");
        (key.clone(), entry.tuple(), entry.signature.to_vec())
    });
    each.collect()
}

/// The time that one verification takes where all cores do nothing else.
fn alone(signed: &[(PublicKey, Vec<u8>, Vec<u8>)], cores: NonZeroUsize) -> Duration {
    let rounds = 8;
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores.get() {
            scope.spawn(|| {
                for (key, tuple, signature) in (0..rounds).flat_map(|_| signed) {
                    key.verify(black_box(tuple), signature)
                        .expect("its author's");
                }
            });
        }
    });
    begun.elapsed() / (rounds * signed.len() * cores.get()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_rounds_counts() {
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
    }

    #[test]
    fn a_chain_that_seems_faster_than_its_signatures_was_not_measured() {
        use crate::goals::Verdict;
        assert_eq!(share("it", Some(0.85)).verdict, Verdict::Holds);
        assert_eq!(share("it", Some(0.84)).verdict, Verdict::DoesNotHold);
        let busy = share("it", Some(1.01)).verdict;
        assert!(matches!(busy, Verdict::NotMeasured(_)), "{busy:?}");
    }

    #[test]
    fn a_store_that_does_not_verify_is_not_timed() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut made = Folder::found(dir.path(), 2, 0).expect("a community");
        made.grow(400, 40, false).expect("a chain");
        let problem = verify_store(made.config.store.as_os_str());
        let problem = problem.expect_err("recycled signatures").to_string();
        assert!(problem.contains("damaged at block"), "{problem}");
    }

    #[test]
    fn what_is_verified_alone_verifies() {
        assert!(alone(&signed()[..16], NonZeroUsize::MIN) > Duration::ZERO);
    }
}
