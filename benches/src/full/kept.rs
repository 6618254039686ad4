//! What a server that has ended keeps: verified by `dispatchd verify`, and read block by block from `dispatchd export`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::Block;

use super::author::Receipts;
use super::witness::Testimony;
use crate::load::Problem;
use crate::load::server::dispatchd;

/// The chain of a community's folder.
#[derive(Debug, Default)]
pub struct Kept {
    hashes: Vec<Hash>,
    /// How often each statement stands in it, and where first.
    statements: BTreeMap<Id, (u64, u64)>,
}

/// What was promised and is not kept.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Acknowledged, and not there or elsewhere.
    pub lost: u64,
    /// In the chain more than once.
    pub doubled: u64,
    /// Shown to somebody, and another block stands there, or none.
    pub forked: u64,
}

impl Kept {
    /// Verifies the chain of a folder, and reads it.
    ///
    /// # Errors
    /// A chain that does not verify.
    pub fn read(folder: &Path) -> Result<(Kept, String), Problem> {
        let verified = dispatchd("verify", folder)?
            .output()
            .map_err(Problem::at("dispatchd verify"))?;
        if !verified.status.success() {
            let said = String::from_utf8_lossy(&verified.stderr).into_owned();
            return Err(Problem::new(format!("dispatchd verify: {}", said.trim())));
        }
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        let said = said.lines().next().unwrap_or_default().to_owned();
        let mut export = dispatchd("export", folder)?
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Problem::at("dispatchd export"))?;
        let mut kept = Kept::default();
        if let Some(lines) = export.stdout.take() {
            for line in BufReader::new(lines).lines() {
                let line = line.map_err(Problem::at("dispatchd export"))?;
                // The last line is a checkpoint.
                if line.starts_with(r#"{"index":"#) {
                    kept.append(&Block::decode(&line).map_err(Problem::at("an exported block"))?);
                }
            }
        }
        let ended = export.wait().map_err(Problem::at("dispatchd export"))?;
        match ended.success() {
            true => Ok((kept, said)),
            false => Err(Problem::new("dispatchd export failed")),
        }
    }

    fn append(&mut self, block: &Block) {
        let index = self.hashes.len() as u64;
        self.hashes.push(block.hash());
        let (times, _) = self
            .statements
            .entry(block.entry.id())
            .or_insert((0, index));
        *times += 1;
    }

    /// Holds it against what was acknowledged to an author of these statements, by their `ref`, and what was shown.
    pub fn against<'a>(
        &self,
        acknowledged: impl Iterator<Item = (&'a Receipts, &'a [Id])>,
        shown: &[Testimony],
    ) -> Broken {
        let mut broken = Broken {
            doubled: self
                .statements
                .values()
                .filter(|(times, _)| *times > 1)
                .count() as u64,
            ..Broken::default()
        };
        for (receipts, ids) in acknowledged {
            let lost = receipts.iter().filter(|(reference, (index, hash))| {
                let place = ids
                    .get(**reference as usize)
                    .and_then(|id| self.statements.get(id))
                    .map(|(_, place)| place);
                place != Some(index) || self.hashes.get(*index as usize) != Some(hash)
            });
            broken.lost += lost.count() as u64;
        }
        for testimony in shown {
            let kept = self.hashes.iter().skip(testimony.from as usize).map(Some);
            let kept = kept.chain(std::iter::repeat(None));
            let pairs = testimony.hashes.iter().zip(kept);
            broken.forked += pairs.filter(|(shown, kept)| Some(*shown) != *kept).count() as u64;
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&[u8]]) -> Kept {
        let mut kept = Kept::default();
        for (index, name) in names.iter().enumerate() {
            kept.hashes.push(Hash::of(name));
            let id = Id::from(Hash::of(name));
            kept.statements.entry(id).or_insert((0, index as u64)).0 += 1;
        }
        kept
    }

    #[test]
    fn a_lost_a_doubled_and_a_forked_block_are_counted() {
        let id = |name: &[u8]| Id::from(Hash::of(name));
        let ids = [id(b"a"), id(b"b")];
        let receipts: Receipts = [(0, (0, Hash::of(b"a"))), (1, (1, Hash::of(b"b")))].into();
        let shown = || {
            vec![Testimony {
                from: 1,
                hashes: vec![Hash::of(b"b")],
            }]
        };
        let held = |kept: &Kept| kept.against([(&receipts, &ids[..])].into_iter(), &shown());
        let broken = |lost, doubled, forked| Broken {
            lost,
            doubled,
            forked,
        };
        assert_eq!(held(&kept(&[b"a", b"b", b"c"])), broken(0, 0, 0));
        assert_eq!(held(&kept(&[b"a"])), broken(1, 0, 1));
        assert_eq!(held(&kept(&[b"a", b"c", b"b"])), broken(1, 0, 1));
        assert_eq!(held(&kept(&[b"a", b"b", b"b"])), broken(0, 1, 0));
    }
}
