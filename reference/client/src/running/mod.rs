//! The task behind a client: it joins, follows, writes, and joins again.
//!
//! ```text
//! run --> connection --> join or resume --> follow --.
//!  ^                                                  |
//!  `--- waits, longer each time <--- passing error ---+--- any other error: it ends
//! ```

mod arriving;
mod backoff;
mod covering;
mod flight;
mod following;

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use dispatch_protocol::bytes::Id;
use dispatch_protocol::key::KeyPair;
use dispatch_protocol::session::Joined;
use tokio::sync::{mpsc, oneshot};

use crate::client::{Clock, Receipt};
use crate::community::Community;
use crate::dial::Place;
use crate::error::{ClockDifference, Error};
use crate::event::Event;
use crate::store::{Outgoing, Presence};
use crate::writing::Errand;
use backoff::Backoff;
use flight::Flight;

/// What the handle asks for.
pub(crate) enum Order {
    Do(Job),
    Look(Box<dyn FnOnce(&mut Community) + Send>),
    Synced(oneshot::Sender<Result<u64, Error>>),
    Ready(oneshot::Sender<Result<u64, Error>>),
    Close,
}

/// Something to be written, and who waits for it.
pub(crate) struct Job {
    pub(crate) errand: Errand,
    /// Under which it is stored.
    pub(crate) number: i64,
    answer: Option<oneshot::Sender<Result<Receipt, Error>>>,
    /// What another program signed for it and left behind.
    left: Option<Vec<Outgoing>>,
    /// The last of each row of entries that were signed for it before: one of them may arrive yet.
    earlier: Vec<(u64, Id)>,
    /// How often it was signed anew after a refusal.
    signed: u32,
}

impl Job {
    pub(crate) fn new(
        errand: Errand,
        number: i64,
        answer: oneshot::Sender<Result<Receipt, Error>>,
    ) -> Self {
        Self {
            answer: Some(answer),
            ..Self::own(errand, number)
        }
    }

    /// One that nobody waits for.
    fn own(errand: Errand, number: i64) -> Self {
        Self {
            errand,
            number,
            answer: None,
            left: None,
            earlier: Vec::new(),
            signed: 0,
        }
    }

    fn answer(self, outcome: Result<Receipt, Error>) {
        if let Some(answer) = self.answer {
            let _ = answer.send(outcome);
        }
    }
}

pub(crate) struct Running {
    /// Before the orders, so that it is set when they are closed.
    ended: Ended,
    /// Taken while a thread works on it.
    community: Option<Community>,
    presence: Presence,
    place: Place,
    key: Arc<KeyPair>,
    clock: Clock,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<Event>,
    /// The live session, to be resumed.
    session: Option<Joined>,
    /// Whether this program has read the discovery document.
    discovered: bool,
    /// How far this machine's clock is ahead, in milliseconds.
    ahead: i64,
    queue: VecDeque<Job>,
    flight: Option<Flight>,
    waiting: Vec<oneshot::Sender<Result<u64, Error>>>,
    /// Those who wait for the card.
    readying: Vec<oneshot::Sender<Result<u64, Error>>>,
    /// Whether what the last welcome stated is held.
    synced: bool,
    /// From the first time on that it was.
    live: bool,
    backoff: Backoff,
}

/// Why the client ended: its own fault, where nothing else was said before it is dropped.
struct Ended(Arc<OnceLock<Error>>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.set(Error::Failed);
    }
}

impl Running {
    pub(crate) fn new(
        community: Community,
        presence: Presence,
        place: Place,
        key: Arc<KeyPair>,
        clock: Clock,
        orders: mpsc::Receiver<Order>,
        (events, ended): (mpsc::Sender<Event>, Arc<OnceLock<Error>>),
    ) -> Self {
        Self {
            community: Some(community),
            presence,
            place,
            key,
            clock,
            orders,
            events,
            ended: Ended(ended),
            session: None,
            discovered: false,
            ahead: 0,
            queue: VecDeque::new(),
            flight: None,
            waiting: Vec::new(),
            readying: Vec::new(),
            synced: false,
            live: false,
            backoff: Backoff::default(),
        }
    }

