"""Texts, bytes, tuples and the forms of frames, from spec/conventions.md, spec/join.md and spec/entries.md.

A third reading of the specification beside the reference and the suite, over Python's standard library.
"""

import base64
import hashlib
import json
import re

GREATEST = 2**53 - 1
KINDS = ("genesis", "roster", "card", "epoch", "share", "message", "redaction")


class Refused(Exception):
    """What the specification asks to be refused, under its code."""

    def __init__(self, code, why=""):
        super().__init__(f"{code}: {why}")
        self.code = code


def H(data):
    return hashlib.sha256(data).digest()


# --- base64url, CONV-13 and CONV-14


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text, length=None):
    """The bytes of a text. Only the spelling that encoding them gives back is the right one."""
    if not isinstance(text, str):
        raise Refused("malformed", "bytes are a text")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII) or len(text) % 4 == 1:
        raise Refused("malformed", "letters that are not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64(data) != text:
        raise Refused("malformed", "another spelling of the same bytes")
    if length is not None and len(data) != length:
        raise Refused("malformed", f"{len(data)} bytes instead of {length}")
    return data


# --- tuples, TUPLE-1


def u64be(number):
    return number.to_bytes(8, "big")


def sized(data):
    return len(data).to_bytes(4, "big") + data


def byte_list(items):
    return len(items).to_bytes(4, "big") + b"".join(sized(item) for item in items)


def field(value):
    """A field from a value: an int, a str, bytes, or a list of bytes."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return u64be(value)
    if isinstance(value, str):
        return value.encode("utf-8")
    return byte_list(value)


def tuple_bytes(label, *values):
    head = b"dispatch-d/1/" + label.encode("ascii") + b"\0" + bytes([len(values)])
    return head + b"".join(sized(field(value)) for value in values)


# --- JSON, CONV-1 to CONV-8 and CONV-12


def read_json(data, depth=16, frame=True):
    """The one object in these bytes. `frame` is whether numbers have to be those of the protocol."""

    def pairs(members):
        names = [name for name, _ in members]
        if len(set(names)) != len(names):
            raise Refused("malformed", "a member stands twice")
        return dict(members)

    def integer(text):
        if frame and (not re.fullmatch(r"0|[1-9][0-9]*", text) or int(text) > GREATEST):
            raise Refused("malformed", f"the number {text}")
        return int(text)

    def fraction(text):
        if frame:
            raise Refused("malformed", f"the number {text}")
        return float(text)

    def constant(text):
        raise Refused("malformed", f"{text} is not JSON")

    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            raise Refused("malformed", "a byte-order mark")
        value = json.loads(
            text, object_pairs_hook=pairs, parse_int=integer, parse_float=fraction, parse_constant=constant
        )
        if depth is not None and nesting(value) > depth:
            raise Refused("malformed", "nested too deeply")
    except RecursionError:
        raise Refused("malformed", "nested far too deeply") from None
    except ValueError as error:
        raise Refused("malformed", str(error)) from None
    if not isinstance(value, dict):
        raise Refused("malformed", "not an object")
    for text in texts(value):
        # A lone surrogate cannot be written in UTF-8.
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise Refused("malformed", "half of a surrogate pair") from None
    return value


def nesting(value):
    if isinstance(value, dict):
        return 1 + max(map(nesting, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(nesting, value), default=0)
    return 0


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


# --- forms: what a member may be. A name that ends in ? may be left out.

ID = "32 bytes"
PLACE = {"size": "uint", "hash": ID}
BODIES = {
    "genesis": {"name": "text 1-128", "authority": "bytes", "server_key": "bytes", "created_at": "uint"},
    "roster": {"add": ["bytes"], "remove": [ID]},
    "card": {"x25519": ID},
    "epoch": {"commitment": ID, "wraps": [{"member": ID, "wrap": "80 bytes"}]},
    "share": {"epoch": ID, "wraps": [{"member": ID, "wrap": "80 bytes"}]},
    "message": {"epoch": ID, "salt": "16 bytes", "ciphertext_hash": ID, "ciphertext?": "bytes"},
    "redaction": {"index": "uint", "reason": "text 0-512"},
}
ENTRY = {
    "community": ID,
    "kind": "text",
    "author": ID,
    "seq": "uint",
    "seen": PLACE,
    "sent_at": "uint",
    "body": "body",
    "signature": "bytes",
}
BLOCK = {"index": "uint", "prev": ID, "time": "uint", "entry": ENTRY}
CHECKPOINT = {"community": ID, "size": "uint", "head": ID, "root": ID, "time": "uint", "signature": "bytes"}
CLIENT_FRAMES = {
    "hello": {
        "type": "text",
        "version": "text",
        "origin": "ascii 1-255",
        "public_key": "bytes",
        "client_nonce": ID,
        "session_ms?": "uint from 1000",
        "have?": PLACE,
    },
    "prove": {"type": "text", "server_nonce": ID, "signature": "bytes"},
    "resume": {"type": "text", "token": "bytes", "client_nonce": ID, "have?": PLACE},
    "submit": {"type": "text", "ref": "ref", "token": "bytes", "entry": ENTRY},
}
SERVER_FRAMES = {
    "challenge": {"type": "text", "community": ID, "server_nonce": ID, "expires_at": "uint"},
    "welcome": {
        "type": "text",
        "token": "bytes",
        "expires_at": "uint",
        "size": "uint",
        "head": ID,
        "checkpoint": CHECKPOINT,
        "signature": "bytes",
    },
    "blocks": {"type": "text", "from": "uint", "blocks": [BLOCK]},
    "checkpoint": {"type": "text", "checkpoint": CHECKPOINT},
    "accepted": {"type": "text", "ref?": "ref", "index": "uint", "hash": ID},
    "refused": {"type": "text", "ref?": "ref", "code": "text", "detail": "text", "retry_after?": "uint"},
    "bye": {"type": "text", "code": "text", "detail": "text", "retry_after?": "uint"},
}
DISCOVERY = {
    "versions": ["text"],
    "community": ID,
    "genesis": BLOCK,
    "limits": {
        name: "uint"
        for name in ("frame_bytes", "ciphertext_bytes", "wraps", "skew_ms", "session_ms", "challenge_ms", "checkpoint_ms")
    },
    "transports": ["text"],
}


def malformed_unless(holds, why):
    if not holds:
        raise Refused("malformed", why)


def fits(value, form, strict, kind=None):
    """Holds a value against a form. A strict reader, a server, refuses members that it does not know."""
    if isinstance(form, dict):
        malformed_unless(isinstance(value, dict), "not an object")
        known = {name.rstrip("?"): (inner, name.endswith("?")) for name, inner in form.items()}
        if form is ENTRY:
            kind = value.get("kind")
            malformed_unless(isinstance(kind, str), "`kind` is not a text")
            if kind not in KINDS:
                raise Refused("unknown_kind", kind)
        for name, (inner, optional) in known.items():
            if name in value:
                fits(value[name], inner, strict, kind)
            else:
                malformed_unless(optional, f"`{name}` is missing")
        malformed_unless(not strict or set(value) <= set(known), "an unknown member")
    elif isinstance(form, list):
        malformed_unless(isinstance(value, list), "not a list")
        for item in value:
            fits(item, form[0], strict, kind)
    elif form == "body":
        fits(value, BODIES[kind], strict)
        if strict and kind == "message":
            malformed_unless("ciphertext" in value, "a submitted message without its ciphertext")
    elif form.startswith("uint"):
        malformed_unless(type(value) is int and 0 <= value <= GREATEST, "not an unsigned integer")
        if " from " in form:
            malformed_unless(value >= int(form.split(" from ")[1]), "too small")
    elif form == "bytes":
        unb64(value)
    elif form.endswith(" bytes"):
        unb64(value, int(form.split()[0]))
    else:
        malformed_unless(isinstance(value, str), "not a text")
        what, _, bounds = form.partition(" ")
        if bounds:
            low, high = map(int, bounds.split("-"))
            malformed_unless(low <= len(value.encode("utf-8")) <= high, "a text out of bounds")
        malformed_unless(what != "ascii" or value.isascii(), "not ASCII")
        malformed_unless(what != "ref" or re.fullmatch(r"[A-Za-z0-9._~-]{1,64}", value, re.ASCII), "not a ref")


def read_client_frame(data):
    """What a server takes, as far as the frame alone goes."""
    frame = read_json(data)
    kind = frame.get("type")
    malformed_unless(isinstance(kind, str), "`type` is not a text")
    if kind not in CLIENT_FRAMES:
        raise Refused("unknown_frame", kind)
    if kind == "hello" and isinstance(frame.get("version"), str) and frame["version"] != "dispatch-d/1":
        raise Refused("unknown_version", frame["version"])
    fits(frame, CLIENT_FRAMES[kind], strict=True)
    return frame


def read_server_frame(data):
    """What a client takes; None for a frame that it ignores."""
    frame = read_json(data, depth=None, frame=False)
    kind = frame.get("type")
    malformed_unless(isinstance(kind, str), "`type` is not a text")
    if kind not in SERVER_FRAMES:
        return None
    fits(frame, SERVER_FRAMES[kind], strict=False)
    return frame
