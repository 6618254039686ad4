/** X25519 values that a card may hold. */

import { decode, encode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";

/** [CARD-2] The canonical values of small order, in hexadecimal. */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];
const REFUSED = new Set(SMALL_ORDER.map((hex) => encode(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)))));

/** @param {string} x25519 */
export function checkCard(x25519) {
  const bytes = decode(x25519, 32);
  // 2^255 - 19 is ed, 29 times ff, ff, 7f, the least significant byte first.
  const canonical = bytes[31] < 0x7f || (bytes[31] === 0x7f && (bytes[0] < 0xed || bytes.subarray(1, 31).some((byte) => byte !== 0xff)));
  if (!canonical) throw new DispatchError("bad_card", "The card's value is not smaller than 2^255 - 19."); // [CARD-1]
  if (REFUSED.has(x25519)) throw new DispatchError("bad_card", "The card is a point of small order."); // [CARD-2]
}
