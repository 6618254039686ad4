//! Which X25519 values a card may hold (spec/entries.md, "card").

use crate::codec::Verdict;

/// The values of small order in their canonical form, as spec/entries.md lists them.
pub const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    one(),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    prime_minus_one(),
];

/// Holds a card's value against CARD-1 and CARD-2: `bad_card` where it breaks one.
pub fn check_x25519(value: &[u8; 32]) -> Result<(), Verdict> {
    // [CARD-1] Little-endian, so the reversed bytes compare as the numbers do.
    let mut prime = prime_minus_one();
    prime[0] += 1;
    if value.iter().rev().cmp(prime.iter().rev()).is_ge() {
        return Err(Verdict::new(
            "bad_card",
            "CARD-1",
            "not less than 2^255 - 19",
        ));
    }
    // [CARD-2]
    if SMALL_ORDER.contains(value) {
        return Err(Verdict::new("bad_card", "CARD-2", "a point of small order"));
    }
    Ok(())
}

const fn one() -> [u8; 32] {
    let mut value = [0; 32];
    value[0] = 1;
    value
}

/// 2^255 - 20, little-endian.
const fn prime_minus_one() -> [u8; 32] {
    let mut value = [0xff; 32];
    value[0] = 0xec;
    value[31] = 0x7f;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_canonical_and_of_large_order() {
        let mut value = prime_minus_one();
        assert_eq!(check_x25519(&value).unwrap_err().requirement, "CARD-2");
        value[0] = 0xed;
        assert_eq!(check_x25519(&value).unwrap_err().requirement, "CARD-1");
        value[0] = 0xeb;
        check_x25519(&value).unwrap();
        for small in SMALL_ORDER {
            assert_eq!(x25519_dalek::x25519([7; 32], small), [0; 32]);
        }
    }
}
