//! What the server's operations mean to a load.

use std::io;

use serde::Deserialize;

use super::Keeping;
use super::wire::{Message, Operation};
use crate::load::hearing::Heard;
use crate::peers::numbers::{Place, number_in};

/// One connection's ear. A server without storage acknowledges nothing: there, each message is followed by a PING, and the
/// PONG tells that the message was taken in. They come in order, and are counted.
#[derive(Debug, Clone, Copy)]
pub struct Ear {
    place: Place,
    keeping: Keeping,
    pongs: u64,
}

/// What JetStream answers to a message.
#[derive(Deserialize)]
struct Acknowledged {
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
}

impl Ear {
    /// An ear that has heard nothing yet.
    pub fn new(place: Place, keeping: Keeping) -> Ear {
        Ear {
            place,
            keeping,
            pongs: 0,
        }
    }

    /// Takes in what came.
    ///
    /// # Errors
    /// What was no operation, as it was.
    pub fn hear(&mut self, operation: io::Result<Operation>) -> io::Result<Heard> {
        let heard = match operation? {
            Operation::Message(message) => self.message(&message),
            Operation::Pong if self.keeping == Keeping::Nothing => {
                self.pongs += 1;
                self.accepted(self.pongs - 1)
            }
            Operation::Error(words) => Heard::Wrong(format!("the server refuses: {words}")),
            // Its PING wants no answer within a load: it hangs up after two that were not answered, ten minutes apart.
            _ => Heard::Other,
        };
        Ok(heard)
    }

    fn accepted(&self, reference: u64) -> Heard {
        Heard::Accepted {
            reference,
            number: self.place.number(reference),
        }
    }

    fn message(&self, message: &Message) -> Heard {
        if !message.subject().starts_with(b"_INBOX.") {
            return match number_in(message.payload()) {
                Some(number) => Heard::Delivered(number..number + 1),
                None => Heard::Wrong("a message came that nobody sent".to_owned()),
            };
        }
        let subject = String::from_utf8_lossy(message.subject());
        let reference = subject
            .rsplit('.')
            .next()
            .and_then(|last| last.parse().ok());
        let answer = serde_json::from_slice(message.payload());
        match (reference, answer) {
            (
                Some(reference),
                Ok(Acknowledged {
                    seq: Some(_),
                    duplicate: false,
                }),
            ) => self.accepted(reference),
            _ => Heard::Wrong(format!(
                "{subject} was answered with {}",
                String::from_utf8_lossy(message.payload())
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio_util::codec::Decoder as _;

    use super::*;
    use crate::peers::nats::wire::Codec;

    /// What the third of four senders hears.
    fn heard(keeping: Keeping, text: &str) -> Vec<Heard> {
        let place = Place {
            sender: 2,
            senders: 4,
        };
        let mut ear = Ear::new(place, keeping);
        let mut bytes = BytesMut::from(text);
        let next = || Codec.decode(&mut bytes).transpose();
        let heard = std::iter::from_fn(next).map(|operation| ear.hear(operation).unwrap());
        heard.collect()
    }

    fn accepted(reference: u64, number: u64) -> Heard {
        Heard::Accepted { reference, number }
    }

    #[test]
    fn the_stream_answers_by_the_subject_that_it_was_told() {
        let text = "MSG _INBOX.2.7 2 27\r\n{\"stream\":\"load\", \"seq\":94}\r\nPONG\r\n";
        let heard = heard(Keeping::Stream, text);
        assert_eq!(heard, [accepted(7, 30), Heard::Other]);
    }

    #[test]
    fn a_stream_that_did_not_keep_a_message_or_had_it_before_has_not_accepted_it() {
        for answer in [
            r#"{"stream":"load","seq":3,"duplicate":true}"#,
            r#"{"error":{"code":503,"description":"no space"}}"#,
            "what",
        ] {
            let text = format!("MSG _INBOX.2.7 2 {}\r\n{answer}\r\n", answer.len());
            let heard = heard(Keeping::Stream, &text);
            assert!(
                matches!(&heard[..], [Heard::Wrong(words)] if words.contains(answer)),
                "{heard:?}"
            );
        }
    }

    #[test]
    fn without_a_stream_pongs_acknowledge_one_after_the_other() {
        let heard = heard(Keeping::Nothing, "PONG\r\nPING\r\nPONG\r\n");
        assert_eq!(heard, [accepted(0, 2), Heard::Other, accepted(1, 6)]);
    }

    #[test]
    fn a_delivery_tells_the_number_in_its_payload() {
        let text =
            "MSG load 1 15\r\n000000004711 la\r\nMSG load 1 2\r\nla\r\n-ERR 'Slow Consumer'\r\n";
        let heard = heard(Keeping::Stream, text);
        let [delivered, Heard::Wrong(stray), Heard::Wrong(error)] = &heard[..] else {
            panic!("{heard:?}");
        };
        assert_eq!(*delivered, Heard::Delivered(4711..4712));
        assert!(stray.contains("nobody sent"), "{stray}");
        assert!(error.contains("Slow Consumer"), "{error}");
    }
}
