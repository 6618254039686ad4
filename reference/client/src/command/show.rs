//! How things look: lines for people, JSON lines for programs.

use std::collections::HashMap;
use std::io::IsTerminal as _;

use dispatch_protocol::bytes::Id;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

use crate::client::{Member, Receipt};
use crate::event::{Content, Event, Message};
use crate::terminal::shown;

/// Where what was asked for goes.
pub(super) struct Output {
    pub(super) json: bool,
}

/// What a member calls others.
pub(super) struct Names(pub(super) HashMap<Id, String>);

impl Names {
    /// A name, or the first letters of an id.
    pub(super) fn of(&self, id: &Id) -> String {
        match self.0.get(id) {
            Some(name) => shown(name),
            None => id.to_string()[..8].to_owned(),
        }
    }
}

impl Output {
    /// One JSON object on a line of its own.
    pub(super) fn line(&self, value: &Value) {
        anstream::println!("{}", by_name(value.clone()));
    }

    pub(super) fn message(&self, message: &Message, names: &Names) {
        if self.json {
            return self.line(&message_json(message));
        }
        let Message {
            index,
            time,
            author,
            content,
            ..
        } = message;
        let said = match content {
            Content::Said(plaintext) => {
                let channel = plaintext
                    .channel
                    .as_deref()
                    .map(|c| format!("#{} ", shown(c)));
                // a text's own lines stand under its first
                let text = plaintext.text.split('\n').map(shown).collect::<Vec<_>>();
                format!("{}{}", channel.unwrap_or_default(), text.join("\n        "))
            }
            Content::Sealed => "(not for you, or from before you came)"
                .dimmed()
                .to_string(),
            Content::Redacted => "(removed)".dimmed().to_string(),
            Content::Broken(finding) => format!("(cannot be read: {finding})").red().to_string(),
        };
        let name = names.of(author);
        anstream::println!(
            "{:>6}  {}  {}: {said}",
            index.dimmed(),
            when(*time).dimmed(),
            name.bold()
        );
    }

    pub(super) fn member(&self, member: &Member, names: &Names) {
        let Member {
            id,
            is_authority,
            has_card,
        } = member;
        if self.json {
            let name = names.0.get(id);
            return self.line(&json!({
                "type": "member", "id": id, "authority": is_authority, "card": has_card, "name": name,
            }));
        }
        let mut notes = Vec::new();
        if let Some(name) = names.0.get(id) {
            notes.push(shown(name));
        }
        if *is_authority {
            notes.push("owner".to_owned());
        }
        if !has_card {
            notes.push("has not joined yet".to_owned());
        }
        anstream::println!("{}", format!("{id}  {}", notes.join(", ")).trim_end());
    }

    /// That something stands in the chain.
    pub(super) fn receipt(&self, what: &str, receipt: &Receipt) {
        let Receipt { index, hash, id } = receipt;
        if self.json {
            self.line(&json!({"type": what, "index": index, "hash": hash, "id": id}));
        } else {
            anstream::println!("{what} {index}");
        }
    }

    pub(super) fn event(&self, event: &Event, names: &Names) {
        match event {
            Event::Message(message) => self.message(message, names),
            Event::Roster {
                index,
                added,
                removed,
            } => {
                if self.json {
                    return self.line(&json!({
                        "type": "roster", "index": index, "added": added, "removed": removed,
                    }));
                }
                for (ids, what) in [(added, "was let in"), (removed, "was removed")] {
                    for id in ids {
                        anstream::println!("{:>6}  * {} {what}", index.dimmed(), names.of(id));
                    }
                }
            }
            Event::Redaction {
                index,
                message,
                by,
                reason,
            } => {
                if self.json {
                    return self.line(&json!({
                        "type": "redaction", "index": index, "message": message, "by": by, "reason": reason,
                    }));
                }
                let reason = if reason.is_empty() {
                    String::new()
                } else {
                    format!(": {}", shown(reason))
                };
                let by = names.of(by);
                anstream::println!(
                    "{:>6}  * message {message} was removed by {by}{reason}",
                    index.dimmed()
                );
            }
            Event::Checkpoint { size, time } => {
                if self.json {
                    self.line(&json!({"type": "checkpoint", "size": size, "time": time}));
                }
            }
            other => self.notice(other),
        }
    }

