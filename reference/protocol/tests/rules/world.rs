//! A community in memory, with the test accounts of `vectors/keys/`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use dispatch_protocol::bytes::{Bytes, Hash, Id, Salt, Wrap};
use dispatch_protocol::chain::{Admission, Block, Linked, State, found};
use dispatch_protocol::checkpoint::Checkpoint;
use dispatch_protocol::entry::{
    Body, CardBody, Draft, Entry, Epoch, Message, Recipient, Redaction, Roster, Share,
};
use dispatch_protocol::key::{CardKey, KeyPair};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::Refusal;

/// When the community was founded, in milliseconds since 1970.
pub const FOUNDED: u64 = 1_790_000_000_000;

/// A test account's key pair, by the name of its file.
pub fn key(name: &str) -> &'static KeyPair {
    static KEYS: LazyLock<Mutex<HashMap<String, &'static KeyPair>>> = LazyLock::new(Mutex::default);
    KEYS.lock()
        .unwrap()
        .entry(name.to_owned())
        .or_insert_with(|| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../vectors/keys")
                .join(format!("{name}.test-key.pem"));
            let pem = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Box::leak(Box::new(KeyPair::from_pkcs8_pem(&pem).unwrap()))
        })
}

/// The account id of a test account.
pub fn id(name: &str) -> Id {
    key(name).public().id()
}

/// A chain and a clock.
pub struct World {
    pub state: State,
    pub blocks: Vec<Block>,
    pub now: u64,
    pub limits: Limits,
}

impl World {
    /// A community of its authority alone.
    pub fn founded() -> Self {
        let genesis = found("Test", key("authority"), key("server").public(), FOUNDED).unwrap();
        let (state, linked) = State::from_genesis(genesis).unwrap();
        Self {
            state,
            blocks: vec![linked.into_block()],
            now: FOUNDED + 1000,
            limits: Limits::default(),
        }
    }

    /// A community with these members, each with its card.
    pub fn with_members(names: &[&str]) -> Self {
        let mut world = Self::founded();
        world.add(names);
        for name in names {
            world.publish_card(name);
        }
        world
    }

    /// An entry as its author would sign it now.
    pub fn entry(&self, author: &str, body: Body) -> Entry {
        Entry::sign(self.draft(author, body), key(author))
    }

    pub fn draft(&self, author: &str, body: Body) -> Draft {
        Draft {
            community: self.state.community(),
            author: id(author),
            seq: self.state.next_seq(&id(author)),
            seen: self.state.prefix(),
            sent_at: self.now,
            body,
        }
    }

    /// Submits a draft after a change, signed again.
    pub fn submit_with(
        &mut self,
        author: &str,
        body: Body,
        change: impl FnOnce(&mut Draft),
    ) -> Result<Linked, Refusal> {
        let mut draft = self.draft(author, body);
        change(&mut draft);
        self.submit(Entry::sign(draft, key(author)))
    }

    /// Submits an entry, which must be no repeat.
    pub fn submit(&mut self, entry: Entry) -> Result<Linked, Refusal> {
        match self.admit(entry)? {
            Admission::Append(admitted) => {
                let linked = self.state.append(*admitted, self.now);
                self.blocks.push(linked.block().clone());
                Ok(linked)
            }
            Admission::Repeat { index, .. } => panic!("a repeat of block {index}"),
        }
    }

    pub fn admit(&self, entry: Entry) -> Result<Admission, Refusal> {
        let author = self
            .state
            .key_of(&entry.author)
            .expect("an author that was a member");
        let verified = entry.verify(author)?;
        self.state.admit(verified, self.now, &self.limits)
    }

    /// Submits a body that must be accepted.
    pub fn accept(&mut self, author: &str, body: Body) -> Linked {
        let entry = self.entry(author, body);
        self.submit(entry).unwrap()
    }

    /// Submits a body that must be refused; gives the code and the requirement. The chain stays as it was.
    pub fn refuse(&mut self, author: &str, body: Body) -> (&'static str, &'static str) {
        self.refuse_with(author, body, |_| {})
    }

    pub fn refuse_with(
        &mut self,
        author: &str,
        body: Body,
        change: impl FnOnce(&mut Draft),
    ) -> (&'static str, &'static str) {
        let before = self.state.prefix();
        let refusal = self.submit_with(author, body, change).unwrap_err();
        assert_eq!(self.state.prefix(), before);
        (refusal.code.as_str(), refusal.requirement)
    }

    pub fn add(&mut self, names: &[&str]) -> Linked {
        self.accept("authority", roster(names, &[]))
    }

    pub fn remove(&mut self, names: &[&str]) -> Linked {
        self.accept("authority", roster(&[], names))
    }

    pub fn publish_card(&mut self, name: &str) -> Linked {
        self.accept(name, card())
    }

    /// An epoch by its first recipient.
    pub fn epoch(&mut self, recipients: &[&str]) -> Id {
        self.accept(recipients[0], epoch(recipients)).id()
    }

    pub fn message(&mut self, author: &str, epoch: Id) -> Linked {
        self.accept(author, message(epoch))
    }

    /// A checkpoint of the chain as it stands.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::sign(self.state.description(), self.now, key("server"))
    }
}

pub fn roster(add: &[&str], remove: &[&str]) -> Body {
    Body::Roster(Roster {
        add: add
            .iter()
            .map(|name| key(name).public().to_bytes())
            .collect(),
        remove: remove.iter().map(|name| id(name)).collect(),
    })
}

pub fn card() -> Body {
    Body::Card(CardBody {
        x25519: CardKey::generate().card(),
    })
}

/// Wraps whose bytes nobody opens: a server does not look into them.
pub fn wraps(recipients: &[&str]) -> Vec<Recipient> {
    recipients
        .iter()
        .map(|name| Recipient {
            member: id(name),
            wrap: Wrap::new([7; 80]),
        })
        .collect()
}

pub fn epoch(recipients: &[&str]) -> Body {
    Body::Epoch(Epoch {
        commitment: Hash::of(b"commitment"),
        wraps: wraps(recipients),
    })
}

pub fn share(epoch: Id, recipients: &[&str]) -> Body {
    Body::Share(Share {
        epoch,
        wraps: wraps(recipients),
    })
}

/// A salt like no other of the same run.
pub fn salt() -> Salt {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Salt::new(bytes)
}

/// A message with a ciphertext of this length.
pub fn message_of(epoch: Id, length: usize) -> Message {
    let ciphertext = Bytes::from(vec![5; length]);
    Message {
        epoch,
        salt: salt(),
        ciphertext_hash: Hash::of(&ciphertext),
        ciphertext: Some(ciphertext),
    }
}

pub fn message(epoch: Id) -> Body {
    Body::Message(message_of(epoch, 144))
}

pub fn redaction(index: u64) -> Body {
    Body::Redaction(Redaction {
        index,
        reason: "asked to".to_owned(),
    })
}
