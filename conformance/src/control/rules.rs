//! Whether an entry may be appended: the rules of spec/entries.md, one after the other.
//!
//! What does not need the chain's state (its form, its author, its signature) is judged in [`super::submit`] before.

use super::community::{Community, Epoch, Member};
use super::entry::Entry;
use super::key::Key;
use super::limits::SKEW_MS;
use crate::codec::{Hash, Verdict, base64url, entry, fields, message, sha256};

mod epochs;

impl Community {
    /// Judges an entry that is not a repeat.
    pub(super) fn judge(&self, entry: &Entry, now: u64) -> Result<(), Verdict> {
        let author = self.members.get(&entry.author);
        let Some(author) = author.filter(|member| member.is_on_roster || self.faults.has("SESS-5"))
        else {
            return Err(Verdict::new(
                "not_allowed",
                "ENTRY-10",
                "the author is not on the roster",
            ));
        };
        self.judge_seq(entry, author)?;
        self.judge_seen(entry)?;
        // [ENTRY-9]
        let is_old = entry.sent_at + SKEW_MS < now && !self.faults.has("ENTRY-9/past");
        let is_early = entry.sent_at > now + SKEW_MS && !self.faults.has("ENTRY-9/future");
        self.rule(
            "ENTRY-9",
            !is_old && !is_early,
            "clock_skew",
            "sent_at is too far from this clock",
        )?;
        if self.faults.has("ENTRY-11/same-time") && entry.sent_at < author.sent_at {
            return Err(Verdict::new("clock_skew", "ENTRY-11", "sent_at falls"));
        }
        self.judge_kind(entry)
    }

    fn judge_seq(&self, entry: &Entry, author: &Member) -> Result<(), Verdict> {
        // [ENTRY-4]
        let follows = if self.faults.has("ENTRY-4/gap") {
            entry.seq > author.seq
        } else if self.faults.has("ENTRY-4/shared") {
            let before = self.members.values().map(|member| member.seq).max();
            Some(entry.seq) == before.map(|seq| seq + 1)
        } else if self.faults.has("ENTRY-4/zero") && author.seq == 0 {
            entry.seq <= 1
        } else {
            entry.seq == author.seq + 1
        };
        let detail = format!("the author's next number is {}", author.seq + 1);
        self.rule("ENTRY-4", follows, "bad_seq", &detail)
    }

    /// The rules on `seen`.
    pub(super) fn judge_seen(&self, entry: &Entry) -> Result<(), Verdict> {
        let (size, hash) = entry.seen;
        // [ENTRY-7]
        let head = match size {
            0 => None,
            _ => self.chain.head_of(size),
        };
        let fits = match head {
            Some(head) => head == hash || self.faults.has("ENTRY-7/hash"),
            None => size == 0 && self.faults.has("ENTRY-7/zero"),
        };
        let is_index = self.faults.has("ENTRY-7/index")
            && self.chain.head_of(size.saturating_add(1)) == Some(hash);
        self.rule(
            "ENTRY-7",
            fits || is_index,
            "bad_seen",
            "seen is not a prefix of this chain",
        )?;
        if self.faults.has("ENTRY-11") && size != self.chain.size() {
            return Err(Verdict::new(
                "bad_seen",
                "ENTRY-11",
                "seen is not the newest head",
            ));
        }
        let before = self
            .members
            .get(&entry.author)
            .map_or(0, |member| member.seen);
        self.rule(
            "ENTRY-8",
            size >= before,
            "bad_seen",
            "seen is behind the author's entry before",
        )
    }

    /// The rules of the entry's kind.
    pub(super) fn judge_kind(&self, entry: &Entry) -> Result<(), Verdict> {
        match entry.kind.as_str() {
            "roster" => self.judge_roster(entry),
            "card" => self.judge_card(entry),
            "epoch" => self.judge_epoch(entry),
            "share" => self.judge_share(entry),
            "message" => self.judge_message(entry),
            "redaction" => self.judge_redaction(entry),
            _ => Ok(()),
        }
    }

