//! Servers that are not to be trusted: one that is restored from a copy, and the control server, wrong on purpose.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dispatch_client::{
    Addressed, Client, Error, Event, Evidence, Id, Invitation, Settings, Verdict,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::community::{Community, Member, invitation, program};

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &copied),
            false => drop(std::fs::copy(&path, &copied).unwrap()),
        }
    }
}

/// Starts a member who must come upon something; gives what.
async fn finding(settings: Settings, name: &str) -> (Verdict, Option<PathBuf>) {
    let mut member = Member::start(settings, name).await;
    let found = member
        .until(|event| match event {
            // the first word of it; a better one follows
            Event::Finding { finding, .. } if finding.requirement == "CHECK-12" => None,
            Event::Finding { finding, evidence } => Some((finding.verdict, evidence)),
            Event::Disconnected {
                reason,
                retry_in: None,
            } => panic!("{reason}"),
            _ => None,
        })
        .await;
    // nothing more is taken, and whoever asks is told why
    let error = member
        .client
        .send("?", Addressed::default())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Server { .. }), "{error}");
    assert_eq!(error.exit_code(), 1);
    found
}

/// What `dispatch verify` says of a file: its exit code and its output.
fn verified(path: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dispatch"))
        .arg("verify")
        .arg(path)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restored_from_a_copy_rolls_back_and_then_forks() {
    let community = Community::with(&["m01", "m02"]);
    let (folder, aside) = (community.folder("community"), community.folder("aside"));
    let server = community.serve().await;
    let mut config = community.config.clone();
    config.bind = server.address();
    let invitation = invitation(&server);
    let mut alice = Member::join(&community, &invitation, "m01").await;
    alice.say("One.").await;
    server.shutdown().await.unwrap();
    copy(&folder, &aside);
    let server = dispatch_server::Server::start(config.clone())
        .await
        .unwrap();
    let mut last = 0;
    for text in ["Two, which will be unsaid.", "Three.", "Four.", "Five."] {
        last = alice.say(text).await;
    }
    alice.covered(last + 1).await;
    alice.client.close().await;
    server.shutdown().await.unwrap();

    // the copy comes back
    std::fs::remove_dir_all(&folder).unwrap();
    copy(&aside, &folder);
    let server = dispatch_server::Server::start(config.clone())
        .await
        .unwrap();
    let settings = || Settings::new(invitation.clone(), community.folder("m01"));
    let (verdict, evidence) = finding(settings(), "m01").await;
    assert_eq!((verdict, evidence), (Verdict::Rollback, None));

    // and goes on with others: two chains under one signature, at first a shorter one, then a longer one
    let mut bob = Member::join(&community, &invitation, "m02").await;
    let mut proofs = Vec::new();
    for texts in [
        &["Another two."][..],
        &["Three, too.", "Four.", "Five.", "Six.", "Seven."][..],
    ] {
        let mut at = 0;
        for text in texts {
            at = bob.say(text).await;
        }
        bob.covered(at + 1).await;
        let (verdict, evidence) = finding(settings(), "m01").await;
        assert_eq!(verdict, Verdict::Fork);
        let evidence = evidence.expect("two checkpoints convict it");
        let read = Evidence::decode(&std::fs::read_to_string(&evidence).unwrap()).unwrap();
        assert_eq!(Id::from(read.genesis.hash()), server.community());
        // which of the two is the one that Alice kept
        proofs.push((read.first.size == last + 1, read.second.size == last + 1));
        let (code, said) = verified(&evidence);
        assert_eq!(code, 0);
        assert!(
            said.contains("proven: the server of the community"),
            "{said}"
        );
        // a bit of the evidence is changed, and it proves nothing
        let text = std::fs::read_to_string(&evidence).unwrap();
        let spoilt = community.folder("spoilt.json");
        let changed = text.replace(&read.second.head.to_string(), &read.first.head.to_string());
        std::fs::write(&spoilt, changed).unwrap();
        assert_eq!(verified(&spoilt).0, 1);
    }
    assert_eq!(proofs, [(false, true), (true, false)]);

    // what Alice held is still there, and whole
    let (code, said) = verified(&community.folder("m01"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("every signature verified"), "{said}");
    server.shutdown().await.unwrap();
}

/// The control server, with a fault.
struct Control {
    child: Child,
    origin: String,
}

impl Control {
    fn start(fault: &str) -> Self {
        let mut child = Command::new(suite())
            .args(["control", "--fault", fault])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut origin = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut origin).unwrap();
        let origin = origin.trim().trim_end_matches('/').to_owned();
        Self { child, origin }
    }

    /// The invitation to it, by what its discovery document says.
    async fn invitation(&self) -> Invitation {
        let address = self.origin.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /.well-known/dispatch-d HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, id) = answer.split_once(r#""community":""#).unwrap();
        // the first one named is the document's, or that of genesis, which is all zeros
        let ids = answer
            .split(r#""community":""#)
            .skip(1)
            .map(|rest| &rest[..43]);
        let id = ids
            .into_iter()
            .find(|id| !id.starts_with("AAAAAAAA"))
            .unwrap_or(id);
        Invitation::new(&self.origin, Id::decode(id).unwrap()).unwrap()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The suite's program.
fn suite() -> PathBuf {
    let name = "dispatch-conformance";
    program(name, &["-p", name, "--bin", name])
}

/// What a member comes upon at the control server with this fault, from the join to a message and a second connection.
async fn control(fault: &str) -> (Verdict, Option<PathBuf>, tempfile::TempDir) {
    let control = Control::start(fault);
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::new(control.invitation().await, dir.path().join("m01"));
    for _ in 0..3 {
        let mut member = Member::start(settings.clone(), "m01").await;
        let talker = member.client.clone();
        let talk = say(&talker);
        tokio::select! {
            found = found(&mut member) => return (found.0, found.1, dir),
            _ = talk => {}
        }
        // a checkpoint comes within a second, and may be what is wrong
        let look = tokio::time::timeout(std::time::Duration::from_secs(3), found(&mut member));
        if let Ok((verdict, evidence)) = look.await {
            return (verdict, evidence, dir);
        }
        member.client.close().await;
    }
    panic!("{fault}: nobody noticed")
}

async fn say(client: &Client) -> Result<(), Error> {
    client.synced().await?;
    client.send("Hello.", Addressed::default()).await?;
    client.send("Hello again.", Addressed::default()).await?;
    Ok(())
}

async fn found(member: &mut Member) -> (Verdict, Option<PathBuf>) {
    while let Some(event) = member.events.next().await {
        if let Event::Finding { finding, evidence } = event {
            return (finding.verdict, evidence);
        }
    }
    std::future::pending().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_servers_faults_are_found() {
    use dispatch_protocol::refusal::Code;
    for (fault, due) in [
        ("CHAIN-2", Verdict::BadPrev),
        ("CHAIN-5", Verdict::Fork),
        ("CHAIN-5/id", Verdict::Fork),
        ("CHAIN-6", Verdict::Code(Code::BadSignature)),
        ("CHECK-1", Verdict::BadCheckpoint),
        ("CHECK-2/root", Verdict::Fork),
        ("JOIN-16", Verdict::BadWelcome),
        ("SYNC-2/twice", Verdict::BadIndex),
        ("TREE-1", Verdict::Fork),
        ("CHAIN-7/fork", Verdict::Fork),
    ] {
        let (verdict, evidence, _dir) = control(fault).await;
        assert_eq!(verdict, due, "{fault}");
        if let Some(evidence) = evidence {
            assert_eq!(verified(&evidence).0, 0, "{fault}");
        }
    }
}
