//! `open`, `join`, `close`.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::{Map, Value, json};

use crate::{
    codec::Scheme,
    peer::{Connection, connection::Missing, requests::Pull, socket::OpenFault},
    play::{Stage, bytes, miss::Miss},
    result::Verdict,
    scenario::{
        Pattern, Transport,
        step::{Have, Join, Open},
        template::Members,
    },
    story::shorten,
};

impl Stage {
    pub(super) async fn open(&mut self, step: &Open) -> Result<(), Miss> {
        let headers = self.header_texts(&step.headers)?;
        let opened = self
            .connect(&step.on, self.transport, &headers, step.receive_buffer)
            .await;
        let expected = format!("the opening answered with status {}", step.status);
        let answered = match opened {
            Ok(connection) => {
                let headers = connection.headers.clone();
                let name = self.numbered(&step.on).into_owned();
                self.connections.insert(name, connection);
                (101, headers)
            }
            Err(OpenFault::Status { status, headers }) => {
                self.unsettling = true;
                (status, headers)
            }
            Err(fault) => return Err(unopened(&expected, &fault)),
        };
        if answered.0 != step.status {
            return Err(Miss::other(expected, format!("status {}", answered.0)));
        }
        self.check_headers(&step.header, &answered.1)
    }

    pub(in crate::play) async fn join(&mut self, step: &Join) -> Result<(), Miss> {
        let over = step.over.unwrap_or(self.transport);
        let opened = self.connect(&step.on, over, &[], step.receive_buffer).await;
        let connection =
            opened.map_err(|fault| unopened("the opening answered with status 101", &fault))?;
        let name = self.numbered(&step.on).into_owned();
        self.connections.insert(name, connection);

        let hello = self.joining_hello(step)?;
        self.connection(&step.on)?
            .send_text(&hello.to_string(), 1)
            .await;
        let challenge = self.due(&step.on, "challenge").await?;
        let prove = self.proof(&step.role, &hello, &challenge, &Map::new(), Scheme::Pss)?;
        self.connection(&step.on)?
            .send_text(&prove.to_string(), 1)
            .await;
        let welcome = self.due(&step.on, "welcome").await?;

        let size = welcome["size"].as_u64().unwrap_or_default();
        let connection = self.connection(&step.on)?;
        let read = connection.blocks_up_to(size).await;
        read.map_err(|missing| {
            Miss::missing(
                format!("the blocks up to the welcome's size {size}"),
                missing,
            )
            .against("SYNC-1")
        })?;
        connection.forget_blocks(size);
        Ok(())
    }

    fn joining_hello(&self, step: &Join) -> Result<Value, Miss> {
        let mut hello = self.plain_hello(&step.role)?;
        if let Some(session_ms) = &step.session_ms {
            hello["session_ms"] = self.evaluate(session_ms)?;
        }
        match &step.have {
            Have::All => {
                let (size, head) = self.server.chain.have();
                if size > 0 {
                    hello["have"] = json!({"size": size, "hash": bytes::value(&head)});
                }
            }
            Have::Nothing => {}
            Have::This(template) => hello["have"] = self.evaluate(template)?,
        }
        Ok(hello)
    }

    /// Takes an answer of a type.
    async fn due(&mut self, on: &str, kind: &str) -> Result<Value, Miss> {
        let expected = format!("a `{kind}`");
        match self.connection(on)?.answer().await {
            Ok(frame) if frame["type"] == kind => Ok((*frame).clone()),
            Ok(frame) => Err(Miss::other(expected, shorten::value(&frame))),
            Err(missing) => Err(Miss::missing(expected, missing)),
        }
    }

    async fn connect(
        &mut self,
        name: &str,
        over: Transport,
        headers: &[(String, String)],
        receive_buffer: Option<u32>,
    ) -> Result<Connection, OpenFault> {
        let name = self.numbered(name);
        let pull = match over {
            Transport::Ws => None,
            Transport::Poll => Some(Pull::Poll),
            Transport::Sse => Some(Pull::Events),
        };
        if let Some(pull) = pull {
            return Ok(Connection::by_requests(
                &self.server,
                &name,
                pull,
                &self.timeline,
            ));
        }
        Connection::open(&self.server, &name, headers, receive_buffer, &self.timeline).await
    }

    pub(super) async fn close(&mut self, on: &str) -> Result<(), Miss> {
        let connection = self.connection(on)?;
        connection.close().await;
        // The server answers with its own close frame; how it does so is not this step's question.
        match connection.end().await {
            Ok(_) => Ok(()),
            Err(missing @ Missing::Timeout(_)) => Err(Miss::missing(
                "the connection closed after a close frame",
                missing,
            )),
            Err(Missing::Ended(_)) => Ok(()),
        }
    }

    /// The texts of a request's headers.
    pub(super) fn header_texts(&self, headers: &Members) -> Result<Vec<(String, String)>, Miss> {
        let mut texts = Vec::new();
        for (name, template) in &headers.0 {
            match self.evaluate(template)? {
                Value::Null => {}
                _ => texts.push((name.clone(), self.text(template)?)),
            }
        }
        Ok(texts)
    }

    /// Holds an answer's headers against patterns.
    pub(super) fn check_headers(
        &self,
        patterns: &BTreeMap<String, Pattern>,
        headers: &HeaderMap,
    ) -> Result<(), Miss> {
        for (name, pattern) in patterns {
            let text = headers
                .get(name)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let value = text.clone().map(Value::from);
            let differences = self.differences(pattern, value.as_ref())?;
            if !differences.is_empty() {
                let came = text.map_or_else(
                    || format!("no header `{name}`"),
                    |text| format!("`{name}: {text}`"),
                );
                return Err(Miss::other(
                    format!("the header `{name}` as the vector says"),
                    came,
                ));
            }
        }
        Ok(())
    }
}

fn unopened(expected: &str, fault: &OpenFault) -> Miss {
    let verdict = match fault {
        OpenFault::Silent(_) => Verdict::Timeout,
        OpenFault::Unreachable(_) => Verdict::Crashed,
        OpenFault::Broken(_) => Verdict::Crashed,
        OpenFault::Status { .. } => Verdict::Fail,
        OpenFault::Request(_) => Verdict::HarnessError,
    };
    Miss {
        verdict,
        ..Miss::other(expected, fault.to_string())
    }
}
