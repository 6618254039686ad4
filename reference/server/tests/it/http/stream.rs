//! A reader of server-sent events, as the HTML standard has them, that checks what this protocol says of each.

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::caller::Caller;
use crate::client::SOON;

/// A stream of events.
pub struct Events {
    body: Incoming,
    read: Vec<u8>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub name: String,
    pub id: Option<u64>,
    pub data: String,
}

impl Events {
    pub async fn open(caller: &Caller, query: &str) -> Events {
        let answer = caller.open("GET", &format!("/v1/events{query}"), "").await;
        assert_eq!(answer.status(), 200);
        let header = |name| answer.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        Events {
            body: answer.into_body(),
            read: Vec::new(),
        }
    }

    /// The next event; none at the end of the stream.
    pub async fn try_next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let rest = self.read.split_off(end + 2);
                let block = std::mem::replace(&mut self.read, rest);
                let text = std::str::from_utf8(&block[..end]).unwrap();
                if let Some(event) = parse(text) {
                    return Some(event);
                }
            }
            let frame = tokio::time::timeout(SOON, self.body.frame())
                .await
                .expect("an event comes soon");
            match frame {
                Some(Ok(frame)) => self.read.extend(frame.into_data().unwrap()),
                Some(Err(_)) => return None,
                None => {
                    assert!(self.read.is_empty(), "half an event at the end");
                    return None;
                }
            }
        }
    }

    pub async fn next(&mut self) -> Event {
        self.try_next().await.expect("the stream goes on")
    }

    /// The next event of this name.
    pub async fn next_of(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await;
            if event.name == name {
                return event;
            }
        }
    }
}

fn parse(text: &str) -> Option<Event> {
    let (mut name, mut id, mut data) = (None, None, None);
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("event", value)) => name = Some(value.to_owned()),
            Some(("id", value)) => id = Some(value.parse().unwrap()),
            Some(("data", value)) => assert_eq!(data.replace(value.to_owned()), None),
            Some(("retry", value)) => drop(value.parse::<u64>().unwrap()),
            _ => assert!(line.starts_with(':'), "{line}"),
        }
    }
    let event = Event {
        name: name?,
        id,
        data: data?,
    };
    // [SSE-7]
    assert_eq!(event.id.is_some(), event.name == "blocks", "{event:?}");
    Some(event)
}