    fn judge_roster(&self, entry: &Entry) -> Result<(), Verdict> {
        let is_authority = entry.author == self.authority;
        self.rule(
            "ROST-1",
            is_authority,
            "not_authority",
            "only the authority changes the roster",
        )?;
        let mut added = Vec::new();
        for bytes in fields::bytes_list(entry.body(), "add")? {
            // [ROST-2]
            let key = match self.faults.has("ROST-2") {
                true => Key::unchecked(&bytes, &self.faults),
                false => Key::read(&bytes, &self.faults)?,
            };
            added.push(key.id);
        }
        let removed = fields::bytes_list(entry.body(), "remove")?;
        let removed: Vec<Hash> = removed
            .into_iter()
            .filter_map(|id| id.try_into().ok())
            .collect();
        let changes = !added.is_empty() || !removed.is_empty();
        self.rule("ROST-7", changes, "bad_roster", "two empty lists")?;
        let removes_first = self.faults.has("ROST-6/removed-first");
        let once = match self.faults.has("ROST-6/lists") || removes_first {
            true => is_set(&added) && is_set(&removed),
            false => is_set(&[&added[..], &removed].concat()),
        };
        self.rule("ROST-6", once, "bad_roster", "an account is named twice")?;
        let is_gone = |id: &Hash| removes_first && removed.contains(id);
        let is_new = !added.iter().any(|id| self.is_member(id) && !is_gone(id));
        // Who is named twice need not be new the second time.
        self.rule(
            "ROST-3",
            is_new,
            "bad_roster",
            "who is added is on the roster",
        )?;
        let is_authority = removed.contains(&self.authority);
        self.rule(
            "ROST-5",
            !is_authority,
            "bad_roster",
            "the authority cannot be removed",
        )?;
        let is_known = removed.iter().all(|id| self.is_member(id));
        let lists_overlap = self.faults.has("ROST-6") || self.faults.has("ROST-6/lists");
        let is_known = is_known || lists_overlap && removed.iter().all(|id| added.contains(id));
        self.rule(
            "ROST-4",
            is_known,
            "bad_roster",
            "who is removed is not on the roster",
        )?;
        let was_removed = |id| {
            self.members
                .get(id)
                .is_some_and(|member| member.was_removed)
        };
        if self.faults.has("ROST-9") && added.iter().any(was_removed) {
            return Err(Verdict::new(
                "bad_roster",
                "ROST-9",
                "the account was removed for good",
            ));
        }
        Ok(())
    }

    fn judge_card(&self, entry: &Entry) -> Result<(), Verdict> {
        let card = fields::hash(entry.body(), "x25519")?;
        // [CARD-1] 2^255 - 19, little-endian: compared from the last byte on.
        let mut limit = [0xff; 32];
        (limit[0], limit[31]) = (0xed, 0x7f);
        let is_canonical = card.iter().rev().lt(limit.iter().rev());
        self.rule(
            "CARD-1",
            is_canonical,
            "bad_card",
            "the value is not below 2^255 - 19",
        )?;
        let is_small = match self.faults.has("CARD-2/zero") {
            true => card == [0; 32],
            false => SMALL_ORDER.contains(&card),
        };
        self.rule("CARD-2", !is_small, "bad_card", "a point of small order")
    }

