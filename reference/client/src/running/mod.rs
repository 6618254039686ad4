//! The task behind a client: it joins, follows, writes, and joins again.
//!
//! ```text
//! run --> connection --> join or resume --> follow --.
//!  ^                                                  |
//!  `--- waits, longer each time <--- passing error ---+--- any other error: it ends
//! ```

mod backoff;
mod covering;
mod flight;

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dispatch_protocol::key::KeyPair;
use dispatch_protocol::refusal::Code;
use dispatch_protocol::session::{Dial, Joined};
use dispatch_protocol::verdict::{Finding, Verdict};
use dispatch_protocol::wire::{Blocks, ServerFrame};
use futures_util::SinkExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Clock, Receipt};
use crate::community::{Community, server};
use crate::dial::{Place, Socket};
use crate::error::{ClockDifference, Error};
use crate::event::Event;
use crate::forks;
use crate::joining::{self, Session};
use crate::writing::Errand;
use backoff::Backoff;
use covering::Uncovered;
use flight::{After, Flight};

/// How often a quiet connection is asked whether it still stands, and how long it may be silent.
const PING: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(90);
/// How much later than `checkpoint_ms` a checkpoint may be before the user hears of it. // [CHECK-13]
const UNCOVERED: Duration = Duration::from_secs(30);

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
    answer: Option<oneshot::Sender<Result<Receipt, Error>>>,
    /// How often it was signed anew.
    signed: u32,
}

impl Job {
    pub(crate) fn new(errand: Errand, answer: oneshot::Sender<Result<Receipt, Error>>) -> Self {
        Self {
            errand,
            answer: Some(answer),
            signed: 0,
        }
    }

