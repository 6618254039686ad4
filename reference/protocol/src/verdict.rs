//! What a verifier finds wrong with what it was shown: a server's chain, a checkpoint, a proof, a ciphertext.
//!
//! These verdicts never travel. What a server says to a client stands in [`refusal`](crate::refusal).

use crate::refusal::{Code, Refusal};

/// A verifier's verdict: a refusal's code where one fits, or one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// A rule that a server refuses by this code was broken.
    Code(Code),
    /// Indices do not follow on each other.
    BadIndex,
    /// Not linked to the block before.
    BadPrev,
    /// Time falls.
    BadTime,
    /// Not signed by the server key, or not of this chain.
    BadCheckpoint,
    /// The inclusion proof does not lead there.
    BadInclusion,
    /// The consistency proof does not lead there.
    BadConsistency,
    /// The server is not the one of genesis, or did not answer this client.
    BadWelcome,
    /// Not the community that was pinned.
    WrongGenesis,
    /// A ciphertext is missing that nobody redacted.
    UnredactedGap,
    /// The server shows less than before.
    Rollback,
    /// The server shows something else than before.
    Fork,
    /// The file proves no fork.
    BadEvidence,
    /// The unwrapped secret is not the one that was committed to.
    BadCommitment,
    /// The wrap does not open.
    BadWrap,
    /// The epoch is wrapped for a card that its recipient has replaced.
    OldCard,
    /// The opened bytes are not padded as they must be.
    BadPadding,
    /// The plaintext is no such object.
    BadPlaintext,
    /// The text is no invitation.
    BadInvitation,
    /// The file is no backup, or does not hold what one holds.
    BadBackup,
    /// The backup does not open under this passphrase.
    BadPassphrase,
}

impl Verdict {
    /// The verdict's name in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code(code) => code.as_str(),
            Self::BadIndex => "bad_index",
            Self::BadPrev => "bad_prev",
            Self::BadTime => "bad_time",
            Self::BadCheckpoint => "bad_checkpoint",
            Self::BadInclusion => "bad_inclusion",
            Self::BadConsistency => "bad_consistency",
            Self::BadWelcome => "bad_welcome",
            Self::WrongGenesis => "wrong_genesis",
            Self::UnredactedGap => "unredacted_gap",
            Self::Rollback => "rollback",
            Self::Fork => "fork",
            Self::BadEvidence => "bad_evidence",
            Self::BadCommitment => "bad_commitment",
            Self::BadWrap => "bad_wrap",
            Self::OldCard => "old_card",
            Self::BadPadding => "bad_padding",
            Self::BadPlaintext => "bad_plaintext",
            Self::BadInvitation => "bad_invitation",
            Self::BadBackup => "bad_backup",
            Self::BadPassphrase => "bad_passphrase",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was found, with the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{verdict} [{requirement}]: {detail}")]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The id of the requirement that was broken, such as `CHAIN-9`.
    pub requirement: &'static str,
    /// For people: what was wrong and what to do. Holds no token, key or plaintext.
    pub detail: String,
}

impl Finding {
    /// A finding.
    pub fn new(verdict: Verdict, requirement: &'static str, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            requirement,
            detail: detail.into(),
        }
    }
}

impl From<Refusal> for Finding {
    fn from(refusal: Refusal) -> Self {
        Self::new(
            Verdict::Code(refusal.code),
            refusal.requirement,
            refusal.detail,
        )
    }
}
