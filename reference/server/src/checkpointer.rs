//! Signs checkpoints beside the way of a message: as soon as there is a new block, but no more often than four times in
//! `checkpoint_ms`, so that each block is covered well within it [CHECK-3], [CHECK-16] and signing stays a small part of the work.

use std::sync::Arc;
use std::time::Duration;

use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::wire::ServerFrame;
use tokio::sync::{oneshot, watch};

use crate::clock;
use crate::feed::{Feed, Pushed};
use crate::lobby::Lobby;
use crate::writer::intake::Intake;
use crate::writer::{Command, Tip};

/// Whom a checkpoint is told to.
pub(crate) struct Checkpointer {
    pub(crate) server_key: Arc<KeyPair>,
    pub(crate) intake: Arc<Intake>,
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) checkpoint_ms: u64,
}

impl Checkpointer {
    /// Works until the writer, which tells of the chain's growth, has ended.
    pub(crate) async fn run(self, mut last: Checkpoint, mut tip: watch::Receiver<Tip>) {
        let pause = Duration::from_millis(self.checkpoint_ms / 4);
        while tip.changed().await.is_ok() {
            let begun = tokio::time::Instant::now();
            let latest = *tip.borrow_and_update();
            while latest.description.size > last.size {
                let key = self.server_key.clone();
                let before = last.time;
                let Some(signed) = self.intake.run(move || sign(latest, before, &key)).await else {
                    return;
                };
                match self.keep(signed.clone()).await {
                    // Not published before it is kept: of several processes that share a store each has signed one.
                    // Another one's is as good, and where it covers less a new one has to be later than it. // [CHECK-15]
                    Some(kept) => {
                        let is_news = kept.size > last.size;
                        last = kept;
                        if is_news {
                            // The lobby first: a welcome has the latest one. // [CHECK-5]
                            self.lobby.set_checkpoint(last.clone());
                            self.feed.push_checkpoint(pushed(&last));
                        }
                    }
                    None => tokio::time::sleep(pause).await,
                }
            }
            tokio::time::sleep_until(begun + pause).await;
        }
    }

    /// Has the writer keep a checkpoint. Gives the one that is kept then; none if the store could not be written.
    async fn keep(&self, checkpoint: Checkpoint) -> Option<Checkpoint> {
        let (done, kept) = oneshot::channel();
        self.intake.command(Command::Keep(checkpoint, done));
        kept.await.ok()
    }
}

/// Signs what the durable chain is. // [CHECK-1], [CHECK-2], [CHECK-14]
pub(crate) fn sign(tip: Tip, before: u64, server_key: &KeyPair) -> Checkpoint {
    // [CHECK-9], [CHECK-15]
    let time = clock::now().max(tip.time).max(before);
    Checkpoint::sign(tip.description, time, server_key)
}

/// A checkpoint as it is pushed.
pub(crate) fn pushed(checkpoint: &Checkpoint) -> Pushed {
    let frame = ServerFrame::Checkpoint {
        checkpoint: checkpoint.clone(),
    };
    Pushed {
        size: checkpoint.size,
        text: crate::house::text(&frame),
    }
}
