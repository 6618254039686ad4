//! The one binary encoding that stands under every signature and hash (TUPLE-1).
//!
//! Not for the wire: what travels is JSON. A tuple is built from decoded values and is never decoded again.

use crate::bytes::Hash;

/// What a tuple states. The labels form the specification's registry; each has a fixed number of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The join signature.
    Join,
    /// The server's answer to a join or resume: origin, community, account, client_nonce, server_nonce, the session's
    /// expires_at, size, head, and the SHA-256 of the token (JOIN-16).
    Welcome,
    /// An entry's id and signature.
    Entry,
    /// The digest of a genesis body.
    BodyGenesis,
    /// The digest of a roster body.
    BodyRoster,
    /// The digest of a card body.
    BodyCard,
    /// The digest of an epoch body.
    BodyEpoch,
    /// The digest of a share body.
    BodyShare,
    /// The digest of a message body.
    BodyMessage,
    /// The digest of a redaction body.
    BodyRedaction,
    /// A block's hash.
    Block,
    /// A checkpoint's signature.
    Checkpoint,
    /// An epoch secret's commitment.
    Commitment,
    /// The info of a wrap's HPKE.
    Wrap,
    /// The info of a message key's HKDF.
    MessageKey,
    /// A message's additional authenticated data.
    MessageAad,
    /// A backup's additional authenticated data.
    Backup,
}

impl Label {
    /// Every label, in the registry's order.
    pub const ALL: [Self; 17] = [
        Self::Join,
        Self::Welcome,
        Self::Entry,
        Self::BodyGenesis,
        Self::BodyRoster,
        Self::BodyCard,
        Self::BodyEpoch,
        Self::BodyShare,
        Self::BodyMessage,
        Self::BodyRedaction,
        Self::Block,
        Self::Checkpoint,
        Self::Commitment,
        Self::Wrap,
        Self::MessageKey,
        Self::MessageAad,
        Self::Backup,
    ];

    /// The label's text, behind the version.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Welcome => "welcome",
            Self::Entry => "entry",
            Self::BodyGenesis => "body/genesis",
            Self::BodyRoster => "body/roster",
            Self::BodyCard => "body/card",
            Self::BodyEpoch => "body/epoch",
            Self::BodyShare => "body/share",
            Self::BodyMessage => "body/message",
            Self::BodyRedaction => "body/redaction",
            Self::Block => "block",
            Self::Checkpoint => "checkpoint",
            Self::Commitment => "commitment",
            Self::Wrap => "wrap",
            Self::MessageKey => "message-key",
            Self::MessageAad => "message-aad",
            Self::Backup => "backup",
        }
    }

    /// How many fields a tuple of this label has.
    pub const fn fields(self) -> u8 {
        match self {
            Self::Commitment | Self::BodyCard => 1,
            Self::BodyRoster
            | Self::BodyEpoch
            | Self::BodyShare
            | Self::BodyRedaction
            | Self::Backup => 2,
            Self::BodyMessage | Self::MessageKey => 3,
            Self::BodyGenesis | Self::MessageAad => 4,
            Self::Block | Self::Checkpoint | Self::Wrap => 5,
            Self::Join => 6,
            Self::Entry => 8,
            Self::Welcome => 9,
        }
    }
}

/// A tuple being built: `"dispatch-d/1/" || label || 0x00 || u8(n) || u32be(len f1) || f1 || ...`.
pub struct Tuple {
    bytes: Vec<u8>,
    label: &'static str,
    declared: u8,
    written: u8,
}

impl Tuple {
    /// Starts a tuple of this label.
    pub fn new(label: Label) -> Self {
        Self::with(label.as_str(), label.fields())
    }

    /// Adds bytes, an id or a hash.
    pub fn bytes(mut self, field: impl AsRef<[u8]>) -> Self {
        self.field(field.as_ref());
        self
    }

    /// Adds an integer or a time, as u64be.
    pub fn uint(mut self, field: u64) -> Self {
        self.field(&field.to_be_bytes());
        self
    }

    /// Adds a text, as its UTF-8 bytes.
    pub fn text(mut self, field: &str) -> Self {
        // [CONV-15] as it stands
        self.field(field.as_bytes());
        self
    }

