//! Where nonces, salts and secrets come from: the operating system, or a seed where the result must repeat.

use super::sha256;
use rand::{Rng, rng};

/// A source of bytes.
pub trait Randomness {
    /// Fills the buffer.
    fn fill(&mut self, buffer: &mut [u8]);

    /// So many bytes.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut out = vec![0; count];
        self.fill(&mut out);
        out
    }

    /// 32 bytes.
    fn hash(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        self.fill(&mut out);
        out
    }
}

/// The system's secure source.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Randomness for System {
    fn fill(&mut self, buffer: &mut [u8]) {
        rng().fill_bytes(buffer);
    }
}

/// Bytes that follow from a label: SHA-256 of the label and a counter, block by block. For vectors alone.
#[derive(Debug, Clone)]
pub struct Seeded {
    label: Vec<u8>,
    counter: u64,
    rest: Vec<u8>,
}

impl Seeded {
    /// The stream of this label.
    pub fn new(label: &str) -> Self {
        Self {
            label: label.as_bytes().to_vec(),
            counter: 0,
            rest: Vec::new(),
        }
    }
}

impl Randomness for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            if self.rest.is_empty() {
                let mut block = self.label.clone();
                block.push(0);
                block.extend(self.counter.to_be_bytes());
                self.counter += 1;
                self.rest = sha256(&block).to_vec();
                self.rest.reverse();
            }
            *byte = self.rest.pop().expect("just filled");
        }
    }
}

// The interface that `rsa` asks for when it makes a key. Only seeded keys are ever made: they are all public.
impl rsa::rand_core::RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill(dest);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Seeded {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_bytes_however_they_are_asked_for() {
        let mut whole = Seeded::new("a");
        let mut parts = Seeded::new("a");
        let together: Vec<u8> = [parts.bytes(5), parts.bytes(60), parts.bytes(35)].concat();
        assert_eq!(whole.bytes(100), together);
        assert_ne!(Seeded::new("b").hash(), Seeded::new("a").hash());
        assert_ne!(System.hash(), System.hash());
    }
}
