//! The one DER shape of a public key (RFC 5280, section 4.1; RFC 8017, appendix A.1), read and written.
//!
//! Libraries take more than one encoding of a key, small exponents and odd sizes; one account would have many ids.

use crate::refusal::{Code, Refusal};

/// SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.1.1 (rsaEncryption), NULL }
const ALGORITHM: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// 65537, the one exponent.
const EXPONENT: [u8; 3] = [0x01, 0x00, 0x01];

/// A key's parts, borrowed from its DER.
#[derive(Debug)]
pub(super) struct Rsa<'a> {
    /// Most significant byte first, without leading zeros.
    pub(super) modulus: &'a [u8],
}

/// Reads a SubjectPublicKeyInfo.
pub(super) fn parse(der: &[u8]) -> Result<Rsa<'_>, Refusal> {
    let (modulus, exponent) = shape(der).map_err(|what| bad_key("KEY-1", what))?;
    let bits = modulus.len() * 8
        - modulus
            .first()
            .map_or(0, |first| first.leading_zeros() as usize);
    // [KEY-2]
    if !(2048..=4096).contains(&bits) || bits % 8 != 0 {
        return Err(bad_key(
            "KEY-2",
            format!("the modulus has {bits} bits; it must have 2048 to 4096, a multiple of 8"),
        ));
    }
    // [KEY-3]
    if exponent != EXPONENT {
        return Err(bad_key("KEY-3", "the public exponent must be 65537"));
    }
    // [KEY-4]
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(bad_key("KEY-4", "the modulus is even"));
    }
    // [KEY-1] one key, one encoding: what was read must write back to the same bytes
    if encode(modulus, exponent) != der {
        return Err(bad_key("KEY-1", "not the key's one DER encoding"));
    }
    Ok(Rsa { modulus })
}

/// Writes the SubjectPublicKeyInfo of a modulus and an exponent, each without leading zeros.
fn encode(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    write_integer(&mut key, modulus);
    write_integer(&mut key, exponent);
    let mut bits = vec![0];
    write(&mut bits, SEQUENCE, &key);
    let mut info = ALGORITHM.to_vec();
    write(&mut info, BIT_STRING, &bits);
    let mut der = Vec::new();
    write(&mut der, SEQUENCE, &info);
    der
}

/// [KEY-1] the two integers of exactly the shape that the specification draws.
fn shape(der: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let (info, rest) = read(der, SEQUENCE)?;
    end(rest, "bytes are left over behind the key")?;
    let bits = info
        .strip_prefix(&ALGORITHM)
        .ok_or("the algorithm must be rsaEncryption with NULL, in DER")?;
    let (bits, rest) = read(bits, BIT_STRING)?;
    end(rest, "bytes are left over behind the bit string")?;
    let key = bits
        .strip_prefix(&[0])
        .ok_or("the bit string must have no unused bits")?;
    let (integers, rest) = read(key, SEQUENCE)?;
    end(rest, "bytes are left over in the bit string")?;
    let (modulus, rest) = read(integers, INTEGER)?;
    let (exponent, rest) = read(rest, INTEGER)?;
    end(rest, "bytes are left over behind the exponent")?;
    Ok((magnitude(modulus)?, magnitude(exponent)?))
}

fn end(rest: &[u8], what: &'static str) -> Result<(), &'static str> {
    if rest.is_empty() { Ok(()) } else { Err(what) }
}

/// Reads one element with this tag: its content, and what follows it.
fn read(der: &[u8], tag: u8) -> Result<(&[u8], &[u8]), &'static str> {
    let rest = der
        .strip_prefix(&[tag])
        .ok_or("not the DER of a SubjectPublicKeyInfo of an RSA key")?;
    let (length, rest) = match *rest {
        [short @ 0..=0x7f, ref rest @ ..] => (usize::from(short), rest),
        [0x81, long @ 0x80..=0xff, ref rest @ ..] => (usize::from(long), rest),
        [0x82, high @ 1..=0xff, low, ref rest @ ..] => {
            (usize::from(high) << 8 | usize::from(low), rest)
        }
        [] => return Err("the DER ends within an element"),
        _ => return Err("a length that is not the shortest, or far too long"),
    };
    rest.split_at_checked(length)
        .ok_or("the DER ends within an element")
}

/// The bytes of a positive integer, most significant first, without the zero that DER puts before a high bit.
fn magnitude(integer: &[u8]) -> Result<&[u8], &'static str> {
    match *integer {
        [] => Err("an integer without bytes"),
        [0x80..=0xff, ..] => Err("a negative integer"),
        [0, 0x80..=0xff, ..] => Ok(&integer[1..]),
        [0, ..] => Err("an integer with a needless leading zero, or zero"),
        _ => Ok(integer),
    }
}

fn write_integer(out: &mut Vec<u8>, magnitude: &[u8]) {
    if magnitude.first().is_some_and(|&first| first >= 0x80) {
        write(out, INTEGER, &[&[0], magnitude].concat());
    } else {
        write(out, INTEGER, magnitude);
    }
}

fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    // A key of 4096 bits has 550 bytes: two bytes of length hold every element.
    match u16::try_from(content.len())
        .expect("a key's element is short")
        .to_be_bytes()
    {
        [0, short @ 0..=0x7f] => out.push(short),
        [0, long] => out.extend_from_slice(&[0x81, long]),
        [high, low] => out.extend_from_slice(&[0x82, high, low]),
    }
    out.extend_from_slice(content);
}

