"""Invitations and backups, from spec/clients.md, over Python's standard library and `cryptography`."""

import hashlib
import ipaddress
import re
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from secrets_and_signatures import public_key
from wire import CHECKPOINT, H, ID, Refused, fits, read_json, tuple_bytes, unb64

FORMAT = "dispatch-d/1 backup"
FILE = {"format": "text", "salt": "16 bytes", "iterations": "uint from 600000", "sealed": "bytes"}
CONTENTS = {
    "private_key": "bytes",
    "cards": [ID],
    "communities": [{"invitation": "text", "checkpoint?": CHECKPOINT}],
    "names?": [{"account": ID, "name": "text 1-255"}],
}
MOST = {"cards": 1024, "communities": 1024, "names": 65536}


# --- INV-1

MARK = "/#dispatch-d/1/"
ORIGIN = re.compile(r"(https?)://(\[[^]]*\]|[^:\[\]]*)(?::(.*))?", re.DOTALL)
PORTS = {"http": 80, "https": 443}
LABEL = r"[a-z0-9-]{1,63}"
NAME = re.compile(rf"({LABEL}\.)*(?=[a-z]){LABEL}", re.ASCII)


def read_invitation(text):
    """The origin and the community's id."""
    origin, mark, community = text.partition(MARK)
    if not mark:
        raise Refused("bad_invitation", "no mark")
    check_origin(origin)
    try:
        return origin, unb64(community, 32)
    except Refused as refused:
        raise Refused("bad_invitation", str(refused)) from None


def check_origin(origin):
    parts = ORIGIN.fullmatch(origin)
    if not parts or len(origin) > 255:
        raise Refused("bad_invitation", "not an origin")
    scheme, host, port = parts.groups()
    if port is not None:
        if not re.fullmatch(r"[1-9][0-9]{0,4}", port, re.ASCII) or int(port) > 65535 or int(port) == PORTS[scheme]:
            raise Refused("bad_invitation", "not a port")
    if not is_host(host):
        raise Refused("bad_invitation", "not a host")


def is_host(host):
    try:
        if host.startswith("["):
            return shortest(ipaddress.IPv6Address(host[1:-1])) == host[1:-1]
        return bool(NAME.fullmatch(host)) or str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def shortest(address):
    """RFC 5952, section 4: the longest run of at least two zeros, the first of them, becomes `::`."""
    pieces = [format(int(piece, 16), "x") for piece in address.exploded.split(":")]
    runs = [(length, -at) for at in range(8) for length in range(2, 9 - at) if pieces[at : at + length] == ["0"] * length]
    if not runs:
        return ":".join(pieces)
    length, at = max(runs)
    return ":".join(pieces[:-at]) + "::" + ":".join(pieces[-at + length :])


# --- BACKUP-1 to BACKUP-5


def read_backup(data):
    """BACKUP-1."""
    try:
        file = read_json(data)
        fits(file, FILE, strict=True)
        if file["format"] != FORMAT or len(unb64(file["sealed"])) < 16:
            raise Refused("malformed", "another format, or no tag")
        if file["iterations"] > 10_000_000:
            raise Refused("malformed", "too many iterations")
    except Refused as refused:
        raise Refused("bad_backup", str(refused)) from None
    return file


def backup_key(passphrase, salt, iterations):
    password = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return hashlib.pbkdf2_hmac("sha256", password, salt, iterations, 44)


def backup_aad(file):
    return tuple_bytes("backup", unb64(file["salt"]), file["iterations"])


def open_backup(file, passphrase):
    """BACKUP-2."""
    okm = backup_key(passphrase, unb64(file["salt"]), file["iterations"])
    sealed = unb64(file["sealed"])
    try:
        return ChaCha20Poly1305(okm[:32]).decrypt(okm[32:], sealed, backup_aad(file))
    except InvalidTag:
        raise Refused("bad_passphrase", "does not open") from None


def read_contents(data):
    """BACKUP-3, BACKUP-5: what the contents say; the account's id is under `account`."""
    try:
        contents = read_json(data, frame=False)
        fits(contents, CONTENTS, strict=False)
        if any(len(contents.get(name, [])) > most for name, most in MOST.items()):
            raise Refused("malformed", "a list is too long")
        for community in contents["communities"]:
            _, pinned = read_invitation(community["invitation"])
            check_kept(community.get("checkpoint"), pinned)
    except Refused as refused:
        raise Refused("bad_backup", str(refused)) from None
    return contents | {"account": account_of(unb64(contents["private_key"]))}


def check_kept(checkpoint, pinned):
    if checkpoint and (unb64(checkpoint["community"]) != pinned or checkpoint["size"] == 0):
        raise Refused("malformed", "a checkpoint of another community, or of no block")


def account_of(der):
    """BACKUP-4."""
    private = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    try:
        key = serialization.load_der_private_key(der, None)
    except Exception as error:  # the library has many kinds for "this is no key"
        raise Refused("bad_key", str(error)) from None
    # the library takes PKCS#1 as well
    if key.private_bytes(*private) != der:
        raise Refused("bad_key", "not the one encoding of this key")
    spki = key.public_key().public_bytes(*public)
    public_key(spki)
    return H(spki)
