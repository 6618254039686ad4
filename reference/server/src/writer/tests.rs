//! The writer before a store that fails: what was not made durable is neither answered nor shown, and it goes on after.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use dispatch_protocol::bytes::Id;
use dispatch_protocol::chain::{State, found};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{Body, CardBody, Draft, Entry, Prefix};
use dispatch_protocol::key::{Card, KeyPair};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::Ref;
use tokio::sync::{oneshot, watch};

use super::intake::{Intake, Submission};
use super::{Command, Tip, Writer};
use crate::config::Queues;
use crate::feed::{Feed, Found};
use crate::ledger::{Batch, Ledger, Migrated, Shelf, SqliteLedger, Step, StoreError};
use crate::lobby::Lobby;
use crate::metrics::Metrics;
use crate::outbox::{Outbox, Outcome};
use crate::{checkpointer, clock};

const WORKS: u8 = 0;
const FAILS: u8 = 1;
/// The commit goes through, and its answer is lost.
const LIES: u8 = 2;

/// A store that does what it is told to do wrong.
struct Failing {
    ledger: SqliteLedger,
    fault: Arc<AtomicU8>,
    /// How often a checkpoint was to be kept.
    keeps: Arc<AtomicUsize>,
}

impl Ledger for Failing {
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        let failed = || StoreError::Failed {
            path: "store".into(),
            what: "the disk is full".into(),
        };
        match self.fault.load(Ordering::SeqCst) {
            FAILS => Err(failed()),
            LIES => self.ledger.append(batch).and(Err(failed())),
            _ => self.ledger.append(batch),
        }
    }

    fn take(&mut self) -> Result<Option<Prefix>, StoreError> {
        self.ledger.take()
    }

    fn release(&mut self) {
        self.ledger.release();
    }

    fn grown(&mut self) -> Result<Option<u64>, StoreError> {
        self.ledger.grown()
    }

    fn watch(&mut self, wake: Arc<dyn Fn() + Send + Sync>) {
        self.ledger.watch(wake);
    }

    fn keep(&mut self, checkpoint: &Checkpoint) -> Result<Checkpoint, StoreError> {
        self.keeps.fetch_add(1, Ordering::SeqCst);
        self.ledger.keep(checkpoint)
    }

    fn sweep(&mut self) -> Result<bool, StoreError> {
        self.ledger.sweep()
    }

    fn shelf(&self) -> &dyn Shelf {
        self.ledger.shelf()
    }

    fn share(&self) -> Arc<dyn Shelf> {
        self.ledger.share()
    }

    fn commons(&self) -> Option<Arc<dyn crate::ledger::Commons>> {
        self.ledger.commons()
    }

    fn sole(&self) -> Option<&Path> {
        self.ledger.sole()
    }

    fn migrate(&mut self, step: &mut dyn FnMut(Step)) -> Result<Option<Migrated>, StoreError> {
        self.ledger.migrate(step)
    }
}

struct Stage {
    _folder: tempfile::TempDir,
    authority: KeyPair,
    community: Id,
    state: Arc<RwLock<State>>,
    feed: Arc<Feed>,
    intake: Arc<Intake>,
    outbox: Arc<Outbox>,
    fault: Arc<AtomicU8>,
    keeps: Arc<AtomicUsize>,
    checkpoint: Checkpoint,
    healthy: Arc<AtomicBool>,
    writer: Option<std::thread::JoinHandle<Writer>>,
}

impl Stage {
    fn set() -> Stage {
        Stage::recovering_after(Duration::ZERO)
    }

