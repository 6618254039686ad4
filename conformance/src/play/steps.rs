//! What each verb does.

pub mod check;
mod connect;
mod expect;
mod http;
mod process;
mod send;
mod shortcut;
mod submit;
mod wire;

use std::time::Duration;

use super::{Stage, miss::Miss};
use crate::{
    peer::server::now,
    scenario::{
        Step,
        step::{Verb, WaitUntil},
    },
};

impl Stage {
    /// Does what a step says.
    pub(super) async fn step(&mut self, step: &Step) -> Result<(), Miss> {
        match &step.verb {
            Verb::Open(step) => self.open(step).await,
            Verb::Join(step) => self.join(step).await,
            Verb::Send(step) => self.send(step).await,
            Verb::Ping(step) => self.ping(step).await,
            Verb::Expect(step) => self.expect(step).await,
            Verb::ExpectRefused(step) => self.expect_refused(step).await,
            Verb::ExpectBlock(step) => self.expect_block(step).await,
            Verb::ExpectCheckpoint(step) => self.expect_checkpoint(step).await,
            Verb::ExpectEnd(step) => self.expect_end(step).await,
            Verb::Make(step) => self.make(step),
            Verb::Submit(step) => self.submit(step).await,
            Verb::Post(step) => self.post(step).await,
            Verb::Answers(step) => self.answers(step).await,
            Verb::Card(step) => self.card(step).await,
            Verb::Epoch(step) => self.epoch(step).await,
            Verb::Message(step) => self.message(step).await,
            Verb::Roster(step) => self.roster(step).await,
            Verb::Stall(step) => self
                .connection(&step.on)
                .map(|connection| connection.read_on(false)),
            Verb::Unstall(step) => self
                .connection(&step.on)
                .map(|connection| connection.read_on(true)),
            Verb::WaitUntil(step) => self.wait_until(step).await,
            Verb::Http(step) => self.http(step).await,
            Verb::Answered(step) => self.answered(step).await,
            Verb::Close(step) => self.close(&step.on).await,
            Verb::Kill(_) => self.kill().await,
            Verb::Stop(_) => self.stop().await,
            Verb::Start(_) => self.start().await,
            Verb::KillAmid(step) => self.kill_amid(step).await,
            Verb::Again(step) => self.again(step).await,
            Verb::Dial(step) => self.dial(step).await,
            Verb::Wire(step) => self.wire(step).await,
            Verb::HangUp(step) => self.hang_up(step),
            Verb::Check(step) => self.check(step),
            Verb::Repeat(_) => Err(Miss::harness("a `repeat` is played around its steps")),
        }
    }

    async fn wait_until(&mut self, step: &WaitUntil) -> Result<(), Miss> {
        let due = self.number(&step.time)? + step.past;
        tokio::time::sleep(Duration::from_millis(due.saturating_sub(now()))).await;
        Ok(())
    }
}