    /// The client's own.
    fn own(errand: Errand) -> Self {
        Self {
            errand,
            answer: None,
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
    /// Taken while a thread works on it.
    community: Option<Community>,
    place: Place,
    key: Arc<KeyPair>,
    clock: Clock,
    orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<Event>,
    ended: Arc<OnceLock<Error>>,
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

impl Running {
    pub(crate) fn new(
        community: Community,
        place: Place,
        key: Arc<KeyPair>,
        clock: Clock,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<Event>,
        ended: Arc<OnceLock<Error>>,
    ) -> Self {
        Self {
            community: Some(community),
            place,
            key,
            clock,
            orders,
            events,
            ended,
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
            let wait = self.backoff.wait(share());
            self.tell(Event::Disconnected {
                reason: error.to_string(),
                retry_in: Some(wait),
            })
            .await;
            if let Err(error) = self.pause(wait).await {
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
        let _ = self.ended.set(why.clone());
        let flying = self.flight.take().map(Flight::into_job);
        for job in flying.into_iter().chain(self.queue.drain(..)) {
            job.answer(Err(why.clone()));
        }
        for waiting in self.waiting.drain(..).chain(self.readying.drain(..)) {
            let _ = waiting.send(Err(why.clone()));
        }
    }

    /// Waits, and does what needs no server meanwhile.
    async fn pause(&mut self, wait: Duration) -> Result<(), Error> {
        let end = Instant::now() + wait;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(end) => return Ok(()),
                order = self.orders.recv() => self.order(order).await?,
            }
        }
    }

    /// One connection, from its dialling to its end.
    async fn connection(&mut self) -> Result<std::convert::Infallible, Error> {
        let (mut socket, target) = {
            let joined = self.joined();
            tokio::pin!(joined);
            joined.await?
        };
        self.follow(&mut socket, target).await
    }

    /// Dials and joins; gives the socket and the size that the welcome states.
    async fn joined(&mut self) -> Result<(Socket, u64), Error> {
        self.discover().await?;
        let mut socket = self.place.socket().await?;
        let have = self.community().ask();
        let dial = self.dial();
        let live = self.session.take();
        let resumed = match &live {
            Some(joined) if joined.expires_at() > self.server_now() => {
                joining::resume(&mut socket, joined, have).await
            }
            _ => Ok(None),
        };
        let session = match resumed {
            Ok(Some(session)) => Ok(session),
            Ok(None) => joining::join(&mut socket, &dial, &self.key, have).await,
            Err(error) => Err(error),
        };
        let session = match session {
            Ok(session) => session,
            Err(Error::Refused {
                code: Code::UnknownHave,
                ..
            }) => return Err(self.unknown_have(&dial).await),
            Err(error) => return Err(error),
        };
        let Session {
            joined,
            welcome,
            challenge_end,
        } = session;
        if let Some(end) = challenge_end {
            let made = end.saturating_sub(self.community().limits.challenge_ms);
            self.ahead = (self.clock)().cast_signed() - made.cast_signed();
        }
        self.backoff.joined();
        let chain = joined.chain();
        self.session = Some(joined);
        let taken = self.community().welcome(chain, &welcome.checkpoint);
        taken.map_err(|error| self.with_evidence(error))?;
        Ok((socket, chain.size))
    }

    /// Reads the discovery document once: block 0, which pins the server key, and the limits. // [JOIN-20]
    async fn discover(&mut self) -> Result<(), Error> {
        if self.discovered {
            return Ok(());
        }
        let document = self.place.discover().await?;
        let wanted = self.community().invitation().community();
        // [INV-2]
        if document.community != wanted {
            let finding = Finding::new(
                Verdict::WrongGenesis,
                "INV-2",
                format!(
                    "the server is that of the community {}, and the invitation is to {wanted}; ask whoever sent it for a new one",
                    document.community
                ),
            );
            return Err(server(finding));
        }
        self.work(move |community, _| {
            community.begin(document.genesis)?;
            community.limits = document.limits;
            community.vault.set_limits(&community.limits)?;
            Ok::<(), Error>(())
        })
        .await?;
        self.discovered = true;
        Ok(())
    }

    fn dial(&mut self) -> Dial {
        let account = self.key.public().clone();
        let community = self.community();
        Dial {
            origin: community.invitation().origin().to_owned(), // [JOIN-1]
            community: community.invitation().community(),
            server_key: community
                .state()
                .expect("block 0 is held")
                .server_key()
                .clone(),
            account,
        }
    }

    /// The server does not know what it showed before: a fork or a rollback.
    async fn unknown_have(&mut self, dial: &Dial) -> Error {
        match forks::collect(&self.place, dial, &self.key).await {
            Ok(shown) => {
                let community = self.community();
                let (finding, evidence) = forks::judge(community, &shown);
                let evidence = evidence.and_then(|e| forks::write(community.folder(), &e).ok());
                Error::Server { finding, evidence }
            }
            // a server that hides what it shows now has shown something else before all the same
            Err(error) => server(Finding::new(
                Verdict::Fork,
                "CHECK-12",
                format!(
                    "the server does not know the chain that it showed before, and what it shows now could not be read: {error}"
                ),
            )),
        }
    }

    /// Adds the file that proves a fork, where one can be made.
    fn with_evidence(&mut self, error: Error) -> Error {
        let Error::Server { finding, .. } = error else {
            return error;
        };
        let community = self.community();
        let evidence = (finding.verdict == Verdict::Fork)
            .then(|| forks::shown(community))
            .flatten()
            .and_then(|evidence| forks::write(community.folder(), &evidence).ok());
        Error::Server { finding, evidence }
    }

    async fn follow(
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
            if self.synced && !self.readying.is_empty() && self.community().has_card()? {
                let size = self.community().size();
                for waiting in self.readying.drain(..) {
                    let _ = waiting.send(Ok(size));
                }
            }
            tokio::select! {
                frame = joining::hear(socket) => {
                    heard = Instant::now();
                    self.take(frame?, target).await?;
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
        }
        self.tell(Event::Synced { size }).await;
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(Ok(size));
        }
        let me = self.key.public().id();
        let community = self.community();
        if !community.has_card()? && community.state().is_some_and(|state| state.on_roster(&me)) {
            self.queue.push_front(Job::own(Errand::Card));
        }
        self.offer_again(socket).await
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
                    .map_err(|error| self.with_evidence(error))?;
                Vec::new()
            }
            ServerFrame::Refused(refused) => {
                self.refused(refused)?;
                Vec::new()
            }
            ServerFrame::Bye(bye) => {
                self.backoff
                    .asked(bye.retry_after.map(Duration::from_millis));
                if bye.code == Code::SessionExpired {
                    self.session = None;
                }
                return Err(Error::Refused {
                    code: bye.code,
                    detail: bye.detail,
                });
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
            .map_err(|error| self.with_evidence(error))?;
        Ok(events)
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
