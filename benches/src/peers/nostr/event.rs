//! Events as NIP-01 has them: their id, their signature (BIP-340), and the frames that carry them.
//! <https://github.com/nostr-protocol/nips/blob/master/01.md>

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use dispatch_protocol::bytes::Hash;
use secp256k1::Keypair;
use serde::Serialize;
use serde_json::Value;

use crate::load::Problem;
use crate::load::hearing::Heard;

/// A short text note.
pub const KIND: u16 = 1;

/// The name of every subscription here.
const SUBSCRIPTION: &str = "s";

/// How a relay's delivery begins.
const EVENT: &str = r#"["EVENT","#;

/// A signed event.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// SHA-256 of what is signed, in hexadecimal.
    pub id: String,
    /// The author's key: the x coordinate, in hexadecimal.
    pub pubkey: String,
    /// Seconds since 1970.
    pub created_at: u64,
    /// What it is.
    pub kind: u16,
    /// None here.
    pub tags: Vec<Vec<String>>,
    /// What it says.
    pub content: String,
    /// The signature of the id, in hexadecimal.
    pub sig: String,
}

impl Event {
    /// Signs a text note.
    ///
    /// # Errors
    /// Text that is no JSON.
    pub fn sign(key: &Keypair, created_at: u64, content: String) -> Result<Event, Problem> {
        let pubkey = HEXLOWER.encode(&key.x_only_public_key().0.to_byte_array());
        let no_tags: [&str; 0] = [];
        let signed = (0, &pubkey, created_at, KIND, no_tags, &content);
        let signed = serde_json::to_string(&signed).map_err(Problem::at("an event"))?;
        let id = Hash::of(signed.as_bytes());
        let sig = key.sign_schnorr_no_aux_rand(id.as_bytes());
        Ok(Event {
            id: HEXLOWER.encode(id.as_bytes()),
            pubkey,
            created_at,
            kind: KIND,
            tags: Vec::new(),
            content,
            sig: HEXLOWER.encode(sig.as_byte_array()),
        })
    }

    /// The frame that hands it in.
    ///
    /// # Errors
    /// None that is known: an event is JSON.
    pub fn frame(&self) -> Result<String, Problem> {
        serde_json::to_string(&("EVENT", self)).map_err(Problem::at("an event"))
    }
}

/// The frame that asks for all text notes, those that stand and those that come.
pub fn request() -> String {
    serde_json::json!(["REQ", SUBSCRIPTION, { "kinds": [KIND] }]).to_string()
}

/// Whether a frame says that everything which stood was delivered.
pub fn is_end_of_stored(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok((verb, name)) if ("EOSE", SUBSCRIPTION) == (verb, name))
}

/// The numbers of a load's events by their ids.
#[derive(Debug)]
pub struct Sent {
    /// How many senders take turns.
    pub senders: u64,
    /// Each event's number.
    pub numbers: HashMap<String, u64>,
}

/// Reads a relay's frame. Of an event that is delivered, only the id is looked at.
pub fn hear(text: &str, sent: &Sent) -> Heard {
    if text.starts_with(EVENT) {
        let number = delivered_id(text).and_then(|id| sent.numbers.get(id));
        return match number {
            Some(&number) => Heard::Delivered(number..number + 1),
            None => Heard::Wrong("an event came that nobody sent".to_owned()),
        };
    }
    let Ok(Value::Array(frame)) = serde_json::from_str(text) else {
        return Heard::Wrong(format!("the relay's frame does not decode: {text}"));
    };
    match &frame[..] {
        [
            Value::String(verb),
            Value::String(id),
            Value::Bool(true),
            Value::String(words),
        ] if verb == "OK" && !words.starts_with("duplicate:") => match sent.numbers.get(id) {
            Some(&number) => Heard::Accepted {
                reference: number / sent.senders,
                number,
            },
            None => Heard::Wrong("an answer to nothing that was sent".to_owned()),
        },
        [Value::String(verb), ..] if verb == "EOSE" => Heard::Other,
        _ => Heard::Wrong(format!("the relay answers {text}")),
    }
}

