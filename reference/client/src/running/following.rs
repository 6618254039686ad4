//! An open connection: frames come in, errands go out.

use std::time::Duration;

use dispatch_protocol::refusal::Code;
use dispatch_protocol::wire::{Blocks, ServerFrame};
use futures_util::SinkExt as _;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::Message;

use super::Running;
use super::covering::Uncovered;
use super::flight::After;
use crate::dial::Socket;
use crate::error::Error;
use crate::event::Event;
use crate::joining;
use crate::store::Blocks as Copy;

/// How often a quiet connection is asked whether it still stands, and how long it may be silent.
const PING: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(90);
/// How much later than `checkpoint_ms` a checkpoint may be before the user hears of it. // [CHECK-13]
const UNCOVERED: Duration = Duration::from_secs(30);

impl Running {
    pub(super) async fn follow(
        &mut self,
        socket: &mut Socket,
        target: u64,
    ) -> Result<std::convert::Infallible, Error> {
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut heard, mut pinged) = (Instant::now(), Instant::now());
        let mut uncovered = Uncovered::default();
        loop {
            if !self.synced && self.community().size() >= target {
                self.arrive(socket).await?;
            }
            self.write(socket).await?;
            if self.synced && !self.readying.is_empty() {
                self.get_ready()?;
            }
            tokio::select! {
                sign = joining::sign(socket) => {
                    heard = Instant::now();
                    if let Some(frame) = sign? {
                        self.take(frame, target).await?;
                    }
                }
                order = self.orders.recv() => self.order(order).await?,
                _ = tick.tick() => {
                    let community = self.community();
                    let patience = UNCOVERED + Duration::from_millis(community.limits.checkpoint_ms);
                    let (size, covered) = (community.size(), community.covered());
                    let late = uncovered.look(size, covered, patience, Instant::now());
                    if let Some(index) = late {
                        self.tell(Event::Uncovered { index }).await;
                    }
                    if heard.elapsed() > SILENCE {
                        return Err(Error::Network("the connection has gone silent".into()));
                    }
                    if pinged.elapsed() > PING {
                        pinged = Instant::now();
                        let _ = socket.send(Message::Ping(Vec::new().into())).await;
                    }
                }
            }
        }
    }

    /// What the welcome stated is held: whoever waited is told, and what was left is written.
    async fn arrive(&mut self, socket: &mut Socket) -> Result<(), Error> {
        self.synced = true;
        let size = self.community().size();
        if !self.live {
            self.live = true;
            self.recover()?;
            // all of it is held again, and redacted words stand in those copies, too // [RED-6]
            Copy::forget_aside(self.community().folder());
        }
        self.tell(Event::Synced { size }).await;
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(Ok(size));
        }
        let me = self.key.public().id();
        let community = self.community();
        if !community.has_card()? && community.state().is_some_and(|state| state.on_roster(&me)) {
            self.want_card()?;
        }
        self.offer_again(socket).await
    }

    /// Answers those who wait for the card, or sees to it that one is on its way.
    fn get_ready(&mut self) -> Result<(), Error> {
        if !self.community().has_card()? {
            return self.want_card();
        }
        let size = self.community().size();
        for waiting in self.readying.drain(..) {
            let _ = waiting.send(Ok(size));
        }
        Ok(())
    }

    async fn take(&mut self, frame: ServerFrame, target: u64) -> Result<(), Error> {
        let events = match frame {
            ServerFrame::Blocks(frame) => self.blocks(frame).await?,
            ServerFrame::Checkpoint { checkpoint } => {
                let taken = self.community().checkpoint(&checkpoint);
                taken.map_err(|error| self.with_evidence(error))?
            }
            ServerFrame::Accepted(accepted) => {
                self.accepted(accepted)
                    .await
                    .map_err(|error| self.with_evidence(error))?;
                Vec::new()
            }
            ServerFrame::Refused(refused) => {
                self.refused(refused).await?;
                Vec::new()
            }
            ServerFrame::Bye(bye) => {
                if bye.code == Code::SessionExpired {
                    self.session = None;
                }
                return Err(joining::bye(bye));
            }
            // a challenge or a welcome that nobody asked for
            _ => Vec::new(),
        };
        if self.live {
            for event in events {
                self.tell(event).await;
            }
        }
        let held = self.community().size();
        if !self.synced && held < target {
            self.tell(Event::Syncing { held, of: target }).await;
        }
        Ok(())
    }

    async fn blocks(&mut self, frame: Blocks) -> Result<Vec<Event>, Error> {
        let taken = self.work(move |community, _| community.take(frame)).await;
        let events = taken.map_err(|error| self.with_evidence(error))?;
        self.landed(After::Frame)
            .await
            .map_err(|error| self.with_evidence(error))?;
        Ok(events)
    }
}