    fn judge_message(&self, entry: &Entry) -> Result<(), Verdict> {
        let body = entry.body();
        let Some(epoch) = self.epoch_for(entry, "MSG-1")? else {
            return Ok(());
        };
        // [MSG-2]
        let is_recipient = match epoch.recipients.get(&entry.author) {
            Some(false) => !self.faults.has("MSG-2/shared"),
            first => first.is_some(),
        };
        self.rule(
            "MSG-2",
            is_recipient,
            "not_recipient",
            "the author cannot read this epoch",
        )?;
        // [MSG-3]
        let is_stale = if self.faults.has("MSG-3/return") {
            !epoch.recipients.keys().all(|id| self.is_member(id))
        } else if self.faults.has("MSG-3/earlier") {
            let was_removed = |id| {
                self.members
                    .get(id)
                    .is_some_and(|member| member.was_removed)
            };
            epoch.recipients.keys().any(was_removed)
        } else {
            epoch.is_stale
        };
        self.rule(
            "MSG-3",
            !is_stale,
            "stale_epoch",
            "a recipient was removed: a new epoch is due",
        )?;
        let Some(text) = body.get("ciphertext").and_then(|text| text.as_str()) else {
            return Ok(()); // [MSG-6] Only its fault comes here.
        };
        let ciphertext = base64url::decode(text)?;
        let digest = fields::hash(body, "ciphertext_hash")?;
        let fits = digest == sha256(&ciphertext);
        self.rule(
            "MSG-4",
            fits,
            "bad_ciphertext",
            "ciphertext_hash is not its hash",
        )?;
        // [MSG-5]
        let padded = ciphertext.len().checked_sub(message::TAG_LENGTH);
        let is_padded = match self.faults.has("MSG-5/tag") {
            true => !ciphertext.is_empty() && ciphertext.len() % message::PADDING_BLOCK == 0,
            false => padded.is_some_and(|n| {
                (n > 0 || self.faults.has("MSG-5/empty")) && n % message::PADDING_BLOCK == 0
            }),
        };
        self.rule(
            "MSG-5",
            is_padded,
            "bad_ciphertext",
            "not 16 bytes longer than a multiple of 128",
        )
    }

    fn judge_redaction(&self, entry: &Entry) -> Result<(), Verdict> {
        let index = fields::uint(entry.body(), "index")?;
        let block = self.chain.at(index);
        let kind = block.map(|block| block.entry.kind.as_str());
        let is_message = match kind {
            Some("message") => true,
            Some(_) => self.faults.has("RED-1/kind"),
            None => false,
        };
        self.rule(
            "RED-1",
            is_message,
            "bad_redaction",
            "no message stands there",
        )?;
        if self.faults.has("ENTRY-11/reason") && entry.body()["reason"] == "" {
            return Err(Verdict::new("bad_redaction", "ENTRY-11", "a reason is due"));
        }
        let is_redacted = block.is_some_and(|block| block.is_redacted);
        self.rule(
            "RED-2",
            !is_redacted,
            "bad_redaction",
            "it is redacted already",
        )?;
        // [RED-3]
        let by_authority = entry.author == self.authority && !self.faults.has("RED-3/authority");
        let is_own = block.is_some_and(|block| block.entry.author == entry.author);
        let by_author = is_own && !self.faults.has("RED-3/author");
        self.rule(
            "RED-3",
            by_authority || by_author,
            "not_authority",
            "neither the authority's nor the author's",
        )
    }

    /// The epoch that a share or message names; none where the rule's own fault lets it through.
    fn epoch_for(&self, entry: &Entry, rule: &'static str) -> Result<Option<&Epoch>, Verdict> {
        let id = fields::hash(entry.body(), "epoch")?;
        let epoch = self.epochs.get(&id);
        // [ENTRY-16]
        let epoch =
            epoch.filter(|epoch| !self.faults.has("ENTRY-16") || epoch.index < entry.seen.0);
        if epoch.is_none()
            && self.faults.has("SHARE-1/kind")
            && rule == "SHARE-1"
            && self.receipts.contains_key(&id)
        {
            return Ok(None);
        }
        self.rule(
            rule,
            epoch.is_some(),
            "unknown_epoch",
            "no such epoch in this chain",
        )?;
        Ok(epoch)
    }

    /// One rule: the refusal where it is not kept, unless its switch is on.
    fn rule(
        &self,
        id: &'static str,
        is_kept: bool,
        code: &'static str,
        detail: &str,
    ) -> Result<(), Verdict> {
        match is_kept || self.faults.has(id) {
            true => Ok(()),
            false => Err(Verdict::new(code, id, detail)),
        }
    }
}

/// The canonical values of small order, as spec/entries.md lists them.
const SMALL_ORDER: [Hash; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    {
        let mut last = [0xff; 32];
        (last[0], last[31]) = (0xec, 0x7f);
        last
    },
];

fn is_set(ids: &[Hash]) -> bool {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len() == ids.len()
}
