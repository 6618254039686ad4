//! A chain that was made, served within this process: whoever holds it joins, is told proofs, and goes on in it.

use std::sync::Arc;

use dispatch_benches::growth::{Folder, copy, proof};
use dispatch_benches::load::community::settle;
use dispatch_benches::load::conversation::Conversation;
use dispatch_benches::load::hearing::{self, Heard};
use dispatch_benches::load::letters::Epoch;
use dispatch_benches::load::member::enter;
use dispatch_benches::load::stage::Stage;
use dispatch_benches::load::target::Target;
use dispatch_benches::load::{Load, Pace};
use dispatch_protocol::bytes::Hash;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::merkle::Tree;
use dispatch_server::{Config, Server};
use futures_util::StreamExt as _;

const BLOCKS: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_holds_the_chain_is_told_proofs_and_a_load_goes_on_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut folder = Folder::found(dir.path(), 2, 0).unwrap();
    folder.grow(BLOCKS, 40, false).unwrap();
    let served = dir.path().join("served");
    copy(&dir.path().join("community"), &served).unwrap();
    settle(&served).unwrap();
    let server = Server::start(Config::load(&served).unwrap()).await.unwrap();
    let target = Target::at(server.origin()).unwrap();
    let community = &folder.community;
    let chain = &community.state;

    let (joined, mut socket) = enter(&target, &community.writers[1], chain).await.unwrap();
    assert_eq!(joined.chain(), chain.prefix());
    for from in [1, 7, BLOCKS / 2, BLOCKS - 1, proof::worst(BLOCKS)] {
        let asked = proof::ask(&target, joined.token(), chain.tree(), from).await;
        assert_eq!(asked.unwrap().hashes, proof::hashes(from, BLOCKS));
    }
    let mut other = Tree::default();
    for index in 0..BLOCKS {
        other.append(Hash::of(&index.to_be_bytes()));
    }
    let asked = proof::ask(&target, joined.token(), &other, 7).await;
    let problem = asked.unwrap_err().to_string();
    assert!(problem.starts_with("the proof from 7 to 40: "), "{problem}");

    let again = |key: &KeyPair| Arc::new(KeyPair::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap());
    let keys: Vec<_> = community.writers.iter().map(again).collect();
    let epoch = Epoch {
        id: community.epoch,
        secret: community.secret.clone(),
    };
    let conversation = Conversation::go_on(&target, &keys, chain, epoch);
    let mut stage = Stage::of(None, target.clone(), conversation.await.unwrap());
    let load = Load {
        senders: 2,
        subscribers: 1,
        messages: 21,
        pace: Pace::Window(4),
    };
    for _ in 0..2 {
        let outcome = stage.run(load, 51).await.unwrap();
        assert_eq!(outcome.measured.accepted, 21);
        assert_eq!(outcome.measured.deliveries, 21);
    }
    // Nothing of what the member held was sent.
    let first = loop {
        let message = socket.next().await.unwrap().unwrap();
        if let Heard::Delivered(range) = hearing::dispatch(message.to_text().unwrap(), 1) {
            break range.start;
        }
    };
    assert_eq!(first, BLOCKS);
    drop((stage, socket));
    server.shutdown().await.unwrap();
}