    /// Runs until it is closed, or until trying again makes no sense.
    pub(crate) async fn run(mut self, repaired: Option<Event>) {
        if let Some(event) = repaired {
            self.tell(event).await;
        }
        let why = loop {
            let Err(error) = self.connection().await;
            self.synced = false;
            if !error.is_passing() {
                break error;
            }
            if let Error::Refused { retry_after, .. } = &error {
                self.backoff.asked(*retry_after);
            }
            let wait = self.backoff.wait(share());
            self.tell(Event::Disconnected {
                reason: error.to_string(),
                retry_in: Some(wait),
            })
            .await;
            let pause = async {
                tokio::time::sleep(wait).await;
                Ok(())
            };
            if let Err(error) = self.meanwhile(pause).await {
                break error;
            }
        };
        match &why {
            Error::Closed => {}
            Error::Server { finding, evidence } => {
                self.tell(Event::Finding {
                    finding: finding.clone(),
                    evidence: evidence.clone(),
                })
                .await;
            }
            other => {
                self.tell(Event::Disconnected {
                    reason: other.to_string(),
                    retry_in: None,
                })
                .await;
            }
        }
        // before the channels close, so that whoever asks next is told why
        let _ = self.ended.0.set(why.clone());
        let flying = self.flight.take().map(Flight::into_job);
        for job in flying.into_iter().chain(self.queue.drain(..)) {
            job.answer(Err(why.clone()));
        }
        for waiting in self.waiting.drain(..).chain(self.readying.drain(..)) {
            let _ = waiting.send(Err(why.clone()));
        }
    }

    /// Waits for something that needs nothing of the community, and takes orders meanwhile: what is stored can be read, and the
    /// client closed, while a server does not answer.
    async fn meanwhile<T>(
        &mut self,
        what: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::pin!(what);
        loop {
            tokio::select! {
                done = &mut what => return done,
                order = self.orders.recv() => self.order(order).await?,
            }
        }
    }

    /// One connection, from its dialling to its end.
    async fn connection(&mut self) -> Result<std::convert::Infallible, Error> {
        let (mut socket, target) = self.joined().await?;
        self.follow(&mut socket, target).await
    }

    async fn order(&mut self, order: Option<Order>) -> Result<(), Error> {
        match order {
            None | Some(Order::Close) => Err(Error::Closed),
            Some(Order::Do(job)) => {
                self.queue.push_back(job);
                Ok(())
            }
            Some(Order::Synced(answer)) if self.synced => {
                let _ = answer.send(Ok(self.community().size()));
                Ok(())
            }
            Some(Order::Synced(answer)) => {
                self.waiting.push(answer);
                Ok(())
            }
            Some(Order::Ready(answer)) => {
                self.readying.push(answer);
                Ok(())
            }
            Some(Order::Look(look)) => {
                self.work(move |community, _| look(community)).await;
                Ok(())
            }
        }
    }

    /// Works on the community on a thread that may block.
    async fn work<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Community, &KeyPair) -> T + Send + 'static,
    ) -> T {
        let mut community = self.community.take().expect("nobody works on it");
        let key = self.key.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut community, &key);
            (community, done)
        });
        let (community, done) = done.await.expect("the work does not panic");
        self.community = Some(community);
        done
    }

    fn community(&mut self) -> &mut Community {
        self.community.as_mut().expect("nobody works on it")
    }

    async fn tell(&mut self, event: Event) {
        // a reader who is gone does not want to know
        let _ = self.events.send(event).await;
    }

    /// The server's time, as far as it can be told.
    fn server_now(&self) -> u64 {
        (self.clock)().saturating_add_signed(-self.ahead)
    }

    /// Refuses to sign by a clock that the server would not take. // [ENTRY-9]
    fn check_clock(&mut self) -> Result<(), Error> {
        let skew = self.community().limits.skew_ms;
        match self.ahead.unsigned_abs() > skew {
            true => Err(Error::Clock(ClockDifference(self.ahead))),
            false => Ok(()),
        }
    }
}

/// A random number from 0 to 1.
fn share() -> f64 {
    let mut random = [0; 4];
    aws_lc_rs::rand::fill(&mut random).expect("the system's random source works");
    f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
}