    fn recovering_after(recovery: Duration) -> Stage {
        let key = |name: &str| {
            let path = format!(
                "{}/../../vectors/keys/{name}.test-key.pem",
                env!("CARGO_MANIFEST_DIR")
            );
            KeyPair::from_pkcs8_pem(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let (authority, server_key) = (key("authority"), key("server"));
        let folder = tempfile::tempdir().unwrap();
        let genesis = found("test", &authority, server_key.public(), clock::now()).unwrap();
        let (state, _) = State::from_genesis(genesis.clone()).unwrap();
        let store = folder.path().join("store");
        let mut ledger = SqliteLedger::create(&store, &genesis).unwrap();
        let tip = Tip::of(&state);
        let checkpoint = checkpointer::sign(tip, 0, &server_key);
        ledger.keep(&checkpoint).unwrap();
        let intake = Intake::start(2, &Queues::default()).unwrap();
        let feed = Arc::new(Feed::new(1, checkpointer::pushed(&checkpoint), 8 << 20));
        let community = state.community();
        let state = Arc::new(RwLock::new(state));
        let fault = Arc::new(AtomicU8::new(WORKS));
        let keeps = Arc::new(AtomicUsize::new(0));
        let healthy = Arc::new(AtomicBool::new(true));
        let writer = Writer {
            state: state.clone(),
            ledger: Box::new(Failing {
                ledger,
                fault: fault.clone(),
                keeps: keeps.clone(),
            }),
            authority: None,
            limits: Limits::default(),
            intake: intake.clone(),
            lobby: Arc::new(Lobby::new(state.clone(), checkpoint.clone())),
            feed: feed.clone(),
            tip: watch::Sender::new(tip),
            stale: false,
            trouble: None,
            recovery,
            healthy: healthy.clone(),
            metrics: Arc::new(Metrics::new()),
            sweep: None,
        };
        Stage {
            _folder: folder,
            authority,
            community,
            state,
            feed,
            intake,
            outbox: Arc::default(),
            fault,
            keeps,
            checkpoint,
            healthy,
            writer: Some(std::thread::spawn(|| writer.run())),
        }
    }

    fn card(&self, seq: u64, byte: u8) -> Entry {
        let mut card = [byte; 32];
        card[31] = 0;
        let draft = Draft {
            community: self.community,
            author: self.authority.public().id(),
            seq,
            seen: self.state.read().unwrap().prefix(),
            sent_at: clock::now(),
            body: Body::Card(CardBody {
                x25519: Card::new(card),
            }),
        };
        Entry::sign(draft, &self.authority)
    }

    /// Hands entries in, one behind the other, and gives their answers in the order in which they came.
    async fn submit(&self, entries: Vec<Entry>) -> Vec<(String, Result<u64, Code>)> {
        let expected = entries.len();
        for (number, entry) in entries.into_iter().enumerate() {
            let permit = self.intake.admit(1000).await.unwrap();
            let reply = self
                .outbox
                .expect(Ref::parse(&format!("n{number}")), permit);
            self.intake.submit(Submission {
                entry,
                key: self.authority.public().clone(),
                reply,
            });
        }
        let mut answers = Vec::new();
        while answers.len() < expected {
            self.outbox.arrived().await;
            answers.extend(self.outbox.take().into_iter().map(|answer| {
                let outcome = match answer.outcome {
                    Outcome::Accepted { index, .. } => Ok(index),
                    Outcome::Refused(refusal) => Err(refusal.code),
                };
                (answer.reference.unwrap().to_string(), outcome)
            }));
        }
        answers
    }

    async fn submit_one(&self, entry: Entry) -> Result<u64, Code> {
        self.submit(vec![entry]).await.remove(0).1
    }

    fn published(&self) -> u64 {
        *self.feed.growth().borrow()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.intake.close();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[tokio::test]
async fn what_is_not_durable_is_neither_accepted_nor_shown_and_may_be_offered_again() {
    let stage = Stage::set();
    assert_eq!(stage.submit_one(stage.card(2, 9)).await, Ok(1));
    let entry = stage.card(3, 9);
    stage.fault.store(FAILS, Ordering::SeqCst);
    assert_eq!(
        stage.submit_one(entry.clone()).await,
        Err(Code::Unavailable)
    );
    assert!(
        !stage.healthy.load(Ordering::SeqCst),
        "it cannot be written"
    );
    assert_eq!(stage.published(), 2);
    stage.fault.store(WORKS, Ordering::SeqCst);
    assert_eq!(stage.submit_one(entry).await, Ok(2));
    assert_eq!(stage.published(), 3);
    assert!(stage.healthy.load(Ordering::SeqCst));
}

/// Each would put off the look by which it is found that the store can be written again.
#[tokio::test]
async fn while_the_store_is_in_trouble_no_checkpoint_is_kept() {
    let stage = Stage::recovering_after(Duration::from_secs(3600));
    stage.fault.store(FAILS, Ordering::SeqCst);
    let refused = stage.submit_one(stage.card(2, 9)).await;
    assert_eq!(refused, Err(Code::Unavailable));
    stage.fault.store(WORKS, Ordering::SeqCst);
    let before = stage.keeps.load(Ordering::SeqCst);
    let (done, kept) = oneshot::channel();
    let checkpoint = stage.checkpoint.clone();
    stage.intake.command(Command::Keep(checkpoint, done));
    assert!(kept.await.is_err());
    assert_eq!(stage.keeps.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_refusal_that_rests_on_what_was_lost_is_not_given() {
    let stage = Stage::set();
    stage.fault.store(FAILS, Ordering::SeqCst);
    // The second one is a bad_seq only behind the first.
    let answers = stage
        .submit(vec![stage.card(2, 9), stage.card(2, 10)])
        .await;
    for (_, answer) in &answers {
        assert_eq!(*answer, Err(Code::Unavailable), "{answers:?}");
    }
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_and_published() {
    let stage = Stage::set();
    stage.fault.store(LIES, Ordering::SeqCst);
    assert_eq!(stage.submit_one(stage.card(2, 9)).await, Ok(1));
    assert_eq!(stage.published(), 2);
    assert!(matches!(stage.feed.find(1), Found::Frame(_)));
    stage.fault.store(WORKS, Ordering::SeqCst);
    assert_eq!(stage.submit_one(stage.card(3, 9)).await, Ok(2));
}

#[tokio::test]
async fn entries_leave_in_the_order_in_which_they_came_however_long_each_takes() {
    let stage = Stage::set();
    let mut entries: Vec<_> = (0..100).map(|number| stage.card(2 + number, 9)).collect();
    // A forged one costs as much as a good one, and holds up nobody.
    entries[50].sent_at += 1;
    let answers = stage.submit(entries).await;
    let numbers: Vec<_> = answers
        .iter()
        .map(|(reference, _)| reference.clone())
        .collect();
    assert_eq!(
        numbers,
        (0..100)
            .map(|number| format!("n{number}"))
            .collect::<Vec<_>>()
    );
    for (number, (_, answer)) in answers.iter().enumerate() {
        match number {
            0..50 => assert_eq!(*answer, Ok(number as u64 + 1)),
            50 => assert_eq!(*answer, Err(Code::BadSignature)),
            _ => assert_eq!(*answer, Err(Code::BadSeq)),
        }
    }
}

#[tokio::test]
async fn after_the_close_nothing_is_taken_and_everything_is_answered() {
    let stage = Stage::set();
    stage.intake.close();
    assert_eq!(
        stage.submit_one(stage.card(2, 9)).await,
        Err(Code::Unavailable)
    );
    assert!(stage.intake.run(|| ()).await.is_none());
}

#[tokio::test]
async fn a_panic_in_a_task_stays_with_who_asked_for_it() {
    let stage = Stage::set();
    for _ in 0..8 {
        assert!(stage.intake.run(|| panic!("on purpose")).await.is_none());
    }
    assert_eq!(stage.intake.run(|| 7).await, Some(7));
    assert_eq!(stage.submit_one(stage.card(2, 9)).await, Ok(1));
}
