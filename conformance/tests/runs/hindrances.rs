//! What hinders a case is told, with what to do; it is not told as a fault of the server.

use std::process::Command;

#[cfg(unix)]
#[test]
fn a_suite_that_may_open_few_files_says_so_and_blames_nobody() {
    let output = Command::new("sh")
        .args(["-c", r#"ulimit -n 1500 && exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_dispatch-conformance"))
        .args(["run", "lim-thousand-joins"])
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("UNTESTABLE"), "{text}");
    assert!(
        text.contains("ulimit -n 2200") && text.contains("--without many-connections"),
        "{text}"
    );
}
