//! Finds secrets in bytes, in the forms in which programs write bytes down: as they are, in hexadecimal, in base64 of
//! either alphabet at any place of a longer text, and any of these broken into lines.
//!
//! Of each form a piece of sixteen bytes is looked for, so that a shortened secret is found, too; no such piece is there by
//! chance.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};

use super::Secret;

/// The length of a piece.
const PIECE: usize = 16;
/// As much of a secret as makes a piece in every form.
const TAKEN: usize = 18;
/// A piece with fewer different bytes, such as a ciphertext of zeros, is in every file.
const DIFFERENT: usize = 6;

/// How a secret was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Byte by byte.
    Raw,
    /// In hexadecimal.
    Hex,
    /// In base64.
    Base64,
    /// In base64url.
    Base64Url,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw bytes",
            Self::Hex => "hexadecimal",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        })
    }
}

/// Where a secret was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The offset of its first byte that was seen.
    pub offset: usize,
    /// Which it is, by its place in the list.
    pub secret: usize,
    /// In which form.
    pub form: Form,
}

/// Pieces of secrets, ready to be looked for all at once.
#[derive(Debug)]
pub(super) struct Needles {
    pieces: HashMap<[u8; PIECE], (usize, Form)>,
    /// For each two bytes whether a piece begins with them.
    beginnings: Vec<bool>,
}

impl Needles {
    /// The pieces of these secrets. One that is too short to be told from chance is left out.
    pub(super) fn of(secrets: &[Secret]) -> Self {
        let mut needles = Self {
            pieces: HashMap::new(),
            beginnings: vec![false; 1 << 16],
        };
        for (place, secret) in secrets.iter().enumerate() {
            let taken = secret.bytes.get(..PIECE);
            let Some(taken) = taken.filter(|taken| is_telling(taken)) else {
                continue;
            };
            needles.add(taken, place, Form::Raw);
            needles.add(HEXLOWER.encode(taken).as_bytes(), place, Form::Hex);
            needles.add(HEXUPPER.encode(taken).as_bytes(), place, Form::Hex);
            let taken = &secret.bytes[..secret.bytes.len().min(TAKEN)];
            for shift in 0..3 {
                // Where both alphabets write the same, it is told as the one of this protocol.
                let standard = shifted(&BASE64_NOPAD, taken, shift);
                needles.add(standard.as_bytes(), place, Form::Base64);
                let url = shifted(&BASE64URL_NOPAD, taken, shift);
                needles.add(url.as_bytes(), place, Form::Base64Url);
            }
        }
        needles
    }

    fn add(&mut self, text: &[u8], secret: usize, form: Form) {
        if let Some(piece) = text.first_chunk::<PIECE>() {
            self.pieces.insert(*piece, (secret, form));
            self.beginnings[beginning(piece)] = true;
        }
    }

    /// Where each secret that is in these bytes is found first.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut found = HashSet::new();
        let mut hits = self.find_plain(bytes, &mut found);
        let joined = without_line_breaks(bytes);
        if joined.len() < bytes.len() {
            let broken = self.find_plain(&joined, &mut found);
            hits.extend(broken.into_iter().map(|hit| Hit {
                offset: offset_before_joining(bytes, hit.offset),
                ..hit
            }));
        }
        hits.sort_by_key(|hit| hit.offset);
        hits
    }

    fn find_plain(&self, bytes: &[u8], found: &mut HashSet<usize>) -> Vec<Hit> {
        let pieces = bytes.windows(PIECE).enumerate();
        pieces
            .filter(|(_, piece)| self.beginnings[beginning(piece)])
            .filter_map(|(offset, piece)| {
                let (secret, form) = *self.pieces.get(piece)?;
                found.insert(secret).then_some(Hit {
                    offset,
                    secret,
                    form,
                })
            })
            .collect()
    }
}

/// Whether a piece can be told from what is in files by chance.
fn is_telling(piece: &[u8]) -> bool {
    piece.iter().collect::<HashSet<_>>().len() >= DIFFERENT
}

fn beginning(piece: &[u8]) -> usize {
    usize::from(piece[0]) << 8 | usize::from(piece[1])
}

