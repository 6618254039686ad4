//! Which suite it was: one hash over what was asked, the same exactly where the same was asked.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::{corpus::Corpus, requirement::Requirements, result::Suite};

/// What a report says of the suite that judged.
pub fn suite(requirements: &Requirements, corpus: &Corpus) -> Suite {
    Suite {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        vectors: corpus.vectors_hash(),
        hash: suite_hash(requirements, corpus),
    }
}

/// SHA-256 over each requirement's id and sentence and over the vectors' paths and texts, in hexadecimal.
pub fn suite_hash(requirements: &Requirements, corpus: &Corpus) -> String {
    let mut hasher = Sha256::new();
    let asked = requirements
        .iter()
        .map(|one| (one.id.as_str(), one.sentence.as_str()));
    for (name, text) in asked.chain(corpus.folder("vectors")) {
        for part in [name, text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    HEXLOWER.encode(&hasher.finalize())
}

/// The beginning of a hash, for a person.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(chapter: &str) -> String {
        let mut requirements = Requirements::default();
        requirements.read_chapter("spec/x.md", chapter);
        suite_hash(&requirements, &Corpus::embedded())
    }

    #[test]
    fn the_hash_is_another_where_a_rule_is_and_the_same_where_only_prose_is() {
        let one = hash_of("# X\n\n- **[X-1]** A server MUST answer.\n\nProse.\n");
        let prose = hash_of("# X\n\n- **[X-1]** A server MUST answer.\n\nOther prose.\n");
        let rule = hash_of("# X\n\n- **[X-1]** A server MUST NOT answer.\n\nProse.\n");
        assert_eq!(one, prose);
        assert_ne!(one, rule);
        assert_eq!((one.len(), short(&one).len()), (64, 12));
    }
}
