//! `dispatch` as people run it.

mod bad_input;
mod files;
mod tail;
mod walk;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::community::key_file;

/// Runs `dispatch` in a folder.
pub fn dispatch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dispatch"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("DISPATCH_HOME")
        .env_remove("DISPATCH_PASSPHRASE_FILE")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs it, and expects that it is done.
pub fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = dispatch(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    out(&output)
}

/// Runs it, and expects that it is refused with this exit code; gives the sentence.
pub fn refused(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = dispatch(folder, arguments);
    let told = err(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    told
}

/// Makes a home for a test account.
pub fn settle(folder: &Path, home: &str, name: &str) {
    let import = key_file(name).display().to_string();
    let keygen = ["--home", home, "keygen", "--no-passphrase", "--import"];
    done(folder, &[&keygen[..], &[&import]].concat());
}
