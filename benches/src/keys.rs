//! Key pairs for benchmarks: made in as many threads as there are cores, and thrown away.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dispatch_protocol::key::{KeyPair, ModulusBits};

/// So many new key pairs of 2048 bits. Each takes a thread some 60 ms.
///
/// # Panics
/// If the system's random source fails.
pub fn make(count: usize) -> Vec<KeyPair> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let begun = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        while begun.fetch_add(1, Ordering::Relaxed) < count {
            made.push(KeyPair::generate(ModulusBits::Bits2048).expect("the system gives keys"));
        }
        made
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let made = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("making keys does not panic"));
        made.collect()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_many_keys_are_made_as_are_asked_for_and_no_two_are_alike() {
        let mut ids: Vec<_> = super::make(3).iter().map(|key| key.public().id()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }
}
