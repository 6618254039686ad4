//! Blocks by requests, at once or as soon as there are some; and proofs. [HTTP-5] to [HTTP-7] [POLL-1] to [POLL-3]

use std::time::Duration;

use hyper::Response;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::Desk;
use super::answers::{Body, Denial, good, tagged};
use super::query::Query;
use crate::codec::{Hash, Verdict, base64url, merkle};
use crate::control::clock::now;

impl Desk {
    /// Blocks, at once or as soon as there are some. [HTTP-5] [HTTP-6] [POLL-1] [POLL-2] [POLL-3]
    pub(super) async fn blocks(
        &self,
        query: &Query<'_>,
        place: usize,
        number: u64,
    ) -> Result<Response<Body>, Denial> {
        let faults = &self.server.faults;
        query.only(&["from", "limit", "wait"])?;
        let from = query.needed("from")?;
        let limit = query.within("limit", 1..=1000)?.unwrap_or(100);
        let wait = query.within("wait", 0..=30_000)?.unwrap_or(0);
        let mut connection = self.open_at(place, number, Some(from));
        let open = connection.open.as_mut().expect("just opened");
        let end = Instant::now() + Duration::from_millis(wait);
        let mut changes = self.server.subscribe();
        loop {
            changes.borrow_and_update();
            let expires_in = {
                let mut community = self.server.community();
                if community.is_stopping && !faults.has("HTTP-18") {
                    return Err(Verdict::new("shutting_down", "HTTP-18", "come back later").into());
                }
                if community.sessions.end_of(place, now(), faults).is_some()
                    && !faults.has("HTTP-2/over")
                {
                    if faults.has("POLL-3") {
                        return Ok(good(
                            &json!({ "type": "blocks", "from": from, "blocks": [] }),
                        ));
                    }
                    return Err(Verdict::new("bad_token", "POLL-3", "the session is over").into());
                }
                let size = community.chain.size();
                if from > size && !faults.has("HTTP-6") {
                    let detail = format!("the chain has {size} blocks");
                    return Err(Verdict::new("unknown_have", "HTTP-6", detail).into());
                }
                if from == size && wait == 0 && faults.has("HTTP-6/none") {
                    return Err(Verdict::new("unknown_have", "HTTP-6", "no such block").into());
                }
                let is_over = Instant::now() >= end;
                if from < size && (is_over || !faults.has("POLL-1")) {
                    let limit = if faults.has("HTTP-5") { 1000 } else { limit };
                    let due = community.blocks(open, size.min(from + limit));
                    return Ok(tagged(&due, &format!("{from} {limit}"), faults));
                }
                if is_over && (wait == 0 || !faults.has("POLL-2")) {
                    if faults.has("POLL-2/refused") {
                        return Err(Verdict::new("unavailable", "POLL-2", "nothing came").into());
                    }
                    return Ok(good(
                        &json!({ "type": "blocks", "from": from, "blocks": [] }),
                    ));
                }
                community
                    .sessions
                    .at(place)
                    .expires_at
                    .saturating_sub(now())
            };
            // A faulty server has nothing to wake it at the end.
            let end = match Instant::now() < end {
                true => end,
                false => Instant::now() + Duration::from_secs(3600),
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep_until(end) => {}
                () = sleep(Duration::from_millis(expires_in.max(1))) => {}
            }
        }
    }

    /// [HTTP-7]
    pub(super) fn inclusion(&self, query: &Query<'_>) -> Result<Response<Body>, Denial> {
        query.only(&["index", "size"])?;
        let (index, size) = (query.needed("index")?, query.needed("size")?);
        let hashes = self.hashes(size)?;
        if index >= size {
            return Err(
                Verdict::new("unknown_have", "HTTP-7", "no such block below that size").into(),
            );
        }
        let place = usize::try_from(index).expect("an index of ours");
        let path = spelt(&merkle::inclusion_proof(place, &hashes));
        Ok(good(&json!({ "index": index, "size": size, "path": path })))
    }

    /// [HTTP-7]
    pub(super) fn consistency(&self, query: &Query<'_>) -> Result<Response<Body>, Denial> {
        query.only(&["from", "to"])?;
        let (from, to) = (query.needed("from")?, query.needed("to")?);
        let hashes = self.hashes(to)?;
        let none = from == 0 && !self.server.faults.has("HTTP-7/zero");
        if none || from > to {
            return Err(
                Verdict::new("unknown_have", "HTTP-7", "no such size below the other").into(),
            );
        }
        let place = usize::try_from(from).expect("a size of ours");
        let path = match place {
            0 => Vec::new(),
            place => spelt(&merkle::consistency_proof(place, &hashes)),
        };
        Ok(good(&json!({ "from": from, "to": to, "path": path })))
    }

    /// The hashes of the first so many blocks.
    fn hashes(&self, size: u64) -> Result<Vec<Hash>, Verdict> {
        let community = self.server.community();
        let blocks = community.chain.blocks();
        let held = usize::try_from(size)
            .ok()
            .filter(|size| (1..=blocks.len()).contains(size));
        let held = match (held, self.server.faults.has("HTTP-7")) {
            (None, true) => Some(blocks.len()),
            (Some(_), _) if self.server.faults.has("HTTP-1/proofs") => Some(blocks.len()),
            (held, _) => held,
        };
        let none = || {
            Verdict::new(
                "unknown_have",
                "HTTP-7",
                format!("the chain has {} blocks", blocks.len()),
            )
        };
        Ok(blocks[..held.ok_or_else(none)?]
            .iter()
            .map(|block| block.hash)
            .collect())
    }
}

fn spelt(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| base64url::encode(hash)).collect()
}
