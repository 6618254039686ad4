//! Which mutant is on (`DISPATCH_MUTANT`), and which switches a process met (appended to the file `DISPATCH_MUTANTS_MET`).

use std::{
    env,
    fs::{File, OpenOptions},
    io::Write,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

static ON: LazyLock<u32> =
    LazyLock::new(|| env::var("DISPATCH_MUTANT").map_or(u32::MAX, |number| number.parse().expect("a number")));
static MET_FILE: LazyLock<Option<File>> = LazyLock::new(|| {
    let path = env::var_os("DISPATCH_MUTANTS_MET")?;
    Some(OpenOptions::new().create(true).append(true).open(path).expect("a file"))
});
static MET: [AtomicBool; 4096] = [const { AtomicBool::new(false) }; 4096];

/// Whether this mutant is on.
pub fn active(number: u32) -> bool {
    if let Some(mut file) = MET_FILE.as_ref()
        && !MET[number as usize].swap(true, Ordering::Relaxed)
    {
        file.write_all(format!("{number}\n").as_bytes()).expect("the file takes a line");
    }
    *ON == number
}
