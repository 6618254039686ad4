//! `http`, `answered`.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::Value;

use crate::{
    peer::{
        http::{self, Answer, HttpFault},
        observer::codes,
    },
    play::{Stage, miss::Miss},
    result::{Direction, Verdict},
    scenario::{
        Pattern,
        step::{Answered, Http},
    },
    story::shorten,
    transcript::What,
};

/// What an answer is held against.
struct Due<'s> {
    status: Option<u16>,
    code: Option<&'s str>,
    json: Option<&'s Pattern>,
}

impl Due<'_> {
    fn status(&self) -> Option<u16> {
        codes::due_status(self.status, self.code)
    }
}

impl Stage {
    pub(super) async fn http(&mut self, step: &Http) -> Result<(), Miss> {
        let (method, path) = (step.request.method.clone(), self.path(step)?);
        let mut headers = self.header_texts(&step.headers)?;
        let body = self.body(step, &mut headers)?;
        if let Some(session) = &step.session {
            let token = self.connection(session)?.observer().token();
            let token =
                token.ok_or_else(|| Miss::harness(format!("`{session}` has no session")))?;
            headers.push(("authorization".into(), format!("Dispatch {token}")));
        }
        self.timeline
            .add("http", Direction::Sent, format!("{method} {path}"));
        let (target, mut patience) = (self.server.target.clone(), self.server.patience);
        let request = format!("{method} {path}");
        if step.name.is_some() {
            // a server may hold it back for as long as it was asked to
            patience += LONGEST_WAIT;
        }
        let asked = async move {
            http::request_with(&target, &method, &path, &headers, body, patience).await
        };
        if let Some(name) = &step.name {
            let name = self.numbered(name).into_owned();
            self.requests.insert(name, tokio::spawn(asked));
            return Ok(());
        }
        let due = Due {
            status: step.status,
            code: step.code.as_deref(),
            json: step.json.as_ref(),
        };
        let answer = self.holds(&request, asked.await, &due)?;
        self.check_headers(&step.header, &answer.headers)?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        self.capture(step.capture.as_ref(), &body);
        for (header, name) in &step.keep {
            let said = answer.headers.get(header.as_str());
            let said = said.and_then(|said| said.to_str().ok());
            self.capture(Some(name), &said.map_or(Value::Null, Value::from));
        }
        Ok(())
    }

    pub(super) async fn answered(&mut self, step: &Answered) -> Result<(), Miss> {
        let name = self.numbered(&step.answered).into_owned();
        let asked = self.requests.remove(&name);
        let asked = asked.ok_or_else(|| Miss::harness(format!("no request is called `{name}`")))?;
        let due = Due {
            status: step.status,
            code: step.code.as_deref(),
            json: step.json.as_ref(),
        };
        let answer = match tokio::time::timeout(self.server.patience, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Miss::harness(error.to_string())),
            Err(_) => Err(HttpFault::Silent(self.server.patience)),
        };
        self.holds(&format!("the request `{name}`"), answer, &due)
            .map(drop)
    }

    /// Holds what came against what is due.
    fn holds(
        &mut self,
        request: &str,
        answer: Result<Answer, HttpFault>,
        due: &Due<'_>,
    ) -> Result<Answer, Miss> {
        let expected = match (due.code, due.status()) {
            (Some(code), Some(status)) => format!("`{code}` with status {status} to {request}"),
            (_, status) => format!("status {} to {request}", status.unwrap_or_default()),
        };
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
            request: request.to_owned(),
            status: answer.status.as_u16(),
            headers: header_texts(&answer.headers),
            body: text.clone().into_owned(),
        });
        self.timeline.add(
            "http",
            Direction::Received,
            format!("{}: {}", answer.status, shorten::text(&text)),
        );
        let came = || format!("status {}: {}", answer.status, shorten::text(&text));
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let fits = due.code.is_none_or(|code| body["code"] == code);
        if due.status() != Some(answer.status.as_u16()) || !fits {
            return Err(Miss::other(expected, came()));
        }
        if let Some(pattern) = due.json {
            let differences = self.differences(pattern, Some(&body))?;
            if !differences.is_empty() {
                let came = format!("{}\n{}", shorten::text(&text), differences.join("\n"));
                return Err(Miss::other("a body as the vector says", came));
            }
        }
        Ok(answer)
    }

    fn path(&self, step: &Http) -> Result<String, Miss> {
        let mut path = step.request.path.clone();
        for (name, template) in &step.query.0 {
            let value = match self.evaluate(template)? {
                Value::String(text) => text,
                other => other.to_string(),
            };
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&format!("{name}={value}"));
        }
        Ok(path)
    }

    fn body(&self, step: &Http, headers: &mut Vec<(String, String)>) -> Result<Bytes, Miss> {
        let Some(template) = &step.body else {
            return Ok(Bytes::new());
        };
        let mut text = match self.evaluate(template)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        if let Some(length) = &step.pad_to {
            let length = self.evaluate(length)?.as_u64().unwrap_or_default() as usize;
            text.push_str(&" ".repeat(length.saturating_sub(text.len())));
        }
        let is_typed = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !is_typed {
            headers.push(("content-type".into(), "application/json".into()));
        }
        Ok(text.into())
    }
}

/// The longest `wait` that a server takes.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(30);

/// Headers as texts; what is no UTF-8 is replaced, and of several of one name the last stands.
fn header_texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}
