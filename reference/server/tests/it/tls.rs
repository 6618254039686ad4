//! TLS that the server speaks itself, and a certificate that is renewed while it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dispatch_server::{Error, Running, Server, TlsFiles};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate::certified;
use crate::client::{Client, SOON, Target};
use crate::community::Community;
use crate::member::{Member, card};
use crate::process::Process;

/// Writes a certificate for these names, and its key, into a folder; the certificate's bytes.
fn certify(folder: &Path, names: &[&str]) -> CertificateDer<'static> {
    let made = certified(names);
    save(&folder.join("key.pem"), &made.key_pem);
    save(&folder.join("certificate.pem"), &made.certificate_pem);
    made.certificate
}

/// As a program that renews certificates does it: a new file in the old one's place, for its owner alone.
fn save(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let made = path.with_extension("new");
    std::fs::write(&made, text).unwrap();
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(made, path).unwrap();
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    }
}

/// A community on a free port that speaks TLS with a certificate for 127.0.0.1.
fn community(members: &[&str]) -> (Community, CertificateDer<'static>) {
    let mut community = Community::with(members);
    let certificate = certify(community.dir.path(), &["127.0.0.1", "localhost"]);
    community.config.tls = Some(files(community.dir.path()));
    (community, certificate)
}

async fn shake_hands(
    server: &Target,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address).await?;
    let name = ServerName::from(server.address.ip());
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The discovery document's status, asked for by TLS.
async fn discovery(server: &Target, trusted: &CertificateDer<'static>) -> u16 {
    let stream = shake_hands(server, trusted).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/.well-known/dispatch-d").header("Host", "here");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}

fn target(server: &Running) -> Target {
    Target::from(server)
}

#[tokio::test]
async fn members_talk_over_tls_and_nothing_is_said_in_the_clear() {
    let (community, certificate) = community(&["m01"]);
    let server = community.serve().await;
    let target = target(&server);
    assert!(target.origin.starts_with("https://127.0.0.1:"));
    assert_eq!(discovery(&target, &certificate).await, 200);

    let stream = shake_hands(&target, &certificate).await.unwrap();
    let client = Client::over(stream, target.address).await;
    let mut member = Member::join_on(client, &target, "m01", None).await;
    member.say(card(9)).await;

    let mut plain = crate::http::bytes::Wire::dial(&server).await;
    plain
        .send("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        .await;
    let answer = plain.rest().await;
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
}

#[tokio::test]
async fn another_servers_certificate_is_not_taken() {
    let (community, _) = community(&[]);
    let server = community.serve().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let other = certify(elsewhere.path(), &["127.0.0.1"]);
    assert!(shake_hands(&target(&server), &other).await.is_err());
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up_in_time() {
    let (mut community, _) = community(&[]);
    community.config.join_within = Duration::from_millis(300);
    let server = community.serve().await;
    let mut silent = TcpStream::connect(server.address()).await.unwrap();
    let mut byte = [0];
    let read = tokio::time::timeout(SOON, silent.read(&mut byte)).await;
    assert!(matches!(read.expect("it is closed soon"), Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_is_refused_at_the_start_by_its_name() {
    let (community, _) = community(&[]);
    let folder = community.dir.path();
    let refused = async || match Server::start(community.config.clone()).await {
        Err(Error::Configuration(problem)) => problem,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    };
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let good = std::fs::read_to_string(&key).unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    certify(elsewhere.path(), &["127.0.0.1"]);
    std::fs::copy(elsewhere.path().join("key.pem"), &key).unwrap();
    let told = refused().await;
    assert!(
        told.contains("key.pem: the key does not belong to the certificate in "),
        "{told}"
    );

    save(
        &key,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let told = refused().await;
    assert!(told.contains("key.pem: no private key in PEM"), "{told}");

    save(&key, &good);
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let told = refused().await;
    assert!(
        told.contains("key.pem: everybody on this machine can read"),
        "{told}"
    );

    save(&key, &good);
    save(&certificate, "nothing\n");
    let told = refused().await;
    assert!(
        told.contains("certificate.pem: no certificate in PEM"),
        "{told}"
    );

    std::fs::remove_file(&certificate).unwrap();
    let told = refused().await;
    assert!(
        told.contains("certificate.pem: there is no such file"),
        "{told}"
    );
}

/// Served by the program, which says in its log what it does.
fn process(community: &Community) -> Process {
    process_of(community, community.dir.path())
}

/// The same, with its certificate and key in this folder.
fn process_of(community: &Community, folder: &Path) -> Process {
    use std::io::Write as _;
    let path = community.path("dispatchd.toml");
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    let folder = folder.display();
    writeln!(
        file,
        "\n[tls]\ncertificate = \"{folder}/certificate.pem\"\nkey = \"{folder}/key.pem\""
    )
    .unwrap();
    Process::serve(community)
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_never() {
    let (community, old) = community(&["m01"]);
    let folder = community.dir.path();
    let mut server = process(&community);
    let target = server.target.clone();
    assert_eq!(discovery(&target, &old).await, 200);
    let stream = shake_hands(&target, &old).await.unwrap();
    let client = Client::over(stream, target.address).await;
    let mut member = Member::join_on(client, &target, "m01", None).await;

    save(&folder.join("certificate.pem"), "half of a certif");
    let told = server.says("the certificate cannot be used");
    assert!(told.contains("certificate.pem"), "{told}");
    assert_eq!(
        discovery(&target, &old).await,
        200,
        "the one before is shown on"
    );

    // Half of a renewal: the key has not come yet.
    let elsewhere = tempfile::tempdir().unwrap();
    certify(elsewhere.path(), &["127.0.0.1"]);
    let half = std::fs::read_to_string(elsewhere.path().join("certificate.pem")).unwrap();
    save(&folder.join("certificate.pem"), &half);
    server.says("the key does not belong to the certificate");
    assert_eq!(discovery(&target, &old).await, 200);

    let new = certify(folder, &["127.0.0.1"]);
    server.says("the certificate was read anew");
    assert_eq!(discovery(&target, &new).await, 200);
    assert!(shake_hands(&target, &old).await.is_err());

    // Connections that stand are not touched.
    member.say(card(9)).await;
    server.signal("-TERM");
    assert_eq!(server.end(), Some(0));
}

#[tokio::test]
async fn a_hangup_has_the_certificate_read_anew_where_no_change_is_seen() {
    let (community, _) = community(&[]);
    let folder = community.dir.path();
    // In a folder behind a link: what changes is neither a file's name nor its words.
    let place = |name: &str| {
        let place = folder.join(name);
        std::fs::create_dir(&place).unwrap();
        let certificate = certify(&place, &["127.0.0.1"]);
        let link = folder.join("link");
        std::os::unix::fs::symlink(&place, &link).unwrap();
        std::fs::rename(link, folder.join("live")).unwrap();
        certificate
    };
    let old = place("one");
    let mut server = process_of(&community, &folder.join("live"));
    let target = server.target.clone();
    assert_eq!(discovery(&target, &old).await, 200);
    let new = place("two");
    server.signal("-HUP");
    server.says("the certificate was read anew");
    assert_eq!(discovery(&target, &new).await, 200);
    // From then on it is the new place that is watched.
    let newest = certify(&folder.join("two"), &["127.0.0.1"]);
    server.says("the certificate was read anew");
    assert_eq!(discovery(&target, &newest).await, 200);
    server.signal("-TERM");
    assert_eq!(server.end(), Some(0), "a hangup ends nothing");
}

#[tokio::test]
async fn what_the_log_says_is_to_be_mended_is_noticed_when_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let (community, _) = community(&[]);
    let folder = community.dir.path();
    let mut server = process(&community);
    let target = server.target.clone();
    // Through links that lead elsewhere, as a cluster's secrets do.
    let elsewhere = tempfile::tempdir().unwrap();
    let new = certify(elsewhere.path(), &["127.0.0.1"]);
    let key = elsewhere.path().join("key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["key.pem", "certificate.pem"] {
        let link = folder.join("link");
        std::os::unix::fs::symlink(elsewhere.path().join(name), &link).unwrap();
        std::fs::rename(link, folder.join(name)).unwrap();
    }
    server.says("everybody on this machine can read this private key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    server.says("the certificate was read anew");
    assert_eq!(discovery(&target, &new).await, 200);
}

#[tokio::test]
async fn an_owner_is_told_of_a_certificate_for_other_names() {
    let (community, _) = community(&[]);
    certify(community.dir.path(), &["elsewhere.example"]);
    let path = community.path("dispatchd.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "# origins = [",
        "origins = [\"https://chat.example.org\"] # [",
    );
    std::fs::write(path, text).unwrap();
    let log = &process(&community).begin;
    assert!(log.contains("does not name this origin's host"), "{log}");
    assert!(log.contains("chat.example.org"), "{log}");
    let read = CertificateDer::from_pem_file(community.dir.path().join("certificate.pem"));
    assert!(read.is_ok());
}