fn bad_key(requirement: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadKey, requirement, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An odd number of so many bits. It is no product of two primes, which parsing does not ask for.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0xa5; bits.div_ceil(8)];
        let top = (bits - 1) % 8;
        modulus[0] = 1 << top;
        modulus
    }

    fn broken(der: &[u8]) -> &'static str {
        let refusal = parse(der).unwrap_err();
        assert_eq!(refusal.code, Code::BadKey);
        refusal.requirement
    }

    #[test]
    fn each_allowed_size_is_read_and_its_neighbours_are_refused() {
        for bits in [2048, 2056, 3072, 4088, 4096] {
            let modulus = modulus(bits);
            assert_eq!(
                parse(&encode(&modulus, &EXPONENT)).unwrap().modulus,
                modulus
            );
        }
        for bits in [1024, 2040, 2047, 2049, 2052, 3071, 4095, 4097, 4104] {
            assert_eq!(
                broken(&encode(&modulus(bits), &EXPONENT)),
                "KEY-2",
                "{bits}"
            );
        }
    }

    #[test]
    fn only_65537_is_an_exponent() {
        for exponent in [&[3][..], &[17], &[1, 0, 3], &[1, 0, 0, 1], &[1]] {
            assert_eq!(broken(&encode(&modulus(2048), exponent)), "KEY-3");
        }
    }

    #[test]
    fn an_even_modulus_is_refused() {
        let mut even = modulus(2048);
        *even.last_mut().unwrap() &= 0xfe;
        assert_eq!(broken(&encode(&even, &EXPONENT)), "KEY-4");
    }

    #[test]
    fn every_other_encoding_of_the_same_key_is_refused() {
        let modulus = modulus(2048);
        let good = encode(&modulus, &EXPONENT);
        assert!(parse(&good).is_ok());

        let wrap = |algorithm: &[u8], bits: &[u8]| {
            let mut info = algorithm.to_vec();
            write(&mut info, BIT_STRING, bits);
            let mut der = Vec::new();
            write(&mut der, SEQUENCE, &info);
            der
        };
        let sequence = |content: &[u8]| {
            let mut der = Vec::new();
            write(&mut der, SEQUENCE, content);
            der
        };
        let mut integers = Vec::new();
        write_integer(&mut integers, &modulus);
        write_integer(&mut integers, &EXPONENT);
        let pkcs1 = sequence(&integers);
        let bits = [&[0], &pkcs1[..]].concat();
        assert_eq!(wrap(&ALGORITHM, &bits), good);

        let mut negative = Vec::new();
        write(&mut negative, INTEGER, &modulus);
        write_integer(&mut negative, &EXPONENT);
        let mut zero = Vec::new();
        write(&mut zero, INTEGER, &[&[0, 0], &modulus[..]].concat());
        write_integer(&mut zero, &EXPONENT);
        let mut third = integers.clone();
        write_integer(&mut third, &[1]);

        let mut pss = ALGORITHM;
        pss[12] = 0x0a;
        let mut long_length = good.clone();
        long_length.splice(1..4, [0x83, 0, good[2], good[3]]);

        let others = [
            ("PKCS#1", pkcs1.clone()),
            ("rsassaPss as algorithm", wrap(&pss, &bits)),
            (
                "no NULL",
                wrap(&[&[0x30, 0x0b], &ALGORITHM[2..13]].concat(), &bits),
            ),
            (
                "NULL of one byte",
                wrap(
                    &[&[0x30, 0x0e], &ALGORITHM[2..13], &[5, 1, 0]].concat(),
                    &bits,
                ),
            ),
            (
                "unused bits",
                wrap(&ALGORITHM, &[&[1], &pkcs1[..]].concat()),
            ),
            ("a byte behind the key", [&good[..], &[0]].concat()),
            (
                "a byte in the bit string",
                wrap(&ALGORITHM, &[&bits[..], &[0]].concat()),
            ),
            (
                "a third integer",
                wrap(&ALGORITHM, &[&[0], &sequence(&third)[..]].concat()),
            ),
            (
                "a negative modulus",
                wrap(&ALGORITHM, &[&[0], &sequence(&negative)[..]].concat()),
            ),
            (
                "a needless zero",
                wrap(&ALGORITHM, &[&[0], &sequence(&zero)[..]].concat()),
            ),
            ("a long length", long_length),
            (
                "indefinite length",
                [&[0x30, 0x80], &good[4..], &[0, 0]].concat(),
            ),
            ("nothing", Vec::new()),
        ];
        for (what, der) in others {
            assert_eq!(broken(&der), "KEY-1", "{what}");
        }
        for length in 0..good.len() {
            assert_eq!(broken(&good[..length]), "KEY-1", "cut to {length}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_the_one_encoding(at in 0usize..294, byte: u8) {
            let mut der = encode(&modulus(2048), &EXPONENT);
            der[at] = byte;
            if let Ok(key) = parse(&der) {
                prop_assert_eq!(encode(key.modulus, &EXPONENT), der);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(der: Vec<u8>) {
            let _ = parse(&der);
        }
    }
}
