"""For each flag of the vectors an implementation that makes its mistake: this one, with a line of its source exchanged.

A flag is worth its name if a test that bears it notices. `shown` says of each whether one does.
"""

import base64
import hashlib
import inspect
import re
import sys
import textwrap
import urllib.parse

import chain as chains
import clients
import secrets_and_signatures as crypto
import wire
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

MAIN = sys.modules["__main__"]  # check.py, which imports some functions by name
CHAIN = chains.Chain

# Mistakes that belong to several files: pairs of what stands there and what stands there instead.
UNVERIFIED = ("key.verify(signature, message, pss, hashes.SHA256())", "pass")
REFUSAL = 'raise Refused(code, "does not verify") from None'
PKCS1 = (REFUSAL, "key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())")
TWICE = ("if len(set(names)) != len(names):", "if False:")
HALVES = (
    "for text in texts(value):",
    'value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))\n    for text in texts(value):',
)
DECODE = 'data.decode("utf-8")'
REPLACED = (DECODE, 'data.decode("utf-8", "replace")')
MARK_SKIPPED = (DECODE, 'data.decode("utf-8-sig")')
GUESSED = (DECODE, "data.decode(json.detect_encoding(data))")
FRACTIONS = [("if frame:", "if False:"), ("return float(text)", "return int(min(float(text), GREATEST))")]
LARGE = (" or int(text) > GREATEST", "")
CONSTANTS = ('raise Refused("malformed", f"{text} is not JSON")', "return 1000")
DEEP = ("if depth is not None and", "if False and")
LISTS = (
    "if not isinstance(value, dict):",
    "value = value[0] if type(value) is list else value\n    if not isinstance(value, dict):",
)
FIRST_VALUE = (
    "value = json.loads(",
    "value, _ = json.JSONDecoder(object_pairs_hook=pairs).raw_decode(text) or json.loads(",
)
UNKNOWN = ("not strict or set(value) <= set(known)", "True")
TEXT = 'value.encode("utf-8")'
COMPOSED = (TEXT, '__import__("unicodedata").normalize("NFC", value).encode("utf-8")')
OPENED = [('raise Refused("bad_wrap", "does not open") from None', "secret = bytes(32)")]
UNTAGGED = (
    'raise Refused("bad_ciphertext", "does not open") from None',
    "return mistakes.decrypt(message_key(secret, salt, tuple_bytes('message-key', community, epoch, author)), ciphertext)",
)


def first(line):
    """Before everything else that unb64 does."""
    return ("if not isinstance(text, str):", f"text = {line}\n    if not isinstance(text, str):")


def before(line):
    """Before everything else that verify does."""
    return ("if len(signature) * 8", f"{line}\n    if len(signature) * 8")


