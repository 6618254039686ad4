//! The few forms of DER (X.690) that a public key is made of.

/// One element: its tag byte, a definite length in its shortest form, and the contents.
pub fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let n = contents.len();
    if n < 0x80 {
        out.push(u8::try_from(n).expect("below 128"));
    } else {
        let bytes: Vec<u8> = n
            .to_be_bytes()
            .into_iter()
            .skip_while(|b| *b == 0)
            .collect();
        out.push(0x80 | u8::try_from(bytes.len()).expect("at most 8"));
        out.extend(bytes);
    }
    out.extend(contents);
    out
}

/// An INTEGER of this magnitude (big endian, any leading zeros are dropped), with a sign byte where one is due.
pub fn unsigned_integer(magnitude: &[u8]) -> Vec<u8> {
    let mut contents: Vec<u8> = magnitude.iter().copied().skip_while(|b| *b == 0).collect();
    if contents.first().is_none_or(|b| b & 0x80 != 0) {
        contents.insert(0, 0);
    }
    element(0x02, &contents)
}

/// Takes one element with this tag off the front: its contents, and what is left behind it.
///
/// Errors say what is not DER: another tag, an indefinite or needlessly long length, too few bytes.
pub fn take(tag: u8, bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let [found, first, rest @ ..] = bytes else {
        return Err(format!("ends where tag {tag:#04x} is due"));
    };
    if *found != tag {
        return Err(format!("tag {found:#04x} where {tag:#04x} is due"));
    }
    let (length, rest) = match *first {
        n @ 0..0x80 => (usize::from(n), rest),
        0x80 => return Err("an indefinite length".into()),
        n => {
            let count = usize::from(n & 0x7f);
            if count > 4 || rest.len() < count {
                return Err("a length that cannot be".into());
            }
            let (digits, rest) = rest.split_at(count);
            let length = digits.iter().fold(0, |l, d| l << 8 | usize::from(*d));
            if digits[0] == 0 || length < 0x80 {
                return Err("a length that is not the shortest".into());
            }
            (length, rest)
        }
    };
    if rest.len() < length {
        return Err("fewer bytes than the length says".into());
    }
    Ok(rest.split_at(length))
}

/// Takes a positive INTEGER off the front: its magnitude without sign byte, and what is left behind it.
pub fn take_unsigned_integer(bytes: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let (contents, rest) = take(0x02, bytes)?;
    match contents {
        [] => Err("an integer without bytes".into()),
        [first, ..] if first & 0x80 != 0 => Err("a negative integer".into()),
        [0, next, ..] if next & 0x80 == 0 => Err("an integer with a needless zero byte".into()),
        [0, magnitude @ ..] => Ok((magnitude, rest)),
        magnitude => Ok((magnitude, rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for n in [0, 1, 127, 128, 255, 256, 70000] {
            let contents = vec![7; n];
            let bytes = element(0x30, &contents);
            assert_eq!(take(0x30, &bytes).unwrap(), (&contents[..], &[][..]));
        }
        let integer = unsigned_integer(&[0, 0, 0x80, 1]);
        assert_eq!(integer, [2, 3, 0, 0x80, 1]);
        assert_eq!(take_unsigned_integer(&integer).unwrap().0, [0x80, 1]);
    }
}