    /// What is no answer to the command, but has to be told.
    pub(super) fn notice(&self, event: &Event) {
        let (kind, told) = match event {
            Event::Syncing { .. } | Event::Synced { .. } => return,
            // a second time it is what the command fails by
            Event::Finding { finding, .. } if finding.requirement == "CHECK-12" => (
                "finding",
                format!("{finding}; reading what it shows now, for half a minute at most"),
            ),
            Event::Disconnected {
                retry_in: Some(wait),
                reason,
            } => (
                "disconnected",
                format!("{reason}; trying again in {:.1} s", wait.as_secs_f64()),
            ),
            Event::Uncovered { index } => (
                "uncovered",
                format!(
                    "the server has signed for no block from {index} on; until it does, it could deny them"
                ),
            ),
            Event::Repaired { aside, what } => (
                "repaired",
                format!(
                    "the copy of the chain was damaged ({what}); it was moved to {} until the chain is fetched and verified again; no key and no message of yours is lost",
                    aside.display()
                ),
            ),
            Event::GivenUp { text, reason } => {
                let what = match text {
                    Some(text) => format!("`{}`", shown(text)),
                    None => "something asked for before".to_owned(),
                };
                (
                    "given_up",
                    format!("{what} was not sent, and is given up: {}", shown(reason)),
                )
            }
            _ => return,
        };
        if self.json {
            anstream::eprintln!("{}", json!({"type": kind, "detail": told}));
        } else {
            anstream::eprintln!("{} {told}", "dispatch:".bold());
        }
    }
}

/// The members of every object in the order of their names, whatever order this build of `serde_json` keeps.
fn by_name(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            let members = members.into_iter().map(|(name, v)| (name, by_name(v)));
            Value::Object(members.collect())
        }
        Value::Array(values) => values.into_iter().map(by_name).collect(),
        other => other,
    }
}

fn message_json(message: &Message) -> Value {
    let Message {
        index,
        id,
        time,
        author,
        epoch,
        content,
    } = message;
    let mut line = json!({
        "type": "message", "index": index, "id": id, "time": time, "author": author, "epoch": epoch,
    });
    match content {
        Content::Said(plaintext) => {
            line["state"] = "said".into();
            line["text"] = plaintext.text.clone().into();
            if let Some(id) = &plaintext.reply_to {
                line["reply_to"] = id.to_string().into();
            }
            if let Some(channel) = &plaintext.channel {
                line["channel"] = channel.clone().into();
            }
        }
        Content::Sealed => line["state"] = "sealed".into(),
        Content::Redacted => line["state"] = "redacted".into(),
        Content::Broken(finding) => {
            line["state"] = "broken".into();
            line["finding"] = finding.to_string().into();
        }
    }
    line
}

/// A time by the server's clock, in UTC.
fn when(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // days since 0000-03-01, in eras of 400 years
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    format!(
        "{:04}-{month:02}-{:02} {:02}:{:02}:{:02}",
        era * 400 + year + u64::from(month <= 2),
        day - (153 * shifted + 2) / 5 + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Progress of a long sync, on a terminal alone.
pub(super) struct Progress(Option<indicatif::ProgressBar>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(|| {
            let style = "{msg} {wide_bar} {pos} of {len} blocks, {eta} left";
            let style = indicatif::ProgressStyle::with_template(style).expect("a template");
            let bar = indicatif::ProgressBar::no_length().with_style(style);
            bar.with_message("verifying")
        }))
    }

    pub(super) fn show(&self, held: u64, of: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(of);
            bar.set_position(held);
        }
    }

    pub(super) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (milliseconds, told) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_772_355_600_000, "2026-03-01 09:00:00"),
            (4_107_542_399_999, "2100-02-28 23:59:59"),
        ] {
            assert_eq!(when(milliseconds), told);
        }
    }
}