# File → flag → whose function (nobody's: a group's check), and the pairs.
MISTAKES = {
    "backups": {
        "passphrase-as-typed": (clients, "backup_key", ('unicodedata.normalize("NFC", passphrase)', "passphrase")),
        "passphrase-changed": (clients, "backup_key", ("passphrase)", "passphrase.strip())")),
        "unauthenticated": (
            clients,
            "open_backup",
            ('raise Refused("bad_passphrase", "does not open") from None', "return mistakes.decrypt(okm, sealed)"),
        ),
        "info-left-out": (clients, "open_backup", ("backup_aad(file)", 'b""')),
        "other-parameters": (clients, "open_backup", ("decrypt(okm[32:]", "decrypt(bytes(12)")),
        "bounds": (
            clients,
            "read_backup",
            ("FILE, strict", 'FILE | {"iterations": "uint"}, strict'),
            ('file["iterations"] > 10_000_000', "False"),
        ),
        "form": (clients, "read_backup", ("fits(file, FILE, strict=True)", "pass")),
        "json": (clients, "read_json", TWICE),
        "contents-form": (clients, "read_contents", ("fits(contents, CONTENTS, strict=False)", "pass")),
        "contents-json": (clients, "read_json", TWICE),
        "contents-bounds": (clients, "read_contents", ('raise Refused("malformed", "a list is too long")', "pass")),
        "strict-reader": (clients, "read_contents", ("strict=False", "strict=True")),
        "key-unchecked": (clients, "account_of", ("public_key(spki)", "pass")),
        "other-community": (
            clients,
            "check_kept",
            ('raise Refused("malformed", "a checkpoint of another community, or of no block")', "pass"),
        ),
    },
    "base64": {
        "padding": (MAIN, "unb64", first('text.rstrip("=")')),
        "trailing-bits": (MAIN, "unb64", ("if b64(data) != text:", "if False:")),
        "other-alphabet": (MAIN, "unb64", first('text.replace("+", "-").replace("/", "_")')),
        "junk": (MAIN, "unb64", first('re.sub("[^A-Za-z0-9_-]", "", text)')),
        "line-ends": (MAIN, "unb64", first('"".join(text.split())')),
        "odd-letter": (MAIN, "unb64", first("text[:-1] if len(text) % 4 == 1 else text")),
        "length": (MAIN, "unb64", ("if length is not None and", "if False and")),
    },
    "blocks": {
        "ciphertext-hashed": (
            chains,
            "body_tuple",
            ('unb64(body["ciphertext_hash"], 32)', 'H(unb64(body.get("ciphertext", "")))'),
        ),
        "signature-not-pinned": (chains, "block_tuple", ('H(unb64(entry["signature"]))', "bytes(32)")),
        "unknown-members": (chains, "block_tuple", ('block["time"], entry', '"".join(sorted(block)), entry')),
    },
    "cards": {
        "byte-order": (crypto, "card", ('"little"', '"big"')),
        "not-canonical": (crypto, "card", ("number >= PRIME", "False")),
        "small-order": (crypto, "card", ('raise Refused("bad_card", "small order") from None', "pass")),
    },
    "chains": {
        "links": (CHAIN, "take", ('raise Refused("bad_prev")', "pass")),
        "replay": (CHAIN, "take_entry", ('raise Refused("bad_seq")', "pass")),
        "fork-joined": (CHAIN, "take_entry", ('raise Refused("bad_seen")', "pass")),
        "roster-now": (CHAIN, "take_entry", ("account is None or not account.member", "account is None")),
        "genesis-unchecked": (CHAIN, "take_genesis", ("verify(authority, entry_tuple(entry)", "(lambda *_: None)((entry)")),
        "epoch-for-ever": (CHAIN, "take_roster", ("epoch.stale |= account in epoch.recipients", "pass")),
        "prefix-of-seen": (CHAIN, "wraps", ("account.last_card(seen)", "account.last_card(self.size)")),
        "recipients": (CHAIN, "wraps", ('raise Refused("bad_recipient", "none, or one twice")', "pass")),
        "gap": (CHAIN, "check_gaps", ('raise Refused("unredacted_gap")', "pass")),
        "old-card": (CHAIN, "check_writable", ('raise Refused("old_card")', "pass")),
        "newest-wrap": (CHAIN, "check_writable", ("card_block]", "max(b for _, r, b in epoch.wraps if r == recipient)]")),
        "first-wrap": (CHAIN, "take_share", ("epoch.wraps |= wraps", "epoch.wraps |= {w for w in wraps if w[1] not in epoch.recipients}")),
        "shares-left-out": (CHAIN, "take_share", ("epoch.wraps |= wraps", "pass")),
        "first-card": (CHAIN, "check_writable", ("account.values[card_block]", "account.values[account.cards[0]]")),
        "other-block": (CHAIN, "check_writable", ("account.values[card_block] != account.values[account.cards[-1]]", "card_block != account.cards[-1]")),
        "no-memory": (CHAIN, "check_welcome", ('raise Refused("rollback")', "pass")),
        "signature-unchecked": (CHAIN, "take_entry", ("verify(account.key, entry_tuple(entry)", "(lambda *_: None)((entry)")),
        "roster-unchecked": (CHAIN, "take_roster", ('raise Refused("not_authority")', "pass")),
        "card-unchecked": (CHAIN, "take_card", ("card(unb64(", "(unb64(")),
        "message-unchecked": (CHAIN, "take_message", ('raise Refused("bad_ciphertext", "hash")', "pass")),
        "redaction-unchecked": (CHAIN, "take_redaction", (" or index in self.redacted", "")),
        "unknown-kind": (
            CHAIN,
            "take",
            ("fits(block", 'if not hasattr(self, "take_" + block["entry"]["kind"]):\n        return\n    fits(block'),
        ),
    },
    "checkpoints": {
        "empty-chain": (chains, "check_checkpoint", (' or checkpoint["size"] == 0', "")),
        "not-signed": (chains, "verify", UNVERIFIED),
        "other-community": (chains, "check_checkpoint", ('unb64(checkpoint["community"]) != community', "False")),
        "other-scheme": (chains, "verify", PKCS1),
        "other-signer": (chains, "verify", UNVERIFIED),
    },
    "conversation": {},
    "entries": {
        "form": (wire, "fits", UNKNOWN),
        "id-covers-signature": (
            chains,
            "entry_id",
            ("entry_tuple(entry)", 'entry_tuple(entry) + unb64(entry["signature"])'),
        ),
        "not-signed": (crypto, "verify", UNVERIFIED),
        "order-matters-not": (
            chains,
            "body_tuple",
            ('[unb64(key) for key in body["add"]]', 'sorted(unb64(key) for key in body["add"])'),
        ),
        "other-scheme": (crypto, "verify", PKCS1),
    },
    "evidence": {
        "growth-is-no-fork": (chains, "check_evidence", ('raise Refused("bad_evidence", "growth is no fork")', "pass")),
        "proof-unchecked": (chains, "check_evidence", ("check_inclusion(first", "(lambda *_: None)(first")),
        "signature-unchecked": (chains, "verify", UNVERIFIED),
    },
    "invitations": {
        "lax-origin": (clients, "read_invitation", ("check_origin(origin)", "origin = mistakes.mended(origin)")),
        "port-unchecked": (clients, "check_origin", ('raise Refused("bad_invitation", "not a port")', "pass")),
        "host-unchecked": (clients, "check_origin", ('raise Refused("bad_invitation", "not a host")', "pass")),
        "other-scheme": (
            clients,
            "check_origin",
            ("ORIGIN.fullmatch(origin)", 're.fullmatch("([a-z]*)://([^:]*)(?::(.*))?", origin)'),
        ),
        "lax-id": (clients, "read_invitation", ("unb64(community, 32)", "mistakes.lax_bytes(community)")),
        "lax-mark": (clients, "read_invitation", ("text.partition(MARK)", "mistakes.parted(text)")),
        "trimmed": (clients, "read_invitation", ("text.partition", "text.strip().partition")),
    },
    "joins": {
        "not-signed": (crypto, "verify", UNVERIFIED),
        "other-scheme": (crypto, "verify", PKCS1),
        "relayed": (crypto, "verify", UNVERIFIED),
        "replayed": (crypto, "verify", UNVERIFIED),
        "unverified": (crypto, "verify", UNVERIFIED),
        "wrong-server": (crypto, "verify", UNVERIFIED),
        "wrong-statement": (crypto, "verify", UNVERIFIED),
    },
    "json": {
        "byte-order-mark": (wire, "read_json", MARK_SKIPPED),
        "control-character": (wire, "read_json", ("text, object_pairs_hook", "text, strict=False, object_pairs_hook")),
        "deep-nesting": (wire, "read_json", DEEP),
        "duplicate-member": (wire, "read_json", TWICE),
        "integer-grammar": (wire, "read_json", *FRACTIONS),
        "invalid-utf8": (wire, "read_json", REPLACED),
        "json-extension": (wire, "read_json", CONSTANTS),
        "large-integer": (wire, "read_json", LARGE, ("return int(text)", "return min(int(text), GREATEST)")),
        "lone-surrogate": (wire, "read_json", HALVES),
        "not-one-object": (wire, "read_json", LISTS),
        "order-of-rules": (wire, "read_client_frame", ('Refused("unknown_frame", kind)', 'Refused("malformed", kind)')),
        "other-case": (
            wire,
            "read_json",
            ("return dict(members)", "return {name.lower(): value for name, value in members}"),
        ),
        "other-encoding": (wire, "read_json", GUESSED),
        "other-type": (wire, "fits", ('malformed_unless(optional, f"`{name}` is missing")', "pass")),
        "out-of-bounds": (wire, "fits", ('low <= len(value.encode("utf-8")) <= high', "True")),
        "trailing-text": (wire, "read_json", FIRST_VALUE),
        "unknown-member": (wire, "fits", UNKNOWN),
    },
    "keys": {
        "lax-der": (
            crypto,
            "public_key",
            ("load_der_public_key(der)", 'load_der_public_key(der[: 4 + int.from_bytes(der[2:4], "big")])'),
            ("again != der", "False"),
        ),
        "odd-size": (crypto, "public_key", ("key.key_size % 8", "False")),
        "other-form": (crypto, "public_key", ("again != der", "False")),
        "weak-key": (crypto, "public_key", ("numbers.e != 65537", "False")),
    },
    "merkle": {
        "no-prefix": (chains, "leaf", ('b"\\0" + ', "")),
        "odd-leaf-twice": (
            chains,
            "root",
            ("while len(level) > 1:", "while len(level) > 1:\n        level += level[-1:] * (len(level) % 2)"),
        ),
        "one-root": (chains, "check_consistency", ("old != first_root or ", "")),
        "proof-length": (chains, "check_inclusion", ('raise Refused("bad_inclusion", "too long")', "break")),
        "proof-order": (
            chains,
            "check_inclusion",
            ("last or found != expected", "not mistakes.in_any_order(leaf(block), path, expected)"),
        ),
        "unbound": (chains, "check_inclusion", ("last or found != expected", "False")),
    },
    "messages": {
        "form": (crypto, "read_plaintext", ('not isinstance(value.get("text"), str)', "False")),
        "grammar": (crypto, "read_json", FIRST_VALUE),
        "info-left-out": (crypto, "open_message", UNTAGGED),
        "json": (crypto, "read_json", TWICE),
        "lax-padding": (crypto, "unpad", (" or pad(plaintext) != padded", "")),
        "strict-reader": (
            crypto,
            "read_plaintext",
            (
                'if "reply_to" in',
                'if set(value) - {"text", "reply_to", "channel"}:\n            raise Refused("malformed")\n        if "reply_to" in',
            ),
        ),
        "unauthenticated": (crypto, "open_message", UNTAGGED),
    },
    "parsers": {
        "byte-order-mark": (wire, "read_json", MARK_SKIPPED),
        "deep-nesting": (wire, "read_json", DEEP),
        "duplicate-member": (wire, "read_json", TWICE),
        "invalid-utf8": (wire, "read_json", REPLACED),
        "json-extension": (wire, "read_json", CONSTANTS),
        "large-integer": (wire, "read_json", LARGE),
        "lone-surrogate": (wire, "read_json", HALVES),
        "not-one-object": (wire, "read_json", LISTS),
        "number-spelling": (wire, "read_json", *FRACTIONS),
        "other-encoding": (wire, "read_json", GUESSED),
        "too-strict": (wire, "read_json", ("return dict(members)", 'malformed_unless(all(names), "")\n        return dict(members)')),
    },
    "signatures": {
        "double-hash": (crypto, "verify", ("signature, message, pss", "signature, H(message), pss")),
        "lax-padding": (crypto, "verify", (REFUSAL, "mistakes.verify_lax(key, message, signature)")),
        "length": (crypto, "verify", before('signature = signature.rjust(key.key_size // 8, b"\\0")')),
        "malleable": (
            crypto,
            "verify",
            before('number = int.from_bytes(signature, "big") % key.public_numbers().n'),
            ("verify(signature", 'verify(number.to_bytes(key.key_size // 8, "big")'),
            (" or int.from_bytes(signature", " or int.from_bytes(b''"),
        ),
        "mgf1-sha1": (crypto, "verify", ("padding.MGF1(hashes.SHA256())", "padding.MGF1(hashes.SHA1())")),
        "other-hash": (
            crypto,
            "verify",
            (REFUSAL, "key.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512())"),
        ),
        "pkcs1v15": (crypto, "verify", PKCS1),
        "salt-length": (crypto, "verify", ("salt_length=SALT_LENGTH", "salt_length=padding.PSS.AUTO")),
        "unverified": (crypto, "verify", UNVERIFIED),
        "wrong-statement": (crypto, "verify", UNVERIFIED),
    },
    "tuples": {
        "list-framing": (wire, "byte_list", ('len(items).to_bytes(4, "big") + ', "")),
        "long-integer": (wire, "u64be", ("number.to_bytes", "(number & 0xFFFFFFFF).to_bytes")),
        "normalised": (wire, "field", COMPOSED),
        "text-is-bytes": (wire, "field", (TEXT, 'value.encode("utf-16-le")[::2]')),
    },
    "unicode": {
        "filtered": (wire, "field", (TEXT, '"".join(filter(str.isprintable, value)).encode("utf-8")')),
        "normalised": (wire, "field", COMPOSED),
        "nul-ends-text": (wire, "field", (TEXT, 'value.partition("\\0")[0].encode("utf-8")')),
        "trimmed": (wire, "field", (TEXT, 'value.strip().encode("utf-8")')),
        "utf-16-order": (
            wire,
            "field",
            (TEXT, '"".join(sorted(value, key=lambda c: c.encode("utf-16-be"))).encode("utf-8")'),
        ),
    },
    "wraps": {
        "commitment-unchecked": (crypto, "unwrap", ("commit(secret) != commitment", "False")),
        "first-wrap-only": (None, ("wraps", "several-wraps"), ("why = refused", "raise")),
        "info-left-out": (crypto, "unwrap", *OPENED),
        "other-parameters": (crypto, "unwrap", *OPENED),
        "unauthenticated": (crypto, "unwrap", *OPENED),
        "zero-secret": (
            crypto,
            "hpke_cipher",
            ('raise Refused("bad_wrap", "a shared secret of zeros") from None', "dh = bytes(32)"),
        ),
    },
}


