//! What a window of a transcript shows, held against what was due.

use serde_json::Value;

use super::window::Window;
use crate::{result::Verdict, scenario::step::ExpectEnd, story::shorten, transcript::What};

/// What a step comes to.
pub(super) enum Held {
    /// It is as it was said.
    Holds,
    /// What cannot be seen again.
    Open,
    /// It is not: what that makes of the case, and why.
    Broken(Verdict, String),
}

pub(super) fn joined(window: &Window<'_>, on: &str) -> Held {
    for (place, due) in ["challenge", "welcome"].into_iter().enumerate() {
        match window.took.get(place) {
            Some((_, frame)) if frame["type"] == due => {}
            Some((_, frame)) => return other(format!("a `{due}`"), shorten::value(frame)),
            None => return missing(window, on, due),
        }
    }
    let hello = window.lines.iter().find_map(|line| match &line.what {
        What::Sent(text) => serde_json::from_str::<Value>(text).ok(),
        _ => None,
    });
    let have = hello.and_then(|hello| hello["have"]["size"].as_u64());
    let size = window.took[1].1["size"].as_u64().unwrap_or_default();
    match have.unwrap_or_default().max(reached(window, on)) < size {
        true => missing(window, on, "the blocks up to the welcome's size"),
        false => Held::Holds,
    }
}

pub(super) fn end(window: &Window<'_>, expect: &ExpectEnd) -> Held {
    let Some(close) = window.ended(&expect.on) else {
        return missing(window, &expect.on, "the end of the connection");
    };
    let frames = window.frames(&expect.on);
    let bye = frames.iter().find(|frame| frame["type"] == "bye");
    let code = bye.and_then(|bye| bye["code"].as_str());
    let bye_fits = expect.bye.as_ref().is_none_or(|due| code == due.as_deref());
    let close_fits = expect
        .close
        .as_ref()
        .is_none_or(|due| close.is_some_and(|close| due.as_slice().contains(&close)));
    if bye_fits && close_fits {
        Held::Holds
    } else if close.is_some() || bye.is_some() {
        other(
            "another end".into(),
            format!("bye {code:?}, close code {close:?}"),
        )
    } else {
        Held::Broken(
            Verdict::Crashed,
            "the connection ended without a word".into(),
        )
    }
}

/// After the last step: where a fresh connection looked whether the server lives, it was challenged.
pub(super) fn after(window: &Window<'_>) -> Held {
    const LOOK: &str = "after";
    let looked = window.lines.iter().any(|line| line.on == LOOK);
    match window.took.iter().find(|(on, _)| *on == LOOK) {
        Some((_, frame)) if frame["type"] == "challenge" => Held::Holds,
        Some((_, frame)) => other("a `challenge`".into(), shorten::value(frame)),
        None if looked => Held::Broken(
            Verdict::Crashed,
            "the server does not answer any more".into(),
        ),
        None => Held::Holds,
    }
}

pub(super) fn opened(window: &Window<'_>) -> Option<u16> {
    window.lines.iter().find_map(|line| match line.what {
        What::Opened(status) => Some(status),
        _ => None,
    })
}

pub(super) fn sends(window: &Window<'_>) -> bool {
    let sent = |what: &What| matches!(what, What::Sent(_));
    window.lines.iter().any(|line| sent(&line.what))
}

pub(super) fn accepted(window: &Window<'_>, on: &str) -> Held {
    match window.took.first() {
        Some((_, frame)) => answers_submit(frame, &["accepted".to_owned()]),
        None => missing(window, on, "an answer"),
    }
}

/// The same, and the entry's block was read.
pub(super) fn accepted_and_read(window: &Window<'_>, on: &str) -> Held {
    let index = window
        .took
        .first()
        .and_then(|(_, frame)| frame["index"].as_u64());
    match (accepted(window, on), index) {
        (Held::Holds, Some(index)) if reached(window, on) <= index => {
            missing(window, on, "the accepted entry's block")
        }
        (held, _) => held,
    }
}

/// The index behind the last block that came on a connection, 0 if none came.
fn reached(window: &Window<'_>, on: &str) -> u64 {
    let frames = window.frames(on);
    let blocks = frames.iter().filter_map(|frame| frame["blocks"].as_array());
    let indices = blocks.flatten().filter_map(|block| block["index"].as_u64());
    indices.max().map_or(0, |index| index + 1)
}

/// An answer to a `submit`, which has its `ref`. [SUB-3]
pub(super) fn answers_submit(frame: &Value, due: &[String]) -> Held {
    let unread = matches!(frame["code"].as_str(), Some("malformed" | "too_large"));
    match answered(frame, due) {
        Held::Holds if frame.get("ref").is_none() && !unread => {
            other("the `ref` of the `submit`".into(), shorten::value(frame))
        }
        held => held,
    }
}

/// An answer against the codes that are due, of which `accepted` is one.
pub(super) fn answered(frame: &Value, due: &[String]) -> Held {
    let word = match frame["type"].as_str() {
        Some("refused") => frame["code"].as_str().unwrap_or_default(),
        kind => kind.unwrap_or_default(),
    };
    match due.iter().any(|due| due == word) {
        true => Held::Holds,
        false => other(due.join(" or "), shorten::value(frame)),
    }
}

pub(super) fn other(due: String, came: String) -> Held {
    Held::Broken(Verdict::Fail, format!("{due} was due, and came {came}"))
}

/// Nothing was taken where something was due.
pub(super) fn missing(window: &Window<'_>, on: &str, due: &str) -> Held {
    let said_bye = window.frames(on).iter().any(|frame| frame["type"] == "bye");
    let verdict = match window.ended(on) {
        None => Verdict::Timeout,
        Some(close) if close.is_some() || said_bye => Verdict::Fail,
        Some(_) => Verdict::Crashed,
    };
    Held::Broken(verdict, format!("{due} was due, and nothing came"))
}
