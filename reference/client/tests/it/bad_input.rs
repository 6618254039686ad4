//! What people, disks and clocks get wrong: each is a sentence that says what to do, and nothing is lost.

use std::io::{Seek as _, Write as _};
use std::sync::Arc;

use dispatch_client::{Addressed, Blame, Error, Event, Id, Invitation, Settings, Verdict};

use crate::community::{Community, Member, invitation};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_on_the_roster_is_told_what_to_send_to_whom() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let settings = Settings::new(invitation(&server), community.folder("m02"));
    let stranger = Member::start(settings, "m02").await;
    let error = stranger.client.synced().await.unwrap_err();
    assert_eq!((error.blame(), error.exit_code()), (Blame::Server, 2));
    let told = error.to_string();
    assert!(
        told.contains("send its public key (`dispatch id --key`) to the community's owner"),
        "{told}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_of_another_community_is_refused_before_anything_is_signed() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let other = Invitation::new(server.origin(), Id::new([7; 32])).unwrap();
    let member = Member::start(Settings::new(other, community.folder("m01")), "m01").await;
    let error = member.client.synced().await.unwrap_err();
    let Error::Server { finding, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (finding.verdict, finding.requirement),
        (Verdict::WrongGenesis, "INV-2")
    );
    assert!(
        error
            .to_string()
            .contains("ask whoever sent it for a new one"),
        "{error}"
    );

    // a folder that holds another community is not touched
    let folder = community.folder("m01-good");
    let right = Settings::new(invitation(&server), &folder);
    let member = Member::start(right, "m01").await;
    member.client.ready().await.unwrap();
    member.client.close().await;
    let other = Invitation::new(server.origin(), Id::new([7; 32])).unwrap();
    let key = Arc::new(crate::community::key("m01"));
    let refused = dispatch_client::Client::start(Settings::new(other, &folder), key).await;
    let error = refused.map(drop).unwrap_err();
    assert!(
        error.to_string().contains("holds another community"),
        "{error}"
    );
    let key = Arc::new(crate::community::key("m02"));
    let right = Settings::new(invitation(&server), &folder);
    let refused = dispatch_client::Client::start(right, key).await;
    let error = refused.map(drop).unwrap_err();
    assert!(
        error.to_string().contains("belongs to the account"),
        "{error}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_off_is_told_to_whoever_waits_for_the_card() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut settings = Settings::new(invitation(&server), community.folder("m01"));
    let right = settings.clock.clone();
    settings.clock = Arc::new(move || right() + 3_600_000);
    let alice = Member::start(settings, "m01").await;
    let ready = crate::community::patiently(alice.client.ready()).await;
    let error = ready.unwrap_err();
    assert!(matches!(error, Error::Clock(_)), "{error}");
    alice.client.close().await;
    // with the right time it is published
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    alice.client.ready().await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_off_is_told_by_is_told_by_how_much_before_anything_is_signed() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    alice.client.ready().await.unwrap();
    alice.client.close().await;
    for (hours, told) in [
        (1, "1 h 0 min ahead of the server's"),
        (-1, "1 h 0 min behind the server's"),
    ] {
        let mut settings = Settings::new(invitation(&server), community.folder("m01"));
        let right = settings.clock.clone();
        settings.clock = Arc::new(move || right().saturating_add_signed(hours * 3_600_000));
        let alice = Member::start(settings, "m01").await;
        // reading goes on
        alice.client.synced().await.unwrap();
        let error = alice
            .client
            .send("Now?", Addressed::default())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert_eq!(error.exit_code(), 2);
        alice.client.close().await;
    }
    // nothing was signed: the number is free
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    alice.say("Now.").await;
    assert_eq!(alice.texts().await, ["Now."]);
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_of_the_chain_is_set_aside_and_fetched_again() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut alice = Member::join(&community, &invitation(&server), "m01").await;
    for n in 0..20 {
        alice.say(&format!("Message {n}.")).await;
    }
    let before = alice.texts().await;
    let size = alice.client.chain().await.unwrap().unwrap().size;
    alice.covered(size).await;
    let chain = community.folder("m01").join("chain.sqlite");
    // somewhere in the middle, then the head of the file
    let damage = |at| {
        let file = std::fs::OpenOptions::new().write(true).open(&chain);
        let mut file = file.unwrap();
        file.seek(std::io::SeekFrom::Start(at)).unwrap();
        file.write_all(&[0x55; 3000]).unwrap();
    };
    let repaired = |event| match event {
        Event::Repaired { aside, .. } => Some(aside),
        _ => None,
    };
    let settings = Settings::new(invitation(&server), community.folder("m01"));
    for at in [6000, 0] {
        alice.client.close().await;
        damage(at);
        alice = Member::start(settings.clone(), "m01").await;
        let aside = alice.until(repaired).await;
        alice.client.synced().await.unwrap();
        // all of it is held again; the copy would keep what is redacted later
        assert!(!aside.exists(), "{}", aside.display());
        // the epochs' secrets and the checkpoint were elsewhere
        assert_eq!(alice.texts().await, before);
        let held = alice.client.chain().await.unwrap().unwrap();
        assert_eq!(held.size, size);
        assert!(held.checkpoint.unwrap().size >= size);
    }
    alice.say("Still here.").await;
    alice.client.close().await;
    server.shutdown().await.unwrap();

    // where nobody hands the chain out, nothing is deleted
    damage(0);
    let mut alice = Member::start(settings, "m01").await;
    let aside = alice.until(repaired).await;
    let ended = |event| matches!(event, Event::Disconnected { .. }).then_some(());
    alice.until(ended).await;
    assert!(aside.exists(), "{}", aside.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_is_told_by_its_length() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    let long = "x".repeat(65_536);
    let error = alice
        .client
        .send(&long, Addressed::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("send it in parts"), "{error}");
    alice.say("Short.").await;
    server.shutdown().await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let alice = Member::join(&community, &invitation(&server), "m01").await;
    alice.client.close().await;
    let folder = community.folder("m01");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["keys.sqlite", "chain.sqlite"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let key = Arc::new(crate::community::key("m01"));
    let started = dispatch_client::Client::start(Settings::new(invitation(&server), &folder), key);
    let error = started.await.map(drop).unwrap_err();
    assert!(error.to_string().contains("chmod go="), "{error}");
    server.shutdown().await.unwrap();
}

/// A file system of this size, where this process may mount one.
#[cfg(target_os = "linux")]
struct Small(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Small {
    fn mount(at: std::path::PathBuf, options: &str) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&at);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(at))
    }

    fn grow(&self, options: &str) {
        let mut mount = std::process::Command::new("mount");
        mount
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0);
        assert!(mount.status().unwrap().success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

/// Needs to be root; the store's own tests fill a bounded file wherever they run.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_client_with_a_sentence_and_the_next_one_has_everything() {
    let community = Community::with(&["m01", "m02"]);
    let Some(disk) = Small::mount(community.folder("disk"), "size=1m,mode=0700") else {
        eprintln!("not root: nothing can be mounted here");
        return;
    };
    let server = community.serve().await;
    let settings = Settings::new(invitation(&server), disk.0.join("m01"));
    let mut alice = Member::start(settings.clone(), "m01").await;
    alice.client.ready().await.unwrap();
    let bob = Member::join(&community, &invitation(&server), "m02").await;
    bob.client.ready().await.unwrap();
    alice.say("Hello.").await;
    for _ in 0..20 {
        bob.say(&"x".repeat(60_000)).await;
    }
    let why = alice
        .until(|event| match event {
            Event::Disconnected { reason, retry_in } => {
                assert_eq!(retry_in, None);
                Some(reason)
            }
            _ => None,
        })
        .await;
    assert!(
        why.contains("the disk is full; nothing was lost, make room"),
        "{why}"
    );
    disk.grow("size=64m");
    let alice = Member::start(settings, "m01").await;
    alice.say("Room again.").await;
    let texts = alice.texts().await;
    assert_eq!((texts.len(), texts[0].as_str()), (22, "Hello."));
    alice.client.close().await;
    server.shutdown().await.unwrap();
}
