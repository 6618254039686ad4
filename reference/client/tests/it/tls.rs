//! A server behind TLS: its certificate is verified, and the origin is https.

use std::sync::Arc;

use dispatch_client::{Event, Invitation, Settings};
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::community::{Community, Member};
use crate::proxy;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_behind_tls_is_joined_if_its_certificate_is_trusted() {
    let listener = proxy::listen().await;
    let origin = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let community =
        Community::founded(&["m01"], |founding| founding.origins = vec![origin.clone()]);
    let server = community.serve().await;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let (acceptor, address) = (TlsAcceptor::from(Arc::new(config)), server.address());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(stream).await else {
                    return;
                };
                let mut server = TcpStream::connect(address).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });

    let invitation = Invitation::new(&origin, server.community()).unwrap();
    let roots = |certificates: Vec<_>| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(certificates);
        let config = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Some(Arc::new(config))
    };
    let mut settings = Settings::new(invitation, community.folder("m01"));
    settings.tls = roots(Vec::new());
    let mut stranger = Member::start(settings.clone(), "m01").await;
    let why = stranger
        .until(|event| match event {
            Event::Disconnected { reason, .. } => Some(reason),
            _ => None,
        })
        .await;
    assert!(why.contains("certificate"), "{why}");
    stranger.client.close().await;
    settings.tls = roots(vec![certificate]);
    let alice = Member::start(settings, "m01").await;
    alice.say("Hello.").await;
    assert_eq!(alice.texts().await, ["Hello."]);
    alice.client.close().await;
    server.shutdown().await.unwrap();
}
