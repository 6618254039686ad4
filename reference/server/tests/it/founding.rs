//! Founding a community: whole, or not at all.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dispatch_server::{Founding, Server, init};

use crate::community::{Community, copy_of};

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn problem(dir: &Path, founding: &Founding) -> String {
    init(dir, founding).expect_err("it is refused").to_string()
}

#[test]
fn a_new_community_has_its_five_files_and_its_keys_are_its_owners_alone() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("deep/community");
    let config = init(&dir, &Founding::default()).unwrap();
    assert_eq!(
        names(&dir),
        [
            "allowlist",
            "authority-key.pem",
            "dispatchd.toml",
            "server-key.pem",
            "store"
        ]
    );
    for secret in ["authority-key.pem", "server-key.pem", "store/chain.sqlite"] {
        let mode = std::fs::metadata(dir.join(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    assert_eq!(
        std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert!(config.community.is_some());
}

#[test]
fn keys_that_are_given_stay_where_they_are() {
    let community = Community::with(&["m01"]);
    assert_eq!(
        names(&community.path("")),
        ["allowlist", "dispatchd.toml", "store"]
    );
    assert_eq!(
        community.config.authority_key,
        Some(community.dir.path().join("authority.pem"))
    );
    let allowlist = std::fs::read_to_string(community.path("allowlist")).unwrap();
    assert!(allowlist.contains("# m01\n-----BEGIN PUBLIC KEY-----"));
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_behind() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("community");
    let good = Founding {
        authority_key: Some(copy_of("authority", parent.path())),
        server_key: Some(copy_of("server", parent.path())),
        ..Founding::default()
    };
    let bad_file = parent.path().join("keys");
    std::fs::write(&bad_file, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me\n").unwrap();
    let cases = [
        (
            Founding {
                name: String::new(),
                ..good.clone()
            },
            "1 to 128 bytes",
        ),
        (
            Founding {
                server_key: Some(copy_of("authority", parent.path())),
                ..good.clone()
            },
            "must not be the authority's",
        ),
        (
            Founding {
                server_key: Some(parent.path().join("none.pem")),
                ..good.clone()
            },
            "none.pem: there is no such file",
        ),
        (
            Founding {
                origins: vec!["chat.example.org".to_owned()],
                ..good.clone()
            },
            "is not an origin",
        ),
        (
            Founding {
                bind: ([0, 0, 0, 0], 7311).into(),
                ..good.clone()
            },
            "--origin",
        ),
        (
            Founding {
                allow: vec![bad_file.clone()],
                ..good.clone()
            },
            "keys:1: an Ed25519 key",
        ),
    ];
    for (founding, wanted) in cases {
        let found = problem(&dir, &founding);
        assert!(found.contains(wanted), "{found}");
        assert!(!dir.exists(), "{wanted}: the folder is left");
        std::fs::create_dir(&dir).unwrap();
        problem(&dir, &founding);
        assert_eq!(names(&dir), [""; 0], "{wanted}: a file is left");
        std::fs::remove_dir(&dir).unwrap();
    }
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("notes"), "mine").unwrap();
    assert!(problem(&dir, &good).contains("not empty"));
    assert_eq!(names(&dir), ["notes"]);
    std::fs::remove_file(dir.join("notes")).unwrap();
    init(&dir, &good).unwrap();
    let before = std::fs::read(dir.join("store/chain.sqlite")).unwrap();
    assert!(problem(&dir, &good).contains("a community or a backup here already"));
    assert_eq!(
        std::fs::read(dir.join("store/chain.sqlite")).unwrap(),
        before
    );
}

#[test]
fn a_key_that_others_can_read_is_not_taken() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("community");
    let key = copy_of("authority", parent.path());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let founding = Founding {
        authority_key: Some(key),
        ..Founding::default()
    };
    let found = problem(&dir, &founding);
    assert!(
        found.contains("authority.pem: this private key is open to other users (mode 0644)"),
        "{found}"
    );
    assert!(!dir.exists());
}

#[test]
fn what_an_interrupted_founding_left_is_cleared_away_by_the_next_one() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("community");
    let founding = Founding {
        authority_key: Some(copy_of("authority", parent.path())),
        ..Founding::default()
    };
    init(&dir, &founding).unwrap();
    // As if the power had gone while the files were moved to their place: the configuration was the last to come.
    std::fs::create_dir(dir.join(".dispatchd-init")).unwrap();
    std::fs::write(
        dir.join(".dispatchd-init/moving"),
        "server-key.pem\nstore\nallowlist\ndispatchd.toml",
    )
    .unwrap();
    std::fs::rename(
        dir.join("dispatchd.toml"),
        dir.join(".dispatchd-init/dispatchd.toml"),
    )
    .unwrap();
    let old = std::fs::read(dir.join("server-key.pem")).unwrap();
    assert!(
        dispatch_server::Config::load(&dir)
            .unwrap_err()
            .to_string()
            .contains("no community is configured here")
    );
    init(&dir, &founding).unwrap();
    assert_eq!(
        names(&dir),
        ["allowlist", "dispatchd.toml", "server-key.pem", "store"]
    );
    assert_ne!(std::fs::read(dir.join("server-key.pem")).unwrap(), old);
}

#[tokio::test]
async fn the_library_founds_and_serves_on_any_free_port() {
    let community = Community::with(&[]);
    let server = Server::start(community.config.clone()).await.unwrap();
    assert_eq!(server.origin(), format!("http://{}", server.address()));
    assert_eq!(Some(server.community()), community.config.community);
    server.shutdown().await.unwrap();
}
