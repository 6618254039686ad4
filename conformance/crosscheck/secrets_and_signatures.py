"""Keys, signatures, wraps and messages, from spec/identity.md and spec/encryption.md, over `cryptography`."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from wire import H, Refused, read_json, tuple_bytes, unb64

PRIME = 2**255 - 19
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
SALT_LENGTH = 32


# --- KEY-1 to KEY-5


def public_key(der):
    """A key whose encoding is the one that encoding it again gives."""
    try:
        key = serialization.load_der_public_key(der)
    except Exception as error:  # the library has many kinds for "this is no key"
        raise Refused("bad_key", str(error)) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise Refused("bad_key", "not RSA")
    again = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if again != der:
        raise Refused("bad_key", "not the one encoding of this key")
    numbers = key.public_numbers()
    if not 2048 <= key.key_size <= 4096 or key.key_size % 8 or numbers.e != 65537 or numbers.n % 2 == 0:
        raise Refused("bad_key", "size, exponent or modulus")
    return key


# --- SIG-1 to SIG-3


def verify(key, message, signature, code="bad_signature"):
    if len(signature) * 8 != key.key_size or int.from_bytes(signature, "big") >= key.public_numbers().n:
        raise Refused(code, "length or number")
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=SALT_LENGTH)
    try:
        key.verify(signature, message, pss, hashes.SHA256())
    except InvalidSignature:
        raise Refused(code, "does not verify") from None


# --- CARD-1 and CARD-2


def card(value):
    number = int.from_bytes(value, "little")
    if number >= PRIME:
        raise Refused("bad_card", "not canonical")
    # A scalar that is a multiple of 8, as every clamped one is, takes a point of small order to zero.
    try:
        X25519PrivateKey.from_private_bytes(H(b"any scalar")).exchange(X25519PublicKey.from_public_bytes(value))
    except ValueError:
        raise Refused("bad_card", "small order") from None


# --- RFC 5869


def extract(salt, ikm):
    return hmac.digest(salt or bytes(32), ikm, hashlib.sha256)


def expand(prk, info, length):
    out, block = b"", b""
    for counter in range(1, 256):
        block = hmac.digest(prk, block + info + bytes([counter]), hashlib.sha256)
        out += block
        if len(out) >= length:
            return out[:length]
    raise ValueError("too long")


# --- RFC 9180, base mode, single shot, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0003))


def labeled_extract(suite, salt, label, ikm):
    return extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, length):
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_cipher(private, public, encapsulated, recipient, info):
    """The AEAD and the nonce of the first message. X25519 refuses a result of zeros by itself."""
    try:
        dh = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        raise Refused("bad_wrap", "a shared secret of zeros") from None
    eae = labeled_extract(KEM_SUITE, b"", b"eae_prk", dh)
    shared = labeled_expand(KEM_SUITE, eae, b"shared_secret", encapsulated + recipient, 32)
    context = b"\0" + labeled_extract(SUITE, b"", b"psk_id_hash", b"") + labeled_extract(SUITE, b"", b"info_hash", info)
    secret = labeled_extract(SUITE, shared, b"secret", b"")
    key = labeled_expand(SUITE, secret, b"key", context, 32)
    return ChaCha20Poly1305(key), labeled_expand(SUITE, secret, b"base_nonce", context, 12)


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(*RAW)


def seal(recipient, info, plaintext, ephemeral):
    encapsulated = x25519_public(ephemeral)
    aead, nonce = hpke_cipher(ephemeral, recipient, encapsulated, recipient, info)
    return encapsulated + aead.encrypt(nonce, plaintext, b"")


def unwrap(wrap, private, info, commitment):
    """ENC-2 to ENC-4."""
    encapsulated, ciphertext = wrap[:32], wrap[32:]
    aead, nonce = hpke_cipher(private, encapsulated, encapsulated, x25519_public(private), info)
    try:
        secret = aead.decrypt(nonce, ciphertext, b"")
    except InvalidTag:
        raise Refused("bad_wrap", "does not open") from None
    if commit(secret) != commitment:
        raise Refused("bad_commitment")
    return secret


def commit(secret):
    return H(tuple_bytes("commitment", secret))


# --- messages


def message_key(secret, salt, info):
    return expand(extract(salt, secret), info, 44)


def message_cipher(secret, salt, community, epoch, author):
    okm = message_key(secret, salt, tuple_bytes("message-key", community, epoch, author))
    return ChaCha20Poly1305(okm[:32]), okm[32:]


def pad(plaintext):
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % 128)


def unpad(padded):
    """ENC-7: the padding is right if padding what is left of it gives the same bytes."""
    plaintext, mark, zeros = padded.rpartition(b"\x80")
    if not mark or zeros.strip(b"\0") or pad(plaintext) != padded:
        raise Refused("bad_padding")
    return plaintext


def open_message(secret, salt, community, epoch, author, seq, ciphertext):
    aead, nonce = message_cipher(secret, salt, community, epoch, author)
    try:
        return aead.decrypt(nonce, ciphertext, tuple_bytes("message-aad", community, epoch, author, seq))
    except InvalidTag:
        raise Refused("bad_ciphertext", "does not open") from None


def read_plaintext(data):
    """ENC-8."""
    try:
        value = read_json(data, frame=False)
        if not isinstance(value.get("text"), str):
            raise Refused("malformed", "no text")
        if "reply_to" in value:
            unb64(value["reply_to"], 32)
        if "channel" in value and not 1 <= len(value["channel"].encode("utf-8")) <= 64:
            raise Refused("malformed", "a channel out of bounds")
    except (Refused, AttributeError) as error:
        raise Refused("bad_plaintext", str(error)) from None
    return value
