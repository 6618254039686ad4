//! Tuples: the one encoding under every signature and hash (spec/conventions.md, "Tuples").

use super::Hash;
use sha2::{Digest, Sha256};

/// A tuple in the making: a label and fields, in order.
#[derive(Debug, Clone)]
pub struct Tuple {
    label: String,
    fields: Vec<Vec<u8>>,
}

impl Tuple {
    /// A tuple under this label, without fields yet.
    pub fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            fields: Vec::new(),
        }
    }

    /// Adds bytes, an id or a hash.
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.fields.push(bytes.to_vec());
        self
    }

    /// Adds an integer or a time, as u64be.
    pub fn uint(self, value: u64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    /// Adds a text's UTF-8 bytes, unchanged [CONV-15].
    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    /// Adds `List(x1, ..., xm)`.
    pub fn list<T: AsRef<[u8]>>(self, items: &[T]) -> Self {
        let mut field = length(items.len());
        for item in items {
            field.extend(length(item.as_ref().len()));
            field.extend(item.as_ref());
        }
        self.bytes(&field)
    }

    /// The fields so far, as bytes.
    pub fn fields(&self) -> &[Vec<u8>] {
        &self.fields
    }

    /// The tuple's bytes.
    ///
    /// # Panics
    ///
    /// With more than 255 fields, which no label has.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = b"dispatch-d/1/".to_vec();
        out.extend(self.label.as_bytes());
        out.push(0);
        out.push(u8::try_from(self.fields.len()).expect("at most 255 fields"));
        for field in &self.fields {
            out.extend(length(field.len()));
            out.extend(field);
        }
        out
    }

    /// `H` of the tuple's bytes.
    pub fn hash(&self) -> Hash {
        sha256(&self.encode())
    }
}

/// `H`: SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// A length as u32be.
///
/// # Panics
///
/// With 4 GiB or more, which no frame holds.
fn length(n: usize) -> Vec<u8> {
    u32::try_from(n)
        .expect("shorter than 4 GiB")
        .to_be_bytes()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_label_zero_count_and_lengths_before_fields() {
        let tuple = Tuple::new("x")
            .uint(5)
            .text("é")
            .list(&[b"ab".as_slice(), b""]);
        let mut expected = b"dispatch-d/1/x\0\x03".to_vec();
        expected.extend([0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5]);
        expected.extend([0, 0, 0, 2, 0xc3, 0xa9]);
        expected.extend([0, 0, 0, 14, 0, 0, 0, 2, 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 0]);
        assert_eq!(tuple.encode(), expected);
    }
}