def shown(files, checks, failure):
    """Pairs of a file's flag and what is wrong with it, or None: a mistake makes none of its tests fail."""
    for file in files:
        mistakes = dict(MISTAKES.get(file["name"], {}))
        for flag in file["flags"]:
            if flag not in mistakes:
                yield f"{file['name']}/{flag}", "no mistake shows that its tests notice anything"
                continue
            with_flag = [
                ((file["name"], group["name"]), test, group)
                for group in file["groups"]
                for test in group["tests"]
                if flag in test["flags"]
            ]
            owner, name, *pairs = mistakes.pop(flag)
            owner = checks if owner is None else owner
            right = get(owner, name)
            put(owner, name, exchanged(right, pairs))
            try:
                said = [failure(checks[place], test, group) for place, test, group in with_flag]
            finally:
                put(owner, name, right)
            # A crash of the wrong implementation is no verdict.
            noticed = any(why and not why.startswith("Traceback") for why in said)
            yield f"{file['name']}/{flag}", None if noticed else f"its mistake was made, and none of its tests noticed"
        for flag in mistakes:
            yield f"{file['name']}/{flag}", "there is no such flag"


def get(owner, name):
    return owner[name] if isinstance(owner, dict) else getattr(owner, name)


def put(owner, name, value):
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, name, value)


