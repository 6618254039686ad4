//! What `loadgen cluster` prints, over a real PostgreSQL: every load on every way to serve, and nothing lost.

use std::process::Command;

use dispatch_benches::table::masked;

#[test]
fn the_table_of_the_ways_to_serve() {
    let output = Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(["cluster", "--messages", "320", "--readers", "10"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    insta::assert_snapshot!(masked(&String::from_utf8_lossy(&output.stdout)));
}
