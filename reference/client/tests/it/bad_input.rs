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
async fn a_clock_that_is_an_hour_off_is_told_by_how_much_before_anything_is_signed() {
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
    for at in [6000, 0] {
        alice.client.close().await;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .open(&chain)
            .unwrap();
        file.seek(std::io::SeekFrom::Start(at)).unwrap();
        file.write_all(&[0x55; 3000]).unwrap();
        drop(file);
        let settings = Settings::new(invitation(&server), community.folder("m01"));
        alice = Member::start(settings, "m01").await;
        let aside = alice
            .until(|event| match event {
                Event::Repaired { aside, .. } => Some(aside),
                _ => None,
            })
            .await;
        assert!(aside.exists());
        alice.client.synced().await.unwrap();
        // the epochs' secrets and the checkpoint were elsewhere
        assert_eq!(alice.texts().await, before);
        let held = alice.client.chain().await.unwrap().unwrap();
        assert_eq!(held.size, size);
        assert!(held.checkpoint.unwrap().size >= size);
    }
    alice.say("Still here.").await;
    server.shutdown().await.unwrap();
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
