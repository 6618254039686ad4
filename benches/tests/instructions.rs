//! Counting where there is nothing to count.

use std::path::Path;

use dispatch_benches::instructions::{CountError, count};

// Beside the crate's own tests a process that is being started would hold the locks of their stores for a moment.
#[test]
fn what_does_not_come_to_its_end_beneath_valgrind_and_what_has_no_steps_are_told() {
    match count(Path::new("/bin/false"), &[]) {
        Err(CountError::NoValgrind) => return, // `./test` installs it, `cargo test` does not
        Err(CountError::Failed { status, .. }) => assert!(status.contains('1'), "{status}"),
        other => panic!("{other:?}"),
    }
    match count(Path::new("/bin/true"), &[]) {
        Err(CountError::Steps { found: 0, .. }) => {}
        other => panic!("{other:?}"),
    }
}
