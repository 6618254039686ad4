//! The allowlist's file is the owner's: a change becomes a roster entry, and nothing else is touched.

use std::io::Write;

use dispatch_protocol::entry::{Body, Roster};
use dispatch_protocol::refusal::Code;

use crate::client::Client;
use crate::community::{Community, key, public_pem};
use crate::member::{Member, prove};
use crate::process::Process;

fn write(community: &Community, members: &[&str]) {
    let text: String = members.iter().map(|name| public_pem(name)).collect();
    std::fs::write(community.path("allowlist"), text).unwrap();
}

fn append(community: &Community, text: &str) {
    let mut file = std::fs::File::options()
        .append(true)
        .open(community.path("allowlist"))
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn on_roster(member: &Member, name: &str) -> bool {
    member.chain().on_roster(&key(name).public().id())
}

#[tokio::test]
async fn a_key_that_is_added_to_the_file_joins_without_a_restart() {
    let community = Community::with(&["m01"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    append(&community, &public_pem("m02"));
    member.read_to(3).await;
    assert!(on_roster(&member, "m02"));
    Member::join(&server, "m02").await;
}

#[tokio::test]
async fn a_key_that_is_taken_out_of_the_file_ends_its_sessions() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    write(&community, &["m02"]);
    assert_eq!(member.client.bye().await, Code::Removed);
    let mut client = Client::dial(&server).await;
    let outcome = prove(&mut client, &server, &key("m01"), None, None).await;
    assert_eq!(outcome.err(), Some(Code::NotAllowed));
}

#[tokio::test]
async fn what_the_authority_did_over_the_socket_stays() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut authority = Member::join(&server, "authority").await;
    // m03 comes and m02 goes, neither by the file.
    let m03 = key("m03").public().to_bytes();
    let change = Roster {
        add: vec![m03],
        remove: vec![key("m02").public().id()],
    };
    let size = authority.say(Body::Roster(change)).await + 1;
    // The file still names m02, and gains m04: m02 stays out.
    append(&community, &public_pem("m04"));
    authority.read_to(size + 1).await;
    assert!(
        on_roster(&authority, "m04")
            && on_roster(&authority, "m03")
            && !on_roster(&authority, "m02")
    );
    // The file never named m03: that it does not name it is no wish to remove it.
    write(&community, &["m01"]);
    authority.read_to(size + 2).await;
    assert!(
        on_roster(&authority, "m03")
            && on_roster(&authority, "m01")
            && !on_roster(&authority, "m04")
    );
    // Whoever left the file may come back by it.
    write(&community, &["m01", "m02"]);
    authority.read_to(size + 3).await;
    assert!(on_roster(&authority, "m02"));
}

#[tokio::test]
async fn a_bad_line_changes_nothing_until_it_is_mended() {
    let community = Community::with(&["m01", "m02"]);
    let mut process = Process::serve(&community);
    let mut member = Member::join(&process.target, "m01").await;
    // m02 is gone and m03 is new, but the last line is cut off.
    let good = format!("{}{}", public_pem("m01"), public_pem("m03"));
    std::fs::write(
        community.path("allowlist"),
        format!("{good}ssh-rsa AAAAB3Nza\n"),
    )
    .unwrap();
    let told = process.says("the allowlist cannot be used");
    assert!(
        told.contains("ERROR") && told.contains("allowlist:"),
        "{told}"
    );
    assert_eq!(member.say(crate::member::card(1)).await, 2);
    std::fs::write(community.path("allowlist"), good).unwrap();
    member.read_to(4).await;
    assert!(on_roster(&member, "m03") && !on_roster(&member, "m02"));
}

#[tokio::test]
async fn what_was_changed_while_the_server_was_down_is_followed_at_its_start() {
    let community = Community::with(&["m01", "m02"]);
    community.serve().await.shutdown().await.unwrap();
    write(&community, &["m01", "m03"]);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    assert!(on_roster(&member, "m03") && !on_roster(&member, "m02"));
    assert_eq!(member.size(), 3);
    server.shutdown().await.unwrap();
    // Nothing changed: nothing is appended.
    let server = community.serve().await;
    assert_eq!(Member::join(&server, "m01").await.size(), 3);
}

#[tokio::test]
async fn without_the_authoritys_key_the_file_is_not_used() {
    let mut community = Community::with(&["m01"]);
    community.config.authority_key = None;
    let server = community.serve().await;
    let authority = Member::join(&server, "authority").await;
    assert_eq!(authority.size(), 1);
}

#[tokio::test]
async fn many_keys_are_split_into_entries_that_fit_a_frame() {
    let community = Community::founded(&[], |founding| {
        founding.limits.frame_bytes = 65_536;
        founding.limits.ciphertext_bytes = 16_384;
        founding.limits.wraps = 256;
    });
    let mut text = public_pem("m01");
    for number in 0..400_u32 {
        text.push_str(&made_up_key(number));
    }
    append(&community, &text);
    let server = community.serve().await;
    let member = Member::join(&server, "m01").await;
    assert_eq!(member.chain().roster().count(), 402);
    assert!(member.size() > 3, "one entry cannot hold them all");
}

/// An OpenSSH line of a key that nobody has: a number of 4096 bits, odd, and different for each.
fn made_up_key(number: u32) -> String {
    let mut modulus = vec![0xd5; 512];
    modulus[8..12].copy_from_slice(&number.to_be_bytes());
    let mut blob = Vec::new();
    for part in [
        b"ssh-rsa".to_vec(),
        vec![1, 0, 1],
        [vec![0], modulus].concat(),
    ] {
        blob.extend_from_slice(&(part.len() as u32).to_be_bytes());
        blob.extend_from_slice(&part);
    }
    format!(
        "ssh-rsa {} made-up-{number}\n",
        data_encoding::BASE64.encode(&blob)
    )
}

#[tokio::test]
async fn a_link_is_followed_to_the_file_that_it_names() {
    let community = Community::with(&["m01", "m02"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("members");
    std::fs::rename(community.path("allowlist"), &target).unwrap();
    std::os::unix::fs::symlink(&target, community.path("allowlist")).unwrap();
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    std::fs::write(&target, public_pem("m02")).unwrap();
    assert_eq!(member.client.bye().await, Code::Removed);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn half_a_save_removes_nobody() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m02").await;
    // an editor that writes in place: m02 is gone until it goes on
    let mut file = std::fs::File::create(community.path("allowlist")).unwrap();
    file.write_all(public_pem("m01").as_bytes()).unwrap();
    file.flush().unwrap();
    // another file's save is noticed in the same folder, and is none of the allowlist
    std::fs::write(community.path("note"), "half").unwrap();
    file.write_all(public_pem("m02").as_bytes()).unwrap();
    file.write_all(public_pem("m03").as_bytes()).unwrap();
    drop(file);
    member.read_to(3).await;
    assert!(on_roster(&member, "m02") && on_roster(&member, "m03"));
}

#[tokio::test]
async fn a_file_that_holds_nothing_removes_nobody() {
    let community = Community::with(&["m01", "m02"]);
    let server = community.serve().await;
    let mut member = Member::join(&server, "m01").await;
    std::fs::write(community.path("allowlist"), "\n").unwrap();
    // what is saved after it shows that nothing came of it
    let all: String = ["m01", "m02", "m03"].map(public_pem).concat();
    std::fs::write(community.path("allowlist"), all).unwrap();
    member.read_to(3).await;
    assert!(
        ["m01", "m02", "m03"]
            .iter()
            .all(|name| on_roster(&member, name))
    );
}