    /// Adds a list of byte strings, as `u32be(m) || u32be(len x1) || x1 || ...`.
    pub fn list<I>(mut self, items: I) -> Self
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let mut list = vec![0; 4];
        let mut count: u32 = 0;
        for item in items {
            let item = item.as_ref();
            list.extend_from_slice(&length(item).to_be_bytes());
            list.extend_from_slice(item);
            count += 1;
        }
        list[..4].copy_from_slice(&count.to_be_bytes());
        self.field(&list);
        self
    }

    /// The tuple's bytes.
    ///
    /// # Panics
    /// If another number of fields was added than the label has: a fault of the caller's program, not of its data.
    pub fn finish(self) -> Vec<u8> {
        assert_eq!(
            self.written, self.declared,
            "the tuple {:?} takes {} fields",
            self.label, self.declared
        );
        self.bytes
    }

    /// The SHA-256 of the tuple's bytes.
    ///
    /// # Panics
    /// As [`finish`](Self::finish).
    pub fn digest(self) -> Hash {
        Hash::of(&self.finish())
    }

    fn with(label: &'static str, fields: u8) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(b"dispatch-d/1/");
        bytes.extend_from_slice(label.as_bytes());
        bytes.extend_from_slice(&[0, fields]);
        Self {
            bytes,
            label,
            declared: fields,
            written: 0,
        }
    }

    fn field(&mut self, field: &[u8]) {
        self.bytes.extend_from_slice(&length(field).to_be_bytes());
        self.bytes.extend_from_slice(field);
        self.written += 1;
    }
}

/// The length of a field. Every field is bounded by a frame, which is far below 4 GiB.
fn length(field: &[u8]) -> u32 {
    u32::try_from(field.len()).expect("a field fits into a frame")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tuple_is_the_label_the_count_and_the_fields_with_their_lengths() {
        let tuple = Tuple::new(Label::BodyRedaction)
            .uint(258)
            .text("é")
            .finish();
        let mut expected = b"dispatch-d/1/body/redaction\0\x02".to_vec();
        expected.extend_from_slice(b"\0\0\0\x08\0\0\0\0\0\0\x01\x02");
        expected.extend_from_slice(b"\0\0\0\x02\xc3\xa9");
        assert_eq!(tuple, expected);
    }

    #[test]
    fn a_list_counts_its_items_and_their_lengths() {
        let tuple = Tuple::new(Label::BodyEpoch)
            .bytes([])
            .list([&b"a"[..], b"", b"bc"])
            .finish();
        let list = b"\0\0\0\x03\0\0\0\x01a\0\0\0\0\0\0\0\x02bc";
        assert!(tuple.ends_with(list));
        assert!(tuple[..tuple.len() - list.len()].ends_with(&[0, 0, 0, 0, 0, 0, 0, 19]));
    }

    #[test]
    #[should_panic(expected = "takes 2 fields")]
    fn a_missing_field_is_a_fault_of_the_program() {
        Tuple::new(Label::BodyRedaction).uint(1).finish();
    }

    #[test]
    fn the_labels_and_their_fields_are_the_registrys() {
        let rows: Vec<_> = include_str!("../../../spec/registry.md")
            .lines()
            .skip_while(|line| *line != "## Labels")
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter_map(|line| line.strip_prefix("| `"))
            .map(|row| {
                let row = row.replace("\\|", "/");
                let (label, fields) = row.split_once("` | ").unwrap();
                let fields = fields.split(" | ").next().unwrap().split(", ").count();
                (label.to_owned(), fields as u8)
            })
            .collect();
        let ours: Vec<_> = Label::ALL
            .iter()
            .map(|label| (label.as_str().to_owned(), label.fields()))
            .collect();
        assert_eq!(ours, rows);
    }

    proptest! {
        #[test]
        fn moving_a_byte_over_a_border_changes_the_tuple(a: Vec<u8>, b: Vec<u8>, byte: u8) {
            let longer = |mut field: Vec<u8>| { field.push(byte); field };
            let prefixed: Vec<u8> = std::iter::once(byte).chain(b.iter().copied()).collect();
            let one = Tuple::new(Label::BodyRoster).bytes(longer(a.clone())).bytes(&b).finish();
            let two = Tuple::new(Label::BodyRoster).bytes(&a).bytes(prefixed).finish();
            prop_assert_ne!(one, two);
        }
    }
}
