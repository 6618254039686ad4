//! `http`.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::Value;

use crate::{
    peer::http::{self, HttpFault},
    play::{Stage, miss::Miss},
    result::{Direction, Verdict},
    scenario::step::Http,
    story::shorten,
    transcript::What,
};

impl Stage {
    pub(super) async fn http(&mut self, step: &Http) -> Result<(), Miss> {
        let (method, path) = (&step.request.method, &step.request.path);
        let headers = self.header_texts(&step.headers)?;
        let expected = format!("status {} to {method} {path}", step.status);
        self.timeline
            .add("http", Direction::Sent, format!("{method} {path}"));
        let answer = http::request(
            &self.server.target,
            method,
            path,
            &headers,
            self.server.patience,
        )
        .await;
        let answer = answer.map_err(|fault| {
            let verdict = match fault {
                HttpFault::Silent(_) => Verdict::Timeout,
                HttpFault::Request(_) => Verdict::HarnessError,
                HttpFault::Unreachable(_) | HttpFault::Broken(_) => Verdict::Crashed,
            };
            Miss {
                verdict,
                ..Miss::other(&expected, fault.to_string())
            }
        })?;
        let text = String::from_utf8_lossy(&answer.body);
        self.timeline.record("", || What::Http {
            request: format!("{method} {path}"),
            status: answer.status.as_u16(),
            headers: header_texts(&answer.headers),
            body: text.clone().into_owned(),
        });
        self.timeline.add(
            "http",
            Direction::Received,
            format!("{}: {}", answer.status, shorten::text(&text)),
        );
        if answer.status.as_u16() != step.status {
            return Err(Miss::other(expected, format!("status {}", answer.status)));
        }
        self.check_headers(&step.header, &answer.headers)?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(pattern) = &step.json {
            let differences = self.differences(pattern, Some(&body))?;
            if !differences.is_empty() {
                let came = format!("{}\n{}", shorten::text(&text), differences.join("\n"));
                return Err(Miss::other("a body as the vector says", came));
            }
        }
        self.capture(step.capture.as_ref(), &body);
        Ok(())
    }
}

/// Headers as texts; what is no UTF-8 is replaced, and of several of one name the last stands.
fn header_texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}
