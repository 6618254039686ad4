//! What HTTP adds to a frame: the status, the media type, what caches may do.

use serde_json::Value;

use super::Carrier;
use crate::peer::{http::Answer, observer::codes};

impl Carrier {
    /// What holds of every answer under `/v1/`, blocks excepted.
    pub(super) fn judge_answer(&self, answer: &Answer) {
        let said = header(answer, "cache-control");
        if !directives(&said).any(|directive| directive == "no-store") {
            self.fault("HTTP-10", format!("an answer with `cache-control: {said}`"));
        }
    }

    /// What holds of an answer with blocks.
    pub(super) fn judge_blocks(&self, answer: &Answer, from: u64, limit: usize) {
        self.judge_media_type(answer, "HTTP-1", "application/json");
        let said = header(answer, "cache-control");
        let allowed = ["no-store", "no-cache"];
        if !directives(&said).any(|directive| allowed.contains(&directive)) {
            self.fault("HTTP-11", format!("blocks with `cache-control: {said}`"));
        }
        let frame: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let blocks = frame["blocks"].as_array();
        if frame["type"] != "blocks" || frame["from"].as_u64() != Some(from) || blocks.is_none() {
            self.fault(
                "HTTP-1",
                format!(
                    "blocks from {from} were asked for, and what came has another type or from"
                ),
            );
        }
        if blocks.map_or(0, Vec::len) > limit {
            self.fault(
                "HTTP-5",
                format!("more than the {limit} blocks that were asked for"),
            );
        }
    }

    /// What holds of a good answer.
    pub(super) fn judge_due(&self, frame: &Value, due: &str) {
        if frame["type"] != due {
            self.fault(
                "HTTP-1",
                format!("status 200, and a body that is no `{due}`"),
            );
        }
        if due == "accepted" && frame.get("ref").is_some() {
            self.fault("HTTP-1", "an `accepted` with a `ref`, which no request has");
        }
    }

    /// What holds of a refusal.
    pub(super) fn judge_refusal(&self, answer: &Answer) {
        self.judge_media_type(answer, "HTTP-3", "application/problem+json");
        let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        let due = format!("urn:dispatch-d:refusal:{code}");
        if problem["type"] != due {
            self.fault(
                "HTTP-3",
                format!(
                    "a problem of the type {} with the code `{code}`",
                    problem["type"]
                ),
            );
        }
        match codes::status(code) {
            Some(status) if status == answer.status.as_u16() => {}
            Some(status) => self.fault(
                "HTTP-3",
                format!(
                    "`{code}` with status {}, not {status}",
                    answer.status.as_u16()
                ),
            ),
            None => self.fault("HTTP-3", format!("`{code}`, which is no code of a refusal")),
        }
        if !problem["detail"].is_string() {
            self.fault("HTTP-3", "a problem without a detail");
        }
        if answer.status == 401 && header(answer, "www-authenticate") != "Dispatch" {
            self.fault(
                "HTTP-13",
                "a status 401 without `WWW-Authenticate: Dispatch`",
            );
        }
    }

    fn judge_media_type(&self, answer: &Answer, requirement: &str, due: &str) {
        let said = header(answer, "content-type");
        let essence = said.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(due) {
            self.fault(
                requirement,
                format!("`content-type: {said}`, where {due} is due"),
            );
        }
    }
}

/// A header as it was said; empty where it was not.
pub(super) fn header(answer: &Answer, name: &str) -> String {
    let value = answer.headers.get(name).map(|value| value.as_bytes());
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

fn directives(said: &str) -> impl Iterator<Item = &str> {
    said.split(',').map(str::trim)
}
