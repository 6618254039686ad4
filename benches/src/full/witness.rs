//! A witness: reads every block as it comes, and keeps what it was shown, to be held against the chain at the end.

use dispatch_protocol::bytes::Hash;
use dispatch_protocol::wire::ServerFrame;
use futures_util::StreamExt as _;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use crate::load::Problem;
use crate::load::target::Socket;

/// What one connection was shown: the hashes of blocks that follow each other.
#[derive(Debug)]
pub struct Testimony {
    /// The index of the first.
    pub from: u64,
    /// Their hashes.
    pub hashes: Vec<Hash>,
}

impl Testimony {
    /// The index behind the last.
    pub fn end(&self) -> u64 {
        self.from + self.hashes.len() as u64
    }
}

/// Reads from this index on until it has read up to the size that `until` tells, or the connection ends.
///
/// # Errors
/// A block that is lost, doubled or out of its order.
pub async fn watch(
    mut socket: Socket,
    from: u64,
    mut until: watch::Receiver<u64>,
) -> Result<Testimony, Problem> {
    let mut seen = Testimony {
        from,
        hashes: Vec::new(),
    };
    while seen.end() < *until.borrow_and_update() {
        let message = tokio::select! {
            message = socket.next() => message,
            Ok(()) = until.changed() => continue,
        };
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            Some(Ok(_)) => continue,
        };
        let frame = ServerFrame::decode(&text).map_err(Problem::at("a witness's frame"))?;
        match frame {
            Some(ServerFrame::Blocks(blocks)) => {
                for block in &blocks.blocks {
                    seen.take(block.index, block.hash())?;
                }
            }
            Some(ServerFrame::Bye(bye)) => {
                let words = format!("a witness was told bye with {}: {}", bye.code, bye.detail);
                return Err(Problem::new(words));
            }
            _ => {}
        }
    }
    Ok(seen)
}

impl Testimony {
    fn take(&mut self, index: u64, hash: Hash) -> Result<(), Problem> {
        let due = self.end();
        if index != due {
            return Err(Problem::new(format!(
                "a witness was sent block {index} where block {due} was due"
            )));
        }
        self.hashes.push(hash);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_lost_or_comes_twice_is_told() {
        let mut seen = Testimony {
            from: 5,
            hashes: Vec::new(),
        };
        let hash = Hash::of(b"a block");
        seen.take(5, hash).unwrap();
        let told = |seen: &mut Testimony, index| seen.take(index, hash).unwrap_err().to_string();
        assert_eq!(
            told(&mut seen, 7),
            "a witness was sent block 7 where block 6 was due"
        );
        assert_eq!(
            told(&mut seen, 5),
            "a witness was sent block 5 where block 6 was due"
        );
        seen.take(6, hash).unwrap();
        assert_eq!(seen.end(), 7);
    }
}
