//! The ceiling program within this process, under the generator's small load: counts, and that it verifies at all.

use std::fs;
use std::sync::Arc;

use dispatch_benches::ceiling::serve_on;
use dispatch_benches::ceiling::stage::Stage;
use dispatch_benches::ceiling::wire::MESSAGE;
use dispatch_benches::keys;
use dispatch_benches::load::target::Target;
use dispatch_benches::load::{Load, Pace};
use dispatch_protocol::key::KeyPair;
use tokio::net::TcpListener;

const LOAD: Load = Load {
    senders: 2,
    subscribers: 2,
    messages: 51,
    pace: Pace::Window(8),
};

/// A program that knows these authors, and the folder of its chain.
async fn program(authors: &[Arc<KeyPair>]) -> (Target, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::at(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let keys = authors.iter().map(|key| key.public().clone()).collect();
    let chain = folder.path().join("chain");
    tokio::spawn(async move { serve_on(listener, keys, &chain).await.unwrap() });
    (target, folder)
}

fn authors(count: usize) -> Vec<Arc<KeyPair>> {
    keys::make(count).into_iter().map(Arc::new).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ceiling_answers_each_message_once_stores_it_and_delivers_it_to_all_who_read() {
    let authors = authors(2);
    let (target, folder) = program(&authors).await;
    let mut stage = Stage::within(target, authors);
    for senders_read in [true, false] {
        let outcome = stage.run(LOAD, senders_read).await.unwrap();
        assert_eq!(outcome.measured.accepted, 51);
        assert_eq!(outcome.measured.deliveries, 2 * 51);
    }
    let stored = fs::metadata(folder.path().join("chain")).unwrap().len();
    assert!(stored > 2 * 51 * (MESSAGE as u64 - 8), "{stored} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ceiling_refuses_a_signature_of_somebody_else() {
    let known = authors(2);
    let (target, folder) = program(&known).await;
    let mut stage = Stage::within(target, authors(2));
    let problem = stage.run(LOAD, true).await.unwrap_err().to_string();
    assert!(problem.contains("does not verify"), "{problem}");
    assert_eq!(fs::metadata(folder.path().join("chain")).unwrap().len(), 0);
}
