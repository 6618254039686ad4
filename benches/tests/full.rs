//! What must hold at full load, by the program that shows it: counts, not times.

use std::process::Command;

/// What a part of `loadgen full` printed; it must have held.
fn shown(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .arg("full")
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8(run.stdout).unwrap();
    let problem = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.success(), "{told}{problem}");
    told
}

#[test]
fn a_server_that_is_killed_in_the_midst_of_full_load_loses_doubles_and_forks_nothing() {
    let told = shown(&["kill"]);
    for words in [
        "10 times, 10 of them with messages unanswered",
        "; lost 0, doubled 0\n",
        "; forked 0\n",
        "dispatchd verify    good  ",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}

#[test]
fn the_suite_comes_to_the_same_verdicts_at_full_load() {
    let told = shown(&["suite"]);
    for words in [
        " PASS, 25 UNSUPPORTED; otherwise than at rest 0\n",
        "; lost 0, doubled 0\n",
        "; forked 0\n",
        "dispatchd verify    good  ",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
}