/// The letters that stand for these bytes, whatever stands before them, where `shift` bytes modulo 3 do.
fn shifted(encoding: &Encoding, bytes: &[u8], shift: usize) -> String {
    let text = encoding.encode(&[&[0; 2][..shift], bytes].concat());
    // The first letters hold bits of what stands before, the last one perhaps of what stands behind.
    let first = (shift * 8).div_ceil(6);
    let whole = (shift + bytes.len()) * 8 / 6;
    text[first..whole].to_owned()
}

/// How many bytes from here are a line break, as it is or as strings write it.
fn line_break(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n' | b'\r', ..] => 1,
        [b'\\', b'n' | b'r', ..] => 2,
        _ => 0,
    }
}

fn without_line_breaks(bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match line_break(&bytes[at..]) {
            0 => {
                joined.push(bytes[at]);
                at += 1;
            }
            skip => at += skip,
        }
    }
    joined
}

fn offset_before_joining(bytes: &[u8], joined: usize) -> usize {
    let (mut at, mut kept) = (0, 0);
    while at < bytes.len() {
        match line_break(&bytes[at..]) {
            0 if kept == joined => return at,
            0 => {
                kept += 1;
                at += 1;
            }
            skip => at += skip,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{canary::Kind, codec::sha256};

    fn secrets() -> Vec<Secret> {
        let bytes = |name: &str| [sha256(name.as_bytes()), sha256(b"more")].concat();
        [bytes("one"), bytes("other")]
            .into_iter()
            .map(|bytes| Secret {
                kind: Kind::Token,
                name: "a token".into(),
                bytes,
            })
            .collect()
    }

    fn found(text: &[u8]) -> Vec<Hit> {
        Needles::of(&secrets()).find(text)
    }

    #[test]
    fn a_secret_is_found_in_each_form_at_its_offset() {
        let bytes = &secrets()[1].bytes;
        for (form, text) in [
            (Form::Raw, bytes.clone()),
            (Form::Hex, HEXLOWER.encode(bytes).into_bytes()),
            (Form::Hex, HEXUPPER.encode(bytes).into_bytes()),
            (Form::Base64Url, BASE64URL_NOPAD.encode(bytes).into_bytes()),
        ] {
            let line = [b"token=", &text[..], b";"].concat();
            let hit = Hit {
                offset: 6,
                secret: 1,
                form,
            };
            assert_eq!(found(&line), [hit], "{form}");
        }
    }

    #[test]
    fn base64_is_found_wherever_the_secret_begins_in_what_was_encoded() {
        for before in 0..7 {
            let whole = [&[9; 7][..before], &secrets()[0].bytes].concat();
            for text in [BASE64_NOPAD.encode(&whole), BASE64URL_NOPAD.encode(&whole)] {
                assert_eq!(found(text.as_bytes()).len(), 1, "{before}: {text}");
            }
        }
    }

    #[test]
    fn a_text_in_lines_is_read_as_one_and_the_offset_is_that_of_the_file() {
        let text = BASE64_NOPAD.encode(&secrets()[0].bytes);
        for line_break in ["\n", "\r\n", "\\n"] {
            let broken = [&text[..5], line_break, &text[5..9], line_break, &text[9..]].concat();
            let hits = found(format!("key:{line_break}{broken}").as_bytes());
            assert_eq!(hits.len(), 1);
            assert_eq!(hits[0].offset, 4 + line_break.len());
        }
    }

    #[test]
    fn a_piece_that_is_everywhere_is_not_looked_for() {
        let zeros = Secret {
            bytes: vec![0; 144],
            ..secrets().remove(0)
        };
        assert!(Needles::of(&[zeros]).find(&[0; 4096]).is_empty());
    }

    #[test]
    fn a_secret_that_is_there_often_is_told_once() {
        let bytes = secrets()[0].bytes.repeat(100);
        assert_eq!(found(&bytes).len(), 1);
    }

    #[test]
    fn the_beginning_of_a_secret_is_found_and_less_than_that_is_not() {
        let bytes = &secrets()[0].bytes;
        assert_eq!(found(&bytes[..16]).len(), 1);
        assert!(found(&bytes[..15]).is_empty());
        assert!(found(&bytes[16..]).is_empty());
    }
}
