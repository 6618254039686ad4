//! Evidence: two signed checkpoints that cannot both describe one chain, in a file that anyone can check offline.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bytes::Hash;
use crate::chain::{Block, State};
use crate::checkpoint::Checkpoint;
use crate::json::{Field, Strictness, parse};
use crate::merkle::verify_inclusion;
use crate::refusal::Refusal;
use crate::verdict::{Finding, Verdict};

/// The text that marks a file of evidence.
const FORMAT: &str = "dispatch-d/1 evidence";

/// Proof of a fork.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "evidence")]
pub struct Evidence {
    /// `dispatch-d/1 evidence`.
    #[schemars(schema_with = "crate::bounds::evidence_format")]
    pub format: String,
    /// Block 0 of the community.
    pub genesis: Block,
    /// The checkpoint of the smaller chain, or of one as large.
    pub first: Checkpoint,
    /// The checkpoint of the larger chain, or of one as large.
    pub second: Checkpoint,
    /// Where the sizes differ: which block stands in the second chain where the first one ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::bounds::present::<EvidenceInclusion>")]
    pub inclusion: Option<EvidenceInclusion>,
}

/// A block of the second chain, proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "evidence-inclusion")]
pub struct EvidenceInclusion {
    /// The hash of the block at index `first.size - 1`.
    pub block_hash: Hash,
    /// Its inclusion proof in the tree of `second` (RFC 6962, section 2.1.1).
    #[schemars(length(max = 53))]
    pub path: Vec<Hash>,
}

impl Evidence {
    /// Puts two checkpoints into order, with the block that stands in the larger chain where the smaller one ends.
    /// Whether they prove a fork is for [`verify`](Self::verify) to say.
    pub fn new(
        genesis: Block,
        one: Checkpoint,
        other: Checkpoint,
        inclusion: Option<EvidenceInclusion>,
    ) -> Self {
        let (first, second) = if one.size <= other.size {
            (one, other)
        } else {
            (other, one)
        };
        Self {
            format: FORMAT.to_owned(),
            genesis,
            first,
            second,
            inclusion,
        }
    }

    /// Decodes a file of evidence, unknown members ignored.
    ///
    /// # Errors
    /// `malformed`.
    pub fn decode(text: &str) -> Result<Self, Refusal> {
        let json = parse(text, Strictness::Lenient)?;
        let evidence = Field::root(&json).object()?;
        let inclusion = match evidence.optional("inclusion") {
            None => None,
            Some(field) => {
                let inclusion = field.object()?;
                Some(EvidenceInclusion {
                    block_hash: inclusion.required("block_hash")?.decoded(Hash::decode)?,
                    path: inclusion
                        .required("path")?
                        .list(|hash| hash.decoded(Hash::decode))?,
                })
            }
        };
        Ok(Self {
            format: evidence.required("format")?.text()?.to_owned(),
            genesis: Block::read(&evidence.required("genesis")?)?,
            first: Checkpoint::read(&evidence.required("first")?)?,
            second: Checkpoint::read(&evidence.required("second")?)?,
            inclusion,
        })
    }

    /// Whether this proves a fork. Costs three RSA verifications. The community that forked is the hash of
    /// [`genesis`](Self::genesis): hold it against the one that is meant.
    ///
    /// # Errors
    /// `bad_evidence` (EVID-1) where it proves none.
    pub fn verify(&self) -> Result<(), Finding> {
        // [EVID-1]
        if self.format != FORMAT {
            return Err(bad_evidence("the format is not that of evidence"));
        }
        let (state, _) = State::from_genesis(self.genesis.clone())
            .map_err(|finding| bad_evidence(&format!("the genesis is none: {finding}")))?;
        for checkpoint in [&self.first, &self.second] {
            checkpoint
                .belongs(state.community())
                .and_then(|()| checkpoint.verify(state.server_key()))
                .map_err(|finding| bad_evidence(&finding.detail))?;
        }
        let (first, second) = (&self.first, &self.second);
        if first.size > second.size {
            return Err(bad_evidence(
                "the first checkpoint is larger than the second",
            ));
        }
        if first.size == second.size && (first.head != second.head || first.root != second.root) {
            return Ok(());
        }
        let Some(inclusion) = &self.inclusion else {
            return Err(bad_evidence(
                "the checkpoints do not contradict each other, and no inclusion proof is there",
            ));
        };
        verify_inclusion(
            &inclusion.block_hash,
            first.size - 1,
            second.size,
            &inclusion.path,
            &second.root,
        )
        .map_err(|error| bad_evidence(&error.to_string()))?;
        if inclusion.block_hash == first.head {
            return Err(bad_evidence(
                "the second chain holds the first one's head where it should",
            ));
        }
        Ok(())
    }
}

fn bad_evidence(detail: &str) -> Finding {
    Finding::new(Verdict::BadEvidence, "EVID-1", detail)
}
