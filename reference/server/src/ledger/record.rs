//! An entry's body as the store keeps it: its values one behind the other, without the JSON's letters and names. The
//! ciphertext is not among them; it has a column of its own, so that it can go.
//! Not the tuple that is signed: that one is made anew from the values, and its hash shows any damage.

use dispatch_protocol::bytes::{Bytes, Hash, Id, Salt, Wrap};
use dispatch_protocol::entry::{
    Body, CardBody, Epoch, Genesis, Kind, Message, Recipient, Redaction, Roster, Share,
};
use dispatch_protocol::key::Card;

/// A kind's number in the store. It never changes its meaning.
pub(crate) fn number_of(kind: Kind) -> u8 {
    match kind {
        Kind::Genesis => 0,
        Kind::Roster => 1,
        Kind::Card => 2,
        Kind::Epoch => 3,
        Kind::Share => 4,
        Kind::Message => 5,
        Kind::Redaction => 6,
    }
}

/// The body's bytes, without the ciphertext.
pub(crate) fn write(body: &Body) -> Vec<u8> {
    let mut out = Vec::new();
    match body {
        Body::Genesis(genesis) => {
            sized(&mut out, genesis.name.as_bytes());
            sized(&mut out, &genesis.authority);
            sized(&mut out, &genesis.server_key);
            out.extend_from_slice(&genesis.created_at.to_be_bytes());
        }
        Body::Roster(roster) => {
            out.extend_from_slice(&(roster.add.len() as u32).to_be_bytes());
            roster.add.iter().for_each(|key| sized(&mut out, key));
            roster
                .remove
                .iter()
                .for_each(|id| out.extend_from_slice(id.as_bytes()));
        }
        Body::Card(card) => out.extend_from_slice(card.x25519.as_bytes()),
        Body::Epoch(epoch) => {
            out.extend_from_slice(epoch.commitment.as_bytes());
            wraps(&mut out, &epoch.wraps);
        }
        Body::Share(share) => {
            out.extend_from_slice(share.epoch.as_bytes());
            wraps(&mut out, &share.wraps);
        }
        Body::Message(message) => {
            out.extend_from_slice(message.epoch.as_bytes());
            out.extend_from_slice(message.salt.as_bytes());
            out.extend_from_slice(message.ciphertext_hash.as_bytes());
        }
        Body::Redaction(redaction) => {
            out.extend_from_slice(&redaction.index.to_be_bytes());
            out.extend_from_slice(redaction.reason.as_bytes());
        }
    }
    out
}

/// The body of a kind's number, if the bytes are one's, whole and exactly.
pub(crate) fn read(number: u8, bytes: &[u8], ciphertext: Option<Vec<u8>>) -> Option<Body> {
    let mut rest = Rest(bytes);
    let body = match number {
        0 => Body::Genesis(Genesis {
            name: String::from_utf8(rest.sized()?.to_vec()).ok()?,
            authority: Bytes::from(rest.sized()?),
            server_key: Bytes::from(rest.sized()?),
            created_at: u64::from_be_bytes(rest.array()?),
        }),
        1 => {
            let keys = u32::from_be_bytes(rest.array()?);
            let add = (0..keys)
                .map(|_| rest.sized().map(Bytes::from))
                .collect::<Option<_>>()?;
            let mut remove = Vec::new();
            while !rest.0.is_empty() {
                remove.push(Id::new(rest.array()?));
            }
            Body::Roster(Roster { add, remove })
        }
        2 => Body::Card(CardBody {
            x25519: Card::new(rest.array()?),
        }),
        3 => Body::Epoch(Epoch {
            commitment: Hash::new(rest.array()?),
            wraps: rest.wraps()?,
        }),
        4 => Body::Share(Share {
            epoch: Id::new(rest.array()?),
            wraps: rest.wraps()?,
        }),
        5 => Body::Message(Message {
            epoch: Id::new(rest.array()?),
            salt: Salt::new(rest.array()?),
            ciphertext_hash: Hash::new(rest.array()?),
            ciphertext: ciphertext.map(Bytes::from),
        }),
        6 => Body::Redaction(Redaction {
            index: u64::from_be_bytes(rest.array()?),
            reason: String::from_utf8(std::mem::take(&mut rest.0).to_vec()).ok()?,
        }),
        _ => return None,
    };
    rest.0.is_empty().then_some(body)
}

fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn wraps(out: &mut Vec<u8>, recipients: &[Recipient]) {
    for recipient in recipients {
        out.extend_from_slice(recipient.member.as_bytes());
        out.extend_from_slice(recipient.wrap.as_bytes());
    }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_be_bytes(self.array()?) as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn wraps(&mut self) -> Option<Vec<Recipient>> {
        let mut recipients = Vec::with_capacity(self.0.len() / 112);
        while !self.0.is_empty() {
            recipients.push(Recipient {
                member: Id::new(self.array()?),
                wrap: Wrap::new(self.array()?),
            });
        }
        Some(recipients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies() -> Vec<Body> {
        let id = |byte: u8| Id::new([byte; 32]);
        let wraps = vec![
            Recipient {
                member: id(1),
                wrap: Wrap::new([2; 80]),
            },
            Recipient {
                member: id(3),
                wrap: Wrap::new([4; 80]),
            },
        ];
        vec![
            Body::Genesis(Genesis {
                name: "Straße".to_owned(),
                authority: Bytes::from(vec![1; 294]),
                server_key: Bytes::from(vec![2; 422]),
                created_at: 7,
            }),
            Body::Roster(Roster {
                add: vec![Bytes::from(vec![9; 294]), Bytes::from(vec![8; 550])],
                remove: vec![id(5)],
            }),
            Body::Roster(Roster {
                add: vec![],
                remove: vec![id(5), id(6)],
            }),
            Body::Card(CardBody {
                x25519: Card::new([7; 32]),
            }),
            Body::Epoch(Epoch {
                commitment: Hash::new([6; 32]),
                wraps: wraps.clone(),
            }),
            Body::Share(Share {
                epoch: id(6),
                wraps,
            }),
            Body::Message(Message {
                epoch: id(1),
                salt: Salt::new([2; 16]),
                ciphertext_hash: Hash::new([3; 32]),
                ciphertext: None,
            }),
            Body::Redaction(Redaction {
                index: 1 << 40,
                reason: "é\u{0}".to_owned(),
            }),
        ]
    }

    #[test]
    fn every_kind_comes_back_as_it_was() {
        for body in bodies() {
            let bytes = write(&body);
            assert_eq!(read(number_of(body.kind()), &bytes, None), Some(body));
        }
    }

    #[test]
    fn a_byte_more_or_less_is_noticed_where_the_length_is_fixed() {
        for body in bodies() {
            let mut bytes = write(&body);
            let number = number_of(body.kind());
            bytes.push(1);
            assert_ne!(read(number, &bytes, None), Some(body.clone()));
            bytes.truncate(bytes.len() - 2);
            assert_ne!(read(number, &bytes, None), Some(body));
        }
        assert_eq!(read(7, &[], None), None);
    }

    #[test]
    fn a_ciphertext_stands_beside_its_message() {
        let Some(Body::Message(message)) = read(5, &[0; 80], Some(vec![1; 144])) else {
            panic!("not a message")
        };
        assert_eq!(message.ciphertext, Some(Bytes::from(vec![1; 144])));
    }
}
