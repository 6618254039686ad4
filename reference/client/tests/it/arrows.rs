//! Who may lean on whom: the client on the protocol alone. The server is there for these tests.

use std::path::Path;

#[test]
fn the_client_leans_on_the_protocol_alone() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(own.join("Cargo.toml")).unwrap();
    let (dependencies, _) = manifest.split_once("[dev-dependencies]").unwrap();
    let ours: Vec<&str> = dependencies
        .lines()
        .filter(|line| line.starts_with("dispatch-"))
        .collect();
    assert_eq!(ours, ["dispatch-protocol.workspace = true"]);
    assert!(!manifest.contains("dispatch-conformance"));
    let mut folders = vec![own.join("src")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for other in ["dispatch_server", "dispatch_conformance"] {
                assert!(!text.contains(other), "{} names {other}", path.display());
            }
            count += 1;
        }
    }
    assert!(count > 15, "only {count} sources were found");
}
