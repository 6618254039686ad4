//! Server-sent events: the stream of `/v1/events`, as the HTML standard's section 9.2.6 reads it.

use http_body_util::BodyExt as _;
use serde_json::Value;

use super::{Carrier, authorization};
use crate::codec::fields::MAX_NUMBER;
use crate::peer::http::{self, Answer};

/// An event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Event {
    name: String,
    data: String,
    /// Its `id`, where it has one.
    id: Option<String>,
}

impl Carrier {
    /// Reads events from `have` on; none once nothing more is to come. From the beginning on, the stream is lost on purpose
    /// after the first blocks, and comes back as a browser does it: with the id of the last event, whatever the address says. [SSE-3]
    pub(super) async fn events(&self, token: &str, have: u64) -> Option<()> {
        let mut headers = vec![authorization(token)];
        let id = self
            .stream(&format!("/v1/events?from={have}"), &headers, have == 0)
            .await?;
        headers.push(("last-event-id".to_owned(), id.to_string()));
        self.comes_back(&headers).await?;
        self.stream("/v1/events?from=0", &headers, false).await;
        self.close();
        None
    }

    /// Comes back to an address that asks for more than any chain has, for the id counts and not `from`. [SSE-3] [SSE-6]
    async fn comes_back(&self, headers: &[(String, String)]) -> Option<()> {
        let path = format!("/v1/events?from={MAX_NUMBER}");
        let target = &self.server.target;
        let status = match http::stream(target, &path, headers, self.server.patience).await {
            Ok(stream) => stream.status,
            Err(fault) => {
                self.lose(&fault);
                return None;
            }
        };
        if status != 200 {
            let detail = format!(
                "status {} for a good Last-Event-ID beside a `from` of {MAX_NUMBER}",
                status.as_u16()
            );
            self.fault("SSE-3", detail);
            self.close();
            return None;
        }
        Some(())
    }

    /// Reads one stream: to its end, or to its first blocks, whose `id` it gives then.
    async fn stream(
        &self,
        path: &str,
        headers: &[(String, String)],
        is_first: bool,
    ) -> Option<u64> {
        let due = headers.iter().find(|(name, _)| name == "last-event-id");
        let mut due = due.and_then(|(_, id)| id.parse::<u64>().ok());
        let asked = http::stream(&self.server.target, path, headers, self.server.patience);
        let mut stream = match asked.await {
            Ok(stream) => stream,
            Err(fault) => {
                self.lose(&fault);
                return None;
            }
        };
        if stream.status != 200 {
            let body = (&mut stream.body).collect().await.ok()?.to_bytes();
            self.judge_refusal(&Answer {
                status: stream.status,
                headers: stream.headers.clone(),
                body,
            });
            self.close();
            return None;
        }
        let media = stream
            .headers
            .get("content-type")
            .map(|value| value.as_bytes());
        if !media.is_some_and(|media| media.starts_with(b"text/event-stream")) {
            self.fault("SSE-1", "a stream that is no text/event-stream");
        }
        let mut lines = Lines::default();
        while let Some(Ok(frame)) = stream.body.frame().await {
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            for event in lines.take(&bytes) {
                let frame: Value = serde_json::from_str(&event.data).unwrap_or_default();
                if let Some(due) = due.take_if(|_| event.name == "blocks")
                    && frame["from"].as_u64() != Some(due)
                {
                    let came = &frame["from"];
                    self.fault(
                        "SSE-3",
                        format!("blocks from {came} after Last-Event-ID {due}"),
                    );
                    self.close();
                    return None;
                }
                self.event(&event);
                if is_first && event.name == "blocks" {
                    let blocks = frame["blocks"].as_array().map_or(0, Vec::len) as u64;
                    return Some(frame["from"].as_u64()? + blocks);
                }
            }
        }
        self.close();
        None
    }

    fn event(&self, event: &Event) {
        let frame: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.name.as_str() {
            "blocks" => {
                let blocks = frame["blocks"].as_array().map_or(0, Vec::len) as u64;
                let next = frame["from"]
                    .as_u64()
                    .map(|from| (from + blocks).to_string());
                if blocks == 0 {
                    self.fault("SSE-1", "an event `blocks` without a block");
                }
                // [SSE-2]
                if event.id.is_none() || event.id != next {
                    self.fault(
                        "SSE-2",
                        format!(
                            "an event `blocks` with the id {:?}, where {next:?} is due",
                            event.id
                        ),
                    );
                }
            }
            _ if event.id.is_some() => {
                self.fault("SSE-7", format!("an event `{}` with an id", event.name))
            }
            _ => {}
        }
        if ["blocks", "checkpoint", "bye"].contains(&event.name.as_str()) {
            if frame["type"] != *event.name {
                self.fault(
                    "SSE-1",
                    format!("an event `{}` whose data is another frame", event.name),
                );
            }
            self.say(event.data.as_bytes());
        }
    }
}

/// What was read of a line, and of an event.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    after_return: bool,
    event: Event,
}

impl Lines {
    /// The events that these bytes complete.
    fn take(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let is_second = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if is_second => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.line(&String::from_utf8_lossy(&line)));
                }
                byte => self.line.push(byte),
            }
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let mut event = std::mem::take(&mut self.event);
            event.data.pop();
            return (!event.name.is_empty() || !event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event.name = value.to_owned(),
            "data" => {
                self.event.data.push_str(value);
                self.event.data.push('\n');
            }
            "id" => self.event.id = Some(value.to_owned()),
            // a comment, `retry`, and what nobody knows
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_however_it_is_cut_and_whatever_ends_its_lines() {
        let text = ": hello\n\nevent: blocks\nid: 3\ndata: {\"a\":1}\n\nretry: 5\r\ndata:x\rdata: y\r\n\r\nevent: bye\ndata: {}\n\n";
        let whole = Lines::default().take(text.as_bytes());
        let event = |name: &str, data: &str, id: Option<&str>| Event {
            name: name.into(),
            data: data.into(),
            id: id.map(str::to_owned),
        };
        let due = [
            event("blocks", "{\"a\":1}", Some("3")),
            event("", "x\ny", None),
            event("bye", "{}", None),
        ];
        assert_eq!(whole, due);
        let mut lines = Lines::default();
        let cut: Vec<Event> = text
            .as_bytes()
            .chunks(1)
            .flat_map(|byte| lines.take(byte))
            .collect();
        assert_eq!(cut, due);
    }
}
