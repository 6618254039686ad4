//! What a server bounds, as its discovery document advertises it.
//!
//! Not for how often somebody may do something: such limits are a server's own (LIM-7).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest frame that a server may send, in bytes of UTF-8 (SYNC-5).
pub const SERVER_FRAME_BYTES: usize = 1_048_576;

/// What a server takes and how long it keeps, each within the specification's bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "limits", title = "Limits", default)]
pub struct Limits {
    /// The longest frame of a client, in bytes of UTF-8.
    #[schemars(range(min = 65536, max = 524288))]
    pub frame_bytes: u64,
    /// The longest ciphertext of a message, in bytes.
    #[schemars(range(min = 144, max = 65536))]
    pub ciphertext_bytes: u64,
    /// The most wraps of one epoch or share.
    #[schemars(range(min = 1, max = 1024))]
    pub wraps: u64,
    /// How far `sent_at` may differ from the server's clock, in milliseconds.
    #[schemars(range(min = 1000, max = 86400000))]
    pub skew_ms: u64,
    /// A session's longest life, in milliseconds.
    #[schemars(range(min = 1000, max = 2592000000u64))]
    pub session_ms: u64,
    /// A challenge's life, in milliseconds.
    #[schemars(range(min = 1000, max = 60000))]
    pub challenge_ms: u64,
    /// How much later than a block the checkpoint that covers it may be, in milliseconds.
    #[schemars(range(min = 10, max = 60000))]
    pub checkpoint_ms: u64,
}

/// The specification's defaults.
impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 262_144,
            ciphertext_bytes: 65_536,
            wraps: 1024,
            skew_ms: 600_000,
            session_ms: 21_600_000,
            challenge_ms: 60_000,
            checkpoint_ms: 1000,
        }
    }
}

/// A limit that lies outside of its bounds (LIM-5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value}; it must be from {least} to {most}")]
pub struct LimitError {
    /// The limit's name on the wire.
    pub name: &'static str,
    /// What it was set to.
    pub value: u64,
    /// The least that is allowed.
    pub least: u64,
    /// The most that is allowed.
    pub most: u64,
}

impl Limits {
    /// Each limit's name, least and most.
    pub const BOUNDS: [(&'static str, u64, u64); 7] = [
        ("frame_bytes", 65_536, 524_288),
        ("ciphertext_bytes", 144, 65_536),
        ("wraps", 1, 1024),
        ("skew_ms", 1000, 86_400_000),
        ("session_ms", 1000, 2_592_000_000),
        ("challenge_ms", 1000, 60_000),
        ("checkpoint_ms", 10, 60_000),
    ];

    /// Checks each limit against its bounds.
    ///
    /// # Errors
    /// [`LimitError`] for the first that lies outside.
    pub fn check(&self) -> Result<(), LimitError> {
        // [LIM-5]
        for ((name, least, most), value) in Self::BOUNDS.into_iter().zip(self.values()) {
            if !(least..=most).contains(&value) {
                return Err(LimitError {
                    name,
                    value,
                    least,
                    most,
                });
            }
        }
        // [LIM-10]
        let least = self.least_frame_bytes();
        if self.frame_bytes < least {
            return Err(LimitError {
                name: "frame_bytes",
                value: self.frame_bytes,
                least,
                most: Self::BOUNDS[0].2,
            });
        }
        Ok(())
    }

    /// The least `frame_bytes` that holds the largest message and the largest epoch: four letters stand for three bytes
    /// of ciphertext, 200 bytes for a wrap, 4096 for the rest.
    fn least_frame_bytes(&self) -> u64 {
        let message = (self.ciphertext_bytes * 4).div_ceil(3);
        let epoch = self.wraps * 200;
        message.max(epoch) + 4096
    }

    fn values(&self) -> [u64; 7] {
        [
            self.frame_bytes,
            self.ciphertext_bytes,
            self.wraps,
            self.skew_ms,
            self.session_ms,
            self.challenge_ms,
            self.checkpoint_ms,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_lie_within_the_bounds() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn one_beyond_a_bound_is_refused_and_the_bound_itself_is_not() {
        // small enough that no bound of another limit matters
        let small = Limits {
            ciphertext_bytes: 144,
            wraps: 1,
            ..Limits::default()
        };
        let set = |index: usize, value: u64| {
            let mut json = serde_json::to_value(&small).unwrap();
            json[Limits::BOUNDS[index].0] = value.into();
            serde_json::from_value::<Limits>(json).unwrap().check()
        };
        for (index, (name, least, most)) in Limits::BOUNDS.into_iter().enumerate() {
            assert_eq!(set(index, least), Ok(()));
            assert_eq!(set(index, most), Ok(()));
            assert_eq!(set(index, least - 1).unwrap_err().name, name);
            assert_eq!(set(index, most + 1).unwrap_err().name, name);
        }
    }

    #[test]
    fn a_frame_holds_the_largest_message_and_the_largest_epoch() {
        let check = |frame_bytes, ciphertext_bytes, wraps| {
            Limits {
                frame_bytes,
                ciphertext_bytes,
                wraps,
                ..Limits::default()
            }
            .check()
            .map_err(|error| (error.name, error.least))
        };
        // 4/3 of 65536 is 87381 and a third
        assert_eq!(check(91_478, 65_536, 1), Ok(()));
        assert_eq!(check(91_477, 65_536, 1), Err(("frame_bytes", 91_478)));
        assert_eq!(check(208_896, 144, 1024), Ok(()));
        assert_eq!(check(208_895, 144, 1024), Err(("frame_bytes", 208_896)));
    }
}
