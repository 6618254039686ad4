//! One batch, written and committed by whoever holds the chain's end.

use std::collections::{BTreeSet, HashMap};

use dispatch_protocol::bytes::Id;
use tokio_postgres::Client;

use super::Writing;
use super::columns::{Blocks, Digests};
use super::schema::{CHANNEL, LIST, REDACT, UNLIST};
use super::shelf::signed;
use super::told::Cause;
use crate::ledger::Batch;

/// Appends a batch and commits it. Gives its transaction if it redacts something.
pub(super) async fn append(writing: &mut Writing, batch: &Batch<'_>) -> Result<Option<i64>, Cause> {
    let new = number_authors(writing, batch).await?;
    let client = &writing.line.client;
    let (numbers, ids): (Vec<i64>, Vec<&[u8]>) = new
        .iter()
        .map(|(id, number)| (*number, &id.as_bytes()[..]))
        .unzip();
    let blocks = Blocks::of(batch, &writing.authors);
    let digests = Digests::of(batch.digests, &writing.authors);
    let redacted: Vec<i64> = batch.redacted.iter().copied().map(signed).collect();
    if !numbers.is_empty() {
        client
            .execute(&writing.insert_accounts, &[&numbers, &ids])
            .await?;
    }
    let mut xid = None;
    if !redacted.is_empty() {
        let row = client
            .query_one("SELECT pg_current_xact_id()::text::bigint", &[])
            .await?;
        xid = Some(row.get::<_, i64>(0));
    }
    if let Some(applied) = batch.applied {
        list(client, applied).await?;
    }
    let last = batch.blocks.last().map_or(0, |block| block.index);
    let commit = format!("NOTIFY {CHANNEL}, '{last}'; COMMIT");
    // One behind the other in one round trip. A commit after a statement that failed does nothing, and says so nowhere but in
    // that statement's answer.
    let (blocks, digests, redacted, committed) = futures_util::future::join4(
        blocks.insert(client, &writing.insert_blocks),
        digests.insert(client, &writing.insert_digests),
        redact(client, &redacted),
        client.batch_execute(&commit),
    )
    .await;
    blocks?;
    digests?;
    redacted?;
    committed?;
    Ok(xid)
}

async fn redact(client: &Client, redacted: &Vec<i64>) -> Result<(), tokio_postgres::Error> {
    if redacted.is_empty() {
        return Ok(());
    }
    client.execute(REDACT, &[redacted]).await.map(drop)
}

async fn list(client: &Client, applied: &BTreeSet<Id>) -> Result<(), tokio_postgres::Error> {
    let ids: Vec<&[u8]> = applied.iter().map(|id| &id.as_bytes()[..]).collect();
    client.batch_execute(UNLIST).await?;
    client.execute(LIST, &[&ids]).await.map(drop)
}

/// Finds the number of each author of a batch; gives those that are new.
async fn number_authors(writing: &mut Writing, batch: &Batch<'_>) -> Result<Vec<(Id, i64)>, Cause> {
    let unknown = |authors: &HashMap<Id, i64>| -> BTreeSet<Id> {
        let ids = batch.blocks.iter().map(|block| block.entry.author);
        ids.filter(|id| !authors.contains_key(id)).collect()
    };
    if unknown(&writing.authors).is_empty() {
        return Ok(Vec::new());
    }
    // Others may have numbered some since; while the end is held nobody does.
    let client = &writing.line.client;
    let rows = client
        .query("SELECT id, number FROM dispatch_d.account", &[])
        .await?;
    for row in rows {
        if let Ok(id) = <[u8; 32]>::try_from(row.get::<_, &[u8]>(0)) {
            writing.authors.insert(Id::new(id), row.get(1));
        }
    }
    let last = writing.authors.values().copied().max().unwrap_or(0);
    let new: Vec<(Id, i64)> = unknown(&writing.authors)
        .into_iter()
        .zip(last + 1..)
        .collect();
    writing.authors.extend(new.iter().copied());
    Ok(new)
}