fn delivered_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(r#""id":""#)?;
    rest.get(..64)
}

#[cfg(test)]
mod tests {
    use secp256k1::schnorr::Signature;

    use super::*;

    /// The secret key of BIP-340's first test vector: 3.
    fn key() -> Keypair {
        let mut secret = [0; 32];
        secret[31] = 3;
        Keypair::from_secret_bytes(secret).unwrap()
    }

    fn event() -> Event {
        Event::sign(&key(), 1_700_000_000, "la \"la\"\n".to_owned()).unwrap()
    }

    #[test]
    fn an_events_id_is_the_hash_of_the_text_that_the_standard_gives() {
        let event = event();
        let pubkey = "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9";
        assert_eq!(event.pubkey, pubkey);
        let text = format!(r#"[0,"{pubkey}",1700000000,1,[],"la \"la\"\n"]"#);
        assert_eq!(
            event.id,
            HEXLOWER.encode(Hash::of(text.as_bytes()).as_bytes())
        );
    }

    #[test]
    fn an_events_signature_is_the_authors_of_the_id() {
        let event = event();
        let id = HEXLOWER.decode(event.id.as_bytes()).unwrap();
        let sig = HEXLOWER.decode(event.sig.as_bytes()).unwrap();
        let sig = Signature::from_byte_array(sig.try_into().unwrap());
        let author = key().x_only_public_key().0;
        assert!(sig.verify(&id, &author).is_ok());
        assert!(sig.verify(Hash::of(&id).as_bytes(), &author).is_err());
    }

    #[test]
    fn what_is_sent_has_the_standards_text() {
        let Event {
            id, pubkey, sig, ..
        } = event();
        let frame = format!(
            r#"["EVENT",{{"id":"{id}","pubkey":"{pubkey}","created_at":1700000000,"kind":1,"tags":[],"content":"la \"la\"\n","sig":"{sig}"}}]"#
        );
        assert_eq!(event().frame().unwrap(), frame);
        assert_eq!(request(), r#"["REQ","s",{"kinds":[1]}]"#);
        assert!(is_end_of_stored(r#"["EOSE","s"]"#));
        assert!(!is_end_of_stored(r#"["EOSE","t"]"#));
        assert!(!is_end_of_stored(r#"["NOTICE","s"]"#));
    }

    #[test]
    fn a_relays_frames_are_heard_for_what_they_are() {
        let id = "ab".repeat(32);
        let sent = Sent {
            senders: 4,
            numbers: HashMap::from([(id.clone(), 30)]),
        };
        let hear = |text: String| hear(&text, &sent);
        let accepted = Heard::Accepted {
            reference: 7,
            number: 30,
        };
        assert_eq!(hear(format!(r#"["OK","{id}",true,""]"#)), accepted);
        let delivery = format!(r#"["EVENT","s",{{"id":"{id}","content":"\"id\":\"no\""}}]"#);
        assert_eq!(hear(delivery), Heard::Delivered(30..31));
        assert_eq!(hear(r#"["EOSE","s"]"#.to_owned()), Heard::Other);
        let other = "cd".repeat(32);
        for wrong in [
            format!(r#"["OK","{id}",false,"invalid: no"]"#),
            format!(r#"["OK","{id}",true,"duplicate: "]"#),
            format!(r#"["OK","{other}",true,""]"#),
            format!(r#"["EVENT","s",{{"id":"{other}"}}]"#),
            r#"["EVENT","s",{"id":"ab"}]"#.to_owned(),
            r#"["NOTICE","rate-limited"]"#.to_owned(),
            r#"["CLOSED","s","error: no"]"#.to_owned(),
            "{".to_owned(),
        ] {
            let heard = hear(wrong.clone());
            assert!(matches!(heard, Heard::Wrong(_)), "{wrong}: {heard:?}");
        }
    }
}
