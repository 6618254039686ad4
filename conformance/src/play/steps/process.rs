//! `kill`, `stop`, `start`, `kill_amid`, `again`: what happens to the server itself.
//!
//! A kill is tied to what was seen, never to a time: the moment the last awaited answer, block or checkpoint arrives, the
//! process gets SIGKILL while further messages are in flight.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use crate::{
    peer::{connection::Missing, observer::Observer},
    play::{Stage, body, entry::Draft, miss::Miss},
    result::{Direction, Verdict},
    scenario::step::{Again, EntryRef, KillAmid, Sight},
    spawn::Spawned,
};

impl Stage {
    fn process(&self) -> Result<Arc<Spawned>, Miss> {
        let process = self.server.process.clone();
        process.ok_or_else(|| Miss::harness("the suite did not start this server"))
    }

    fn tell(&self, what: &str) {
        self.timeline.add("server", Direction::Happened, what);
    }

    /// Kills the server, and takes in what was under way on every connection.
    pub(super) async fn kill(&mut self) -> Result<(), Miss> {
        let killed = self.process()?.kill().await;
        killed
            .map_err(|error| Miss::harness(format!("the server could not be killed: {error}")))?;
        self.tell("(killed)");
        self.see_ends().await;
        Ok(())
    }

    pub(super) async fn stop(&mut self) -> Result<(), Miss> {
        let process = self.process()?;
        self.tell("(asked to stop)");
        process.stop().await.map_err(|fault| {
            Miss::other("a server that stops when it is asked to", fault.to_string())
        })?;
        self.tell("(has stopped)");
        self.see_ends().await;
        Ok(())
    }

    /// Reads every connection of a process that is gone to its end: what had arrived counts.
    async fn see_ends(&mut self) {
        self.unsettling = true;
        for connection in self.connections.values_mut() {
            if connection.ended().is_none() {
                // However it ended; who says `bye` is asked for elsewhere.
                let _ = connection.end().await;
            }
        }
    }

    pub(super) async fn start(&mut self) -> Result<(), Miss> {
        let started = self.process()?.start().await;
        started.map_err(|fault| Miss {
            verdict: Verdict::Crashed,
            ..Miss::other("a server that starts again", fault.to_string())
        })?;
        self.tell("(started)");
        Ok(())
    }

    pub(super) async fn kill_amid(&mut self, step: &KillAmid) -> Result<(), Miss> {
        let after = self.number(&step.after)?;
        if after == 0 || step.in_flight == 0 {
            return Err(Miss::harness("a `kill_amid` awaits at least one message"));
        }
        let count = after + step.in_flight;
        for number in 0..count {
            self.make_message(step, number)?;
        }
        let at_first = match step.sight {
            Sight::Answer => step.in_flight,
            Sight::Block | Sight::Checkpoint => count,
        };
        for number in 0..at_first {
            self.post_made(&step.on, &step.name, number).await?;
        }
        match step.sight {
            Sight::Answer => {
                for number in 0..after {
                    self.take_accepted(&step.on, &step.name, number).await?;
                    self.post_made(&step.on, &step.name, number + at_first)
                        .await?;
                }
            }
            Sight::Block | Sight::Checkpoint => self.see(step, after - 1).await?,
        }
        self.kill().await
    }

    pub(super) async fn again(&mut self, step: &Again) -> Result<(), Miss> {
        let made = |stage: &Self, number| {
            let name = format!("{}-{number}", stage.numbered(&step.name));
            stage.made.contains_key(&name)
        };
        let count = (0..).take_while(|number| made(self, *number)).count() as u64;
        if count == 0 {
            return Err(Miss::harness(format!(
                "no message is called `{}-0`",
                step.name
            )));
        }
        for number in 0..count {
            self.post_made(&step.on, &step.name, number).await?;
        }
        for number in 0..count {
            self.take_accepted(&step.on, &step.name, number).await?;
        }
        Ok(())
    }

    fn make_message(&mut self, step: &KillAmid, number: u64) -> Result<(), Miss> {
        let author = self.role(&step.by)?.id();
        let seq = self.server.chain.next_seq(&author) + number;
        let body = body::message(self, &step.by, &step.epoch, body::WORDS, Some(seq))?;
        let mut draft = Draft::of(&step.by, "message", body);
        draft.with = Map::from_iter([("seq".to_owned(), Value::from(seq))]);
        let entry = self.build(draft)?;
        self.keep_entry(&format!("{}-{number}", step.name), entry);
        Ok(())
    }

    async fn post_made(&mut self, on: &str, name: &str, number: u64) -> Result<(), Miss> {
        let reference: Value = self.fresh_reference().into();
        let entry = EntryRef::Made(format!("{name}-{number}"));
        let frame = self.submission(&entry, &reference, self.token(on))?;
        self.connection(on)?.send_text(&frame.to_string(), 1).await;
        Ok(())
    }

    async fn take_accepted(&mut self, on: &str, name: &str, number: u64) -> Result<(), Miss> {
        let name = format!("{name}-{number}");
        let reference = self.entry_made(&name)?.reference.clone();
        let reference = reference.ok_or_else(|| Miss::harness("it was not posted"))?;
        self.answer(on, &reference.into(), Some(&name), &["accepted".to_owned()])
            .await
            .map(drop)
    }

    /// Waits for the sight of one message.
    async fn see(&mut self, step: &KillAmid, number: u64) -> Result<(), Miss> {
        let id = self.entry_made(&format!("{}-{number}", step.name))?.id()?;
        let longer = Duration::from_millis(self.server.limit("checkpoint_ms"));
        let (sight, on) = (step.sight, step.watch.as_ref().unwrap_or(&step.on));
        let seen = |observer: &Observer| {
            let joined = observer.joined()?;
            let block = joined.arrived.iter().find(|block| block.states(&id))?;
            Some(sight == Sight::Block || joined.covered > block.index)
        };
        let arrived = self
            .connection(on)?
            .until(longer, |observer| seen(observer) == Some(true))
            .await;
        arrived.map_err(|missing: Missing| {
            let what = match sight {
                Sight::Checkpoint => "a checkpoint that covers the block",
                Sight::Answer | Sight::Block => "the block",
            };
            Miss::missing(
                format!("{what} of `{}-{number}`, on `{on}`", step.name),
                missing,
            )
        })
    }
}
