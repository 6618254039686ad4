//! The suite's material: the specification's chapters and the vectors, embedded or read from a folder.
//!
//! It hands out texts by path; what they mean is for [`crate::requirement`] and [`crate::scenario`].

use std::{borrow::Cow, collections::BTreeMap, fs, io, path::Path};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/corpus.rs"));

/// Texts by their path in the repository, such as `vectors/live/join.json`.
#[derive(Debug, Clone)]
pub struct Corpus {
    texts: BTreeMap<String, Cow<'static, str>>,
}

impl Corpus {
    /// What the binary carries.
    pub fn embedded() -> Self {
        let texts = EMBEDDED
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Cow::Borrowed(*text)))
            .collect();
        Self { texts }
    }

    /// The embedded specification with the vectors of a folder that holds `keys`, `live` and `static`.
    ///
    /// # Errors
    /// Those of reading; also if the folder has no `live`.
    pub fn with_vectors(folder: &Path) -> io::Result<Self> {
        let mut corpus = Self::embedded();
        corpus.texts.retain(|path, _| !path.starts_with("vectors/"));
        if !folder.join("live").is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "it has no folder `live`: name the folder that holds keys, live and static",
            ));
        }
        for part in ["keys", "live", "static"] {
            let part_folder = folder.join(part);
            if !part_folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(part_folder)? {
                let path = entry?.path();
                let ending = path.extension().unwrap_or_default();
                if !path.is_file() || !(ending == "json" || ending == "pem" || ending.is_empty()) {
                    continue;
                }
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let text = fs::read_to_string(&path)?;
                corpus
                    .texts
                    .insert(format!("vectors/{part}/{name}"), Cow::Owned(text));
            }
        }
        Ok(corpus)
    }

    /// The text at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(AsRef::as_ref)
    }

    /// Paths and texts of a folder, in the order of their paths.
    pub fn folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts
            .iter()
            .filter(move |(path, _)| {
                path.strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/'))
            })
            .map(|(path, text)| (path.as_str(), text.as_ref()))
    }

    /// SHA-256 over the vectors' paths and texts, in hexadecimal: two reports with one hash judged by the same vectors.
    pub fn vectors_hash(&self) -> String {
        let mut hasher = Sha256::new();
        for (path, text) in self.folder("vectors") {
            for part in [path, text] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part.as_bytes());
            }
        }
        HEXLOWER.encode(&hasher.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_carries_the_chapters() {
        let corpus = Corpus::embedded();
        assert!(
            corpus
                .text("spec/join.md")
                .is_some_and(|text| text.starts_with("# Join and session"))
        );
        assert!(corpus.folder("spec").count() > 10);
    }

    #[test]
    fn a_folder_is_not_a_prefix_of_another_name() {
        let corpus = Corpus::embedded();
        assert_eq!(corpus.folder("vec").count(), 0);
    }

    #[test]
    fn a_folder_without_scenarios_is_no_vectors_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert!(Corpus::with_vectors(folder.path()).is_err());
    }
}
