// A public key as the one line that OpenSSH writes, which an owner can paste into the allowlist as it is.

/** The parts of a DER value: `[tag, content, rest]`. The library has checked the key; this reads what it gave. */
function part(der) {
  let length = der[1];
  let at = 2;
  if (length & 0x80) {
    const size = length & 0x7f;
    length = der.subarray(2, 2 + size).reduce((sum, byte) => sum * 256 + byte, 0);
    at += size;
  }
  return { content: der.subarray(at, at + length), rest: der.subarray(at + length) };
}

function field(bytes) {
  const out = new Uint8Array(4 + bytes.length);
  new DataView(out.buffer).setUint32(0, bytes.length);
  out.set(bytes, 4);
  return out;
}

/**
 * `ssh-rsa BASE64 comment`
 * @param {Uint8Array} publicKey DER SubjectPublicKeyInfo of an RSA key
 * @param {string} comment who it is for; white space at its ends and line breaks are left out
 */
export function openSshLine(publicKey, comment = '') {
  const info = part(publicKey).content;
  const bits = part(part(info).rest).content.subarray(1);
  const modulus = part(part(bits).content);
  const exponent = part(modulus.rest);
  // RFC 4253, section 6.6: the numbers are written as DER writes them.
  const blob = [new TextEncoder().encode('ssh-rsa'), exponent.content, modulus.content].map(field);
  const text = blob.flatMap((bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte))).join('');
  return ['ssh-rsa', btoa(text), comment.replace(/\s+/gu, ' ').trim()].filter(Boolean).join(' ');
}
