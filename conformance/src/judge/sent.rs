//! Whether what was sent is what the vector says, as far as the vector says it without chance.

use serde_json::Value;

use crate::{
    codec::base64url,
    scenario::{
        Step, Template,
        step::{EntryRef, Verb},
    },
    transcript::{Line, What},
};

/// Why what was sent cannot be the vector's; none if it can.
pub fn fault(step: &Step, lines: &[Line]) -> Option<String> {
    match &step.verb {
        Verb::Send(send) => {
            if let Some(hex) = &send.hex {
                let due = base64url::encode(&hex.0);
                let sent =
                    |line: &Line| matches!(&line.what, What::SentBytes(text) if *text == due);
                return (!lines.iter().any(sent))
                    .then(|| "the vector's bytes were not sent".into());
            }
            let template = send.frame.as_ref()?;
            if !send.edits.is_empty() || send.opcode.is_some() {
                return None;
            }
            unlike(template, &first_sent(lines)?, "")
        }
        Verb::Submit(submit) if submit.edits.is_empty() => match &submit.entry {
            EntryRef::Given(template) => unlike(template, &first_sent(lines)?["entry"], "/entry"),
            EntryRef::Made(_) => None,
        },
        _ => None,
    }
}

/// The first text that was sent, `null` if it is no JSON; none if nothing was.
fn first_sent(lines: &[Line]) -> Option<Value> {
    lines.iter().find_map(|line| match &line.what {
        What::Sent(text) => Some(serde_json::from_str(text).unwrap_or_default()),
        _ => None,
    })
}

/// The first place at which a value cannot come of a template.
fn unlike(template: &Template, value: &Value, path: &str) -> Option<String> {
    let elsewhere = |what: &str| Some(format!("{what} at {path}/, other than the vector's"));
    match template {
        Template::Literal(due) if due == value => None,
        Template::Literal(_) => elsewhere("a value was sent"),
        Template::List(items) => match value.as_array() {
            Some(sent) if sent.len() == items.len() => {
                let mut pairs = items.iter().zip(sent);
                pairs.find_map(|(item, sent)| unlike(item, sent, path))
            }
            _ => elsewhere("a list was sent"),
        },
        Template::Object(members) => match value.as_object() {
            Some(sent) if sent.len() == members.0.len() => {
                members
                    .0
                    .iter()
                    .find_map(|(name, member)| match sent.get(name) {
                        Some(sent) => unlike(member, sent, &format!("{path}/{name}")),
                        None => Some(format!("{path}/{name} was not sent")),
                    })
            }
            _ => elsewhere("members were sent"),
        },
        Template::Operator(_) => None,
    }
}
