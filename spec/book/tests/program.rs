//! The program, run as `cargo book` runs it.

use std::process::Command;

#[test]
fn the_book_of_this_project_is_built_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("book");
    let done = Command::new(env!("CARGO_BIN_EXE_book"))
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let problem = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{problem}");
    assert!(said.contains("none broken"), "{said}");
    assert!(out.join("html/requirements/JOIN-4.html").is_file());
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("html");
    std::fs::create_dir(&kept).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_book"))
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("is there already"));
    assert!(kept.is_dir());
}
