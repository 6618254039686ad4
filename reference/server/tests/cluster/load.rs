//! Voices at work, and what they count while they are.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::Target;
use crate::voice::Voice;

/// How long a load may stand still before the test gives it up. A stand-in for "for ever", far beyond every bound of a server.
pub const FOR_EVER: Duration = Duration::from_secs(180);

/// What voices count together.
pub struct Tally {
    counts: Mutex<Counts>,
    changed: watch::Sender<()>,
}

/// See [`Tally`].
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Entries that were acknowledged, each once.
    pub acknowledged: u64,
    /// Connections that stood and broke.
    pub broken: u64,
    /// Those of them on which an entry was without an answer.
    pub amid: u64,
    /// Sessions that were resumed, perhaps at another process than the one that granted them.
    pub resumed: u64,
    /// Refusals with `unavailable`.
    pub unavailable: u64,
    /// Entries that were handed in once more.
    pub again: u64,
    /// Voices that failed, each with words of its own.
    pub failed: u64,
    /// When the last entry was acknowledged.
    last: Instant,
    /// The longest time between two acknowledgements since it was asked for last.
    longest: Duration,
}

impl Tally {
    pub fn new() -> Arc<Tally> {
        Arc::new(Tally {
            counts: Mutex::new(Counts {
                acknowledged: 0,
                broken: 0,
                amid: 0,
                resumed: 0,
                unavailable: 0,
                again: 0,
                failed: 0,
                last: Instant::now(),
                longest: Duration::ZERO,
            }),
            changed: watch::Sender::new(()),
        })
    }

    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap()
    }

    pub fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap());
        self.changed.send_replace(());
    }

    pub fn acknowledged(&self) {
        self.count(|counts| {
            let now = Instant::now();
            counts.acknowledged += 1;
            counts.longest = counts.longest.max(now - counts.last);
            counts.last = now;
        });
    }

    /// Tells those who wait here of a voice that panics while it holds this.
    pub fn alarm(self: &Arc<Tally>) -> Alarm {
        Alarm(Arc::clone(self))
    }

    /// The longest time between two acknowledgements since the last call.
    pub fn longest_gap(&self) -> Duration {
        let mut longest = Duration::ZERO;
        self.count(|counts| longest = std::mem::take(&mut counts.longest));
        longest
    }

    /// Waits until the counts are so.
    pub async fn until(&self, what: &str, so: impl Fn(&Counts) -> bool) {
        let mut changed = self.changed.subscribe();
        let reached = tokio::time::timeout(FOR_EVER, async {
            while !so(&self.counts()) {
                assert_eq!(self.counts().failed, 0, "{what}: a voice failed, see above");
                changed.changed().await.unwrap();
            }
        });
        let reached = reached.await.is_ok();
        assert!(reached, "{what}: it stands still at {:?}", self.counts());
    }

    /// Waits until so many more were acknowledged than now.
    pub async fn goes_on(&self, more: u64, after: &str) {
        let goal = self.counts().acknowledged + more;
        self.until(after, |counts| counts.acknowledged >= goal)
            .await;
    }
}

/// See [`Tally::alarm`].
pub struct Alarm(Arc<Tally>);

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.count(|counts| counts.failed += 1);
        }
    }
}

/// What voices are to do.
#[derive(Clone, Copy, Debug)]
pub struct Orders {
    /// Whether authors hand in new entries. Once they do not, they end when everything is acknowledged.
    pub write: bool,
    /// Up to which size readers read before they end; none while it is not known.
    pub until: Option<u64>,
}

/// Voices at work.
pub struct Load {
    orders: watch::Sender<Orders>,
    authors: JoinSet<Voice>,
    readers: JoinSet<Voice>,
}

impl Load {
    /// Lets them begin, each at its server.
    pub fn begin(voices: Vec<(Voice, Target)>) -> Load {
        let (orders, given) = watch::channel(Orders {
            write: true,
            until: None,
        });
        let mut load = Load {
            orders,
            authors: JoinSet::new(),
            readers: JoinSet::new(),
        };
        for (voice, target) in voices {
            let set = match voice.is_author() {
                true => &mut load.authors,
                false => &mut load.readers,
            };
            set.spawn(voice.run(target, given.clone()));
        }
        load
    }

    /// Lets authors finish what they began, and readers read all of it. What a voice panics with, the test fails with.
    pub async fn end(self, tally: &Tally) -> Vec<Voice> {
        self.end_at(0, tally).await
    }

    /// The same, where readers read up to this size at least.
    pub async fn end_at(self, size: u64, tally: &Tally) -> Vec<Voice> {
        let ending = async {
            self.orders.send_modify(|orders| orders.write = false);
            let mut voices = self.authors.join_all().await;
            let size = voices
                .iter()
                .map(Voice::size_acknowledged)
                .fold(size, u64::max);
            self.orders.send_modify(|orders| orders.until = Some(size));
            voices.extend(self.readers.join_all().await);
            voices
        };
        let ended = tokio::time::timeout(FOR_EVER, ending).await;
        ended.unwrap_or_else(|_| panic!("it does not come to its end: {:?}", tally.counts()))
    }
}
