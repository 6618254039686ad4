#!/usr/bin/env python3
"""Makes the targets' first inputs of the vectors, in fuzz/corpus/TARGET, which is not committed. What is there stays."""

import base64
import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENT = {"hello", "prove", "resume", "submit"}
SERVER = {"challenge", "welcome", "blocks", "checkpoint", "accepted", "refused", "bye"}


def put(target, data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    folder = ROOT / "fuzz/corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    # libFuzzer leaves out what is longer than -max_len.
    if len(data) <= 16_384:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def text(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def walk(value):
    """Every value in a JSON document, itself first."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def decoded(value):
    """The bytes of a base64url text, or none."""
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)) if len(value) > 8 else None
    except ValueError:
        return None


def take(value):
    if isinstance(value, dict):
        kind = value.get("type")
        kind = kind if isinstance(kind, str) else ""
        if kind in CLIENT:
            put("client_frame", text(value))
        if kind in SERVER:
            put("server_frame", text(value))
        if "kind" in value and "body" in value:
            put("entry", text(value))
        if "prev" in value and "entry" in value:
            put("entry", text(value))
        if value.keys() & {"sealed", "genesis", "head", "path", "private_key"}:
            put("handed_over", text(value))
    elif isinstance(value, str):
        if "dispatch-d/1/" in value:
            put("handed_over", value)
        data = decoded(value)
        if data is None:
            return
        if data[:1] == b"0":
            put("key", data)
        if data.lstrip()[:1] == b"{":
            for target in ("client_frame", "server_frame", "entry", "handed_over"):
                put(target, data)


for path in sorted((ROOT / "vectors").glob("*/*.json")):
    for value in walk(json.loads(path.read_text("utf-8"))):
        take(value)

for path in sorted((ROOT / "vectors/keys").iterdir()):
    if path.suffix == ".pem" or path.name == "authorized_keys":
        put("key", path.read_text("utf-8"))
        for line in path.read_text("utf-8").splitlines() if path.name == "authorized_keys" else ():
            put("key", line + "\n")
put("key", 'from="10.0.0.0/8",command="a b" ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ carol@home\n')

put("configuration", 'bind = "127.0.0.1:7311"\norigins = ["https://chat.example.org"]\ntransports = ["ws", "http", "sse"]\napp = true\n')
put("configuration", 'store = "store/chain.sqlite"\nallowlist = "allowlist"\nconnections = 16384\nslow_reader_ms = 30000\n')
put("configuration", '[limits]\nframe_bytes = 262144\nciphertext_bytes = 65536\nwraps = 1024\n\n[log]\nformat = "json"\nlevel = "info"\n')

put("http", "from=0&limit=2&wait=1000\nauthorization: Dispatch AQIDBA\n")
put("http", "from=9007199254740991\nlast-event-id: 7\nif-none-match: W/\"a\", \"b\", *\n")
put("http", "\ncontent-type: application/json; charset=\"utf-8\"\ncontent-encoding: gzip\n")
put("http", "\naccept-encoding: br, gzip;q=0.5, *;q=0\nx-forwarded-for: 203.0.113.9, 192.0.2.7\nx-forwarded-for: 2001:db8::1\n")

# The session's inputs are a program of steps: bytes that the target reads as it needs them.
for start in range(128):
    put("session", hashlib.shake_256(bytes([start])).digest(64 + 7 * start))

for folder in sorted((ROOT / "fuzz/corpus").iterdir()):
    print(f"{len(list(folder.iterdir())):6} {folder.name}")
