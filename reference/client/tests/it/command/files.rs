//! Keys under a passphrase, and backups.

use std::io::Write as _;

use super::*;
use crate::community::{Community, Member, id, invitation};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_passphrase_is_told_and_the_key_stays() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let private = |name: &str, text: &str| {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(folder.join(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    };
    private("right", "correct horse battery staple\n");
    private("wrong", "correct horse battery stapler\n");
    private("short", "horse\n");
    let told = refused(
        folder,
        &["keygen", "--home", "h", "--passphrase-file", "short"],
        2,
    );
    assert!(told.contains("fewer than 8 characters"), "{told}");
    let told = refused(folder, &["keygen", "--home", "h"], 2);
    assert!(told.contains("--passphrase-file"), "{told}");
    done(
        folder,
        &["keygen", "--home", "h", "--passphrase-file", "right"],
    );
    let account = std::fs::read(folder.join("h/account.json")).unwrap();
    let told = refused(
        folder,
        &[
            "backup",
            "copy",
            "--home",
            "h",
            "--passphrase-file",
            "wrong",
        ],
        2,
    );
    assert!(
        told.contains("the passphrase is another one, or the file was changed"),
        "{told}"
    );
    assert_eq!(
        std::fs::read(folder.join("h/account.json")).unwrap(),
        account
    );
    let told = refused(
        folder,
        &["keygen", "--home", "h", "--passphrase-file", "right"],
        2,
    );
    assert!(told.contains("never overwritten"), "{told}");
    done(
        folder,
        &[
            "backup",
            "copy",
            "--home",
            "h",
            "--passphrase-file",
            "right",
        ],
    );
    let told = refused(
        folder,
        &[
            "restore",
            "copy",
            "--home",
            "g",
            "--passphrase-file",
            "wrong",
        ],
        2,
    );
    assert!(told.contains("the passphrase is another one"), "{told}");
    assert!(!folder.join("g").exists());
    let told = refused(
        folder,
        &[
            "restore",
            "right",
            "--home",
            "g",
            "--passphrase-file",
            "right",
        ],
        2,
    );
    assert!(told.contains("no backup of dispatch-d/1"), "{told}");
    // a key that others can read is refused, with the way out
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.join("h/account.json"), open).unwrap();
    let told = refused(
        folder,
        &[
            "backup",
            "again",
            "--home",
            "h",
            "--passphrase-file",
            "right",
        ],
        2,
    );
    assert!(told.contains("chmod go="), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_on_on_another_device() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let link = invitation(&server).to_string();
    let folder = community.dir.path();
    settle(folder, "old", "m01");
    done(folder, &["--home", "old", "join", &link]);
    let bob = Member::join(&community, &invitation(&server), "m02").await;
    bob.client.ready().await.unwrap();
    bob.say("Hello, Alice.").await;
    done(folder, &["--home", "old", "send", "Hello, Bob."]);
    done(
        folder,
        &["--home", "old", "name", &id("m02").to_string(), "Bob"],
    );
    std::fs::write(folder.join("pass"), "correct horse battery staple").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder.join("pass"), std::fs::Permissions::from_mode(0o600)).unwrap();
    done(
        folder,
        &[
            "--home",
            "old",
            "backup",
            "copy",
            "--passphrase-file",
            "pass",
        ],
    );
    let before = done(folder, &["--home", "old", "history", "--json"]);
    done(
        folder,
        &[
            "--home",
            "new",
            "restore",
            "copy",
            "--passphrase-file",
            "pass",
        ],
    );
    let with = ["--home", "new", "--passphrase-file", "pass"];
    let after = done(folder, &[&with[..], &["history", "--json"]].concat());
    assert_eq!(after, before);
    assert_eq!(after.lines().count(), 2);
    let members = done(folder, &[&with[..], &["members"]].concat());
    assert!(members.contains("Bob"), "{members}");
    // the restored card is the one that others write to
    bob.say("Where are you now?").await;
    let after = done(folder, &[&with[..], &["history", "--last", "1"]].concat());
    assert!(after.contains("Bob: Where are you now?"), "{after}");
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_names_no_community_brings_its_cards_and_names() {
    use dispatch_protocol::backup::{Backup, Contents, ITERATIONS, Named};
    use dispatch_protocol::key::CardKey;
    use std::os::unix::fs::OpenOptionsExt as _;
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let invitation = invitation(&server);
    let alice = Member::join(&community, &invitation, "m01").await;
    alice.client.ready().await.unwrap();
    let bob = Member::join(&community, &invitation, "m02").await;
    bob.cards(2).await;
    bob.say("Before.").await;
    alice.client.close().await;
    let folder = community.dir.path();
    let store = rusqlite::Connection::open(community.folder("m01").join("keys.sqlite")).unwrap();
    let card: [u8; 32] = store
        .query_row("SELECT private FROM card", [], |row| row.get(0))
        .unwrap();
    let contents = Contents {
        private_key: crate::community::key("m01"),
        cards: vec![CardKey::from_bytes(&card)],
        communities: Vec::new(),
        names: vec![Named {
            account: id("m02"),
            name: "Bob".into(),
        }],
    };
    let salt = dispatch_protocol::bytes::Salt::new([7; 16]);
    let sealed = Backup::seal(&contents, "a passphrase", salt, *ITERATIONS.start());
    std::fs::write(folder.join("copy"), sealed.encode()).unwrap();
    let mut private = std::fs::OpenOptions::new();
    let private = private.write(true).create_new(true).mode(0o600);
    let mut file = private.open(folder.join("passphrase")).unwrap();
    file.write_all(b"a passphrase\n").unwrap();
    let with = ["--home", "h", "--passphrase-file", "passphrase"];
    done(
        folder,
        &[&with[..], &["restore", "copy", "--no-passphrase"]].concat(),
    );
    let told = done(folder, &[&with[..], &["backup", "again"]].concat());
    assert!(told.contains("1 card keys, 0 communities"), "{told}");
    done(
        folder,
        &[&with[..], &["join", &invitation.to_string()]].concat(),
    );
    let told = done(folder, &[&with[..], &["history"]].concat());
    assert!(told.contains("Bob: Before."), "{told}");
    let told = done(folder, &[&with[..], &["backup", "anew"]].concat());
    assert!(told.contains("1 card keys, 1 communities"), "{told}");
    server.shutdown().await.unwrap();
}
