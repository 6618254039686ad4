//! Messages that are made before the clock starts: encrypted under an epoch, signed, numbered, and written as frames.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dispatch_protocol::bytes::{Hash, Id, Salt};
use dispatch_protocol::entry::{Body, Entry, Message};
use dispatch_protocol::epoch::{MessageContext, Plaintext, Secret};
use rand::Rng as _;

use super::Problem;
use super::limit::Signed;
use super::member::Member;

/// How many signed statements are kept for the limit.
const KEPT: usize = 500;

/// See the module.
pub struct Letters {
    /// For each author, its frames in the order of their `seq`. Each one's `ref` is its place, from 0.
    pub frames: Vec<Vec<String>>,
    /// Some of what was signed.
    pub signed: Vec<Signed>,
    /// No block of these messages is shorter.
    pub least: usize,
}

/// What messages are encrypted under.
pub struct Epoch {
    /// The epoch's id.
    pub id: Id,
    /// Its secret.
    pub secret: Secret,
}

/// One piece of work: messages of one author that follow each other.
struct Piece {
    author: usize,
    from: usize,
    count: usize,
}

/// Makes so many messages of `plaintext` bytes each, as evenly as it goes by all authors, in as many threads as there are
/// cores. Each one costs a signature: some 0.8 ms.
///
/// # Errors
/// A frame that cannot be written.
pub fn write(
    authors: &[Member],
    epoch: &Epoch,
    messages: usize,
    plaintext: usize,
) -> Result<Letters, Problem> {
    let mut pieces = Vec::new();
    for author in 0..authors.len() {
        let count = messages / authors.len() + usize::from(author < messages % authors.len());
        for from in (0..count).step_by(64) {
            pieces.push(Piece {
                author,
                from,
                count: (count - from).min(64),
            });
        }
    }
    let plaintext = text_of(plaintext);
    let begun = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || -> Result<(), Problem> {
        while let Some(piece) = pieces.get(begun.fetch_add(1, Ordering::Relaxed)) {
            let entries = (piece.from..piece.from + piece.count)
                .map(|place| letter(&authors[piece.author], epoch, place, &plaintext))
                .collect::<Result<Vec<_>, _>>()?;
            let mut done = done.lock().map_err(Problem::at("a signing thread"))?;
            done.push((piece.author, piece.from, entries));
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            let ended = thread.join();
            ended.unwrap_or_else(|_| Err(Problem::new("a signing thread panicked")))
        })
    })?;
    let mut done = done.into_inner().map_err(Problem::at("a signing thread"))?;
    done.sort_by_key(|(author, from, _)| (*author, *from));
    let mut letters = Letters {
        frames: authors.iter().map(|_| Vec::new()).collect(),
        signed: Vec::new(),
        least: usize::MAX,
    };
    let step = messages.div_ceil(KEPT).max(1);
    let all = done
        .into_iter()
        .flat_map(|(author, _, made)| made.into_iter().map(move |letter| (author, letter)));
    for (number, (author, letter)) in all.enumerate() {
        letters.least = letters.least.min(letter.entry_bytes);
        letters.frames[author].push(letter.frame);
        if number % step == 0 {
            letters.signed.push(letter.signed);
        }
    }
    Ok(letters)
}

struct Letter {
    frame: String,
    entry_bytes: usize,
    signed: Signed,
}

/// The author's message that comes at this place after what stands in the chain, from 0: encrypted and signed.
pub fn entry(author: &Member, epoch: &Epoch, place: usize, plaintext: &[u8]) -> Entry {
    let seq = author.chain().next_seq(&author.id()) + place as u64;
    let mut salt = [0; Salt::LENGTH];
    rand::rng().fill_bytes(&mut salt);
    let salt = Salt::new(salt);
    let context = MessageContext {
        community: author.chain().community(),
        epoch: epoch.id,
        author: author.id(),
        seq,
    };
    let ciphertext = context.encrypt(&epoch.secret, &salt, plaintext);
    let body = Body::Message(Message {
        epoch: epoch.id,
        salt,
        ciphertext_hash: Hash::of(&ciphertext),
        ciphertext: Some(ciphertext),
    });
    Entry::sign(author.draft(seq, body), author.key())
}

fn letter(
    author: &Member,
    epoch: &Epoch,
    place: usize,
    plaintext: &[u8],
) -> Result<Letter, Problem> {
    let entry = entry(author, epoch, place, plaintext);
    let signed = Signed {
        key: author.key().public().clone(),
        statement: entry.tuple(),
        signature: entry.signature.clone(),
    };
    let written = serde_json::to_string(&entry).map_err(Problem::at("an entry"))?;
    Ok(Letter {
        entry_bytes: written.len(),
        frame: author.submit_text(&place.to_string(), entry)?,
        signed,
    })
}

/// A plaintext of so many bytes, as JSON: as many letters as fill it.
pub fn text_of(bytes: usize) -> Vec<u8> {
    let say = |letters: usize| {
        let text = "la ".chars().cycle().take(letters).collect();
        Plaintext {
            text,
            reply_to: None,
            channel: None,
        }
        .encode()
    };
    say(bytes.saturating_sub(say(0).len()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_plaintext_has_the_bytes_that_were_asked_for() {
        for bytes in [11, 12, 1024, 1025] {
            assert_eq!(super::text_of(bytes).len(), bytes);
        }
        assert_eq!(super::text_of(0), br#"{"text":""}"#);
    }
}