def exchanged(function, pairs):
    """The function with parts of its source exchanged, in the module where it stands."""
    source = textwrap.dedent(inspect.getsource(function))
    for old, new in pairs:
        if old not in source:
            raise ValueError(f"{function.__name__} has no {old!r}")
        source = source.replace(old, new)
    names = sys.modules[function.__module__].__dict__ | {"mistakes": sys.modules[__name__]}
    exec(source, names)
    return names[function.__name__]


# --- what the mistakes need


def decrypt(okm, ciphertext):
    """ChaCha20 without Poly1305."""
    nonce = (1).to_bytes(4, "little") + okm[32:]
    return Cipher(algorithms.ChaCha20(okm[:32], nonce), None).decryptor().update(ciphertext[:-16])


def lax_bytes(text):
    """What Python decodes by default, its length aside."""
    return base64.urlsafe_b64decode(text + "==")


def mended(origin):
    """An origin as urllib makes it of what it reads."""
    parts = urllib.parse.urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise clients.Refused("bad_invitation")
    return f"{parts.scheme}://{parts.hostname}"


def parted(text):
    """Origin and id, whatever stands between them."""
    parts = re.fullmatch("(https?://[^/#]*)(.*?)([A-Za-z0-9_-]{43})", text)
    return parts.groups() if parts else ("", "", "")


def in_any_order(found, path, expected):
    """Whether the root comes out if siblings may stand on either side."""
    candidates = {found}
    for sibling in path:
        candidates = {chains.node(*pair) for one in candidates for pair in ((one, sibling), (sibling, one))}
    return expected in candidates


def verify_lax(key, message, signature):
    """PSS that looks at the hash alone: not at the trailer, the leftmost bit or the padding."""
    numbers, length = key.public_numbers(), key.key_size // 8
    encoded = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(length, "big")
    masked, digest = encoded[:-33], encoded[-33:-1]
    blocks = (hashlib.sha256(digest + count.to_bytes(4, "big")).digest() for count in range(length // 32))
    salt = bytes(a ^ b for a, b in zip(masked, b"".join(blocks)))[-32:]
    if hashlib.sha256(bytes(8) + hashlib.sha256(message).digest() + salt).digest() != digest:
        raise crypto.Refused("bad_signature")
