//! NATS: lines, subjects, and a stream's answers.

use std::sync::{Arc, Mutex};

use dispatch_benches::load::target::Target;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Fault, listen};

/// What is written to a connection. None: it is closed.
type Line = UnboundedSender<Option<String>>;

struct Hub {
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Subjects, the subscribers' own numbers, and where to write.
    subscriptions: Vec<(String, String, Line)>,
    messages: usize,
}

pub async fn serve(fault: Fault) -> Target {
    let state = Mutex::default();
    let hub = Arc::new(Hub { fault, state });
    listen(move |stream| connection(stream, hub.clone())).await
}

async fn connection(stream: TcpStream, hub: Arc<Hub>) {
    let (reader, mut writer) = stream.into_split();
    let (line, mut lines) = unbounded_channel::<Option<String>>();
    line.send(Some("INFO {\"jetstream\":true} \r\n".to_owned()))
        .unwrap();
    tokio::spawn(async move {
        while let Some(Some(line)) = lines.recv().await {
            if writer.write_all(line.as_bytes()).await.is_err() {
                break;
            }
        }
    });
    let mut reader = BufReader::new(reader);
    let mut text = String::new();
    while matches!(reader.read_line(&mut text).await, Ok(1..)) {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["CONNECT", ..] => {}
            ["PING"] => line.send(Some("PONG\r\n".to_owned())).unwrap(),
            ["SUB", subject, number] => {
                let subscription = (subject.to_owned(), number.to_owned(), line.clone());
                hub.state.lock().unwrap().subscriptions.push(subscription);
            }
            ["PUB", subject, .., length] => {
                let mut payload = vec![0; length.parse::<usize>().unwrap() + 2];
                reader.read_exact(&mut payload).await.unwrap();
                assert_eq!(payload.split_off(payload.len() - 2), b"\r\n");
                let payload = String::from_utf8(payload).unwrap();
                let reply = (words.len() == 4).then(|| words[2]);
                hub.state
                    .lock()
                    .unwrap()
                    .published(hub.fault, subject, reply, &payload);
            }
            _ => panic!("a client says {text}"),
        }
        text.clear();
    }
}

impl State {
    fn published(&mut self, fault: Fault, subject: &str, reply: Option<&str>, payload: &str) {
        if subject == "$JS.API.STREAM.CREATE.load" {
            return self.deliver(reply.unwrap(), r#"{"did_create":true}"#);
        }
        assert_eq!((subject, payload.len()), ("load", 1024));
        self.messages += 1;
        let refuses = fault.strikes(Fault::Refuses, self.messages);
        if fault.strikes(Fault::HangsUp, self.messages) {
            let mut readers = self.subscriptions.iter();
            let reader = readers.find(|(subject, ..)| subject == "load");
            reader.unwrap().2.send(None).unwrap();
        }
        for _ in 0..=usize::from(fault.strikes(Fault::Doubles, self.messages)) {
            self.deliver(subject, payload);
        }
        if let Some(reply) = reply {
            let answer = match refuses {
                true => r#"{"error":{"code":503,"description":"no space left"}}"#.to_owned(),
                false => format!(r#"{{"stream":"load","seq":{}}}"#, self.messages),
            };
            self.deliver(reply, &answer);
        }
    }

    fn deliver(&self, subject: &str, payload: &str) {
        for (wanted, number, line) in &self.subscriptions {
            let prefix = wanted.strip_suffix('*');
            if wanted == subject || prefix.is_some_and(|prefix| subject.starts_with(prefix)) {
                let text = format!("MSG {subject} {number} {}\r\n{payload}\r\n", payload.len());
                let _ = line.send(Some(text));
            }
        }
    }
}
