//! A batch as one statement takes it: the rows' values, column by column.

use std::collections::HashMap;

use dispatch_protocol::bytes::{Hash, Id};
use dispatch_protocol::chain::Digest;
use dispatch_protocol::entry::Body;
use tokio_postgres::{Client, Statement};

use super::shelf::signed;
use crate::ledger::{Batch, record};

/// Blocks by their columns.
#[derive(Default)]
pub(super) struct Blocks<'a> {
    numbers: Vec<i64>,
    hashes: Vec<Vec<u8>>,
    prevs: Vec<&'a [u8]>,
    times: Vec<i64>,
    kinds: Vec<i16>,
    authors: Vec<i64>,
    seqs: Vec<i64>,
    seen_sizes: Vec<i64>,
    seen_hashes: Vec<&'a [u8]>,
    sent_ats: Vec<i64>,
    bodies: Vec<Vec<u8>>,
    signatures: Vec<&'a [u8]>,
    ciphertexts: Vec<Option<&'a [u8]>>,
}

impl<'a> Blocks<'a> {
    pub(super) fn of(batch: &Batch<'a>, authors: &HashMap<Id, i64>) -> Blocks<'a> {
        let known: HashMap<u64, &Hash> = batch
            .digests
            .iter()
            .map(|(index, digest)| (*index, &digest.hash))
            .collect();
        let mut columns = Blocks::default();
        for block in batch.blocks {
            let entry = &block.entry;
            let hash = match known.get(&block.index) {
                Some(hash) => **hash,
                None => block.hash(),
            };
            columns.numbers.push(signed(block.index));
            columns.hashes.push(hash.as_bytes().to_vec());
            columns.prevs.push(block.prev.as_bytes());
            columns.times.push(signed(block.time));
            columns.kinds.push(record::number_of(entry.kind()).into());
            columns.authors.push(authors[&entry.author]);
            columns.seqs.push(signed(entry.seq));
            columns.seen_sizes.push(signed(entry.seen.size));
            columns.seen_hashes.push(entry.seen.hash.as_bytes());
            columns.sent_ats.push(signed(entry.sent_at));
            columns.bodies.push(record::write(&entry.body));
            columns.signatures.push(&entry.signature);
            columns.ciphertexts.push(match &entry.body {
                // What is redacted in this very batch never reaches the disk.
                Body::Message(message) if !batch.redacted.contains(&block.index) => {
                    message.ciphertext.as_deref()
                }
                _ => None,
            });
        }
        columns
    }

    pub(super) async fn insert(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> Result<(), tokio_postgres::Error> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        client
            .execute(
                statement,
                &[
                    &self.numbers,
                    &self.hashes,
                    &self.prevs,
                    &self.times,
                    &self.kinds,
                    &self.authors,
                    &self.seqs,
                    &self.seen_sizes,
                    &self.seen_hashes,
                    &self.sent_ats,
                    &self.bodies,
                    &self.signatures,
                    &self.ciphertexts,
                ],
            )
            .await
            .map(drop)
    }
}

/// Digests by their columns.
#[derive(Default)]
pub(super) struct Digests<'a> {
    numbers: Vec<i64>,
    hashes: Vec<&'a [u8]>,
    times: Vec<i64>,
    ids: Vec<&'a [u8]>,
    authors: Vec<i64>,
    seqs: Vec<i64>,
    seen_sizes: Vec<i64>,
}

impl<'a> Digests<'a> {
    pub(super) fn of(digests: &'a [(u64, Digest)], authors: &HashMap<Id, i64>) -> Digests<'a> {
        let mut columns = Digests::default();
        for (index, digest) in digests {
            columns.numbers.push(signed(*index));
            columns.hashes.push(digest.hash.as_bytes());
            columns.times.push(signed(digest.time));
            columns.ids.push(digest.id.as_bytes());
            columns.authors.push(authors[&digest.author]);
            columns.seqs.push(signed(digest.seq));
            columns.seen_sizes.push(signed(digest.seen));
        }
        columns
    }

    pub(super) async fn insert(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> Result<(), tokio_postgres::Error> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        client
            .execute(
                statement,
                &[
                    &self.numbers,
                    &self.hashes,
                    &self.times,
                    &self.ids,
                    &self.authors,
                    &self.seqs,
                    &self.seen_sizes,
                ],
            )
            .await
            .map(drop)
    }
}
