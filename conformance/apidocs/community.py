"""A community for the checks here: founded in a temporary folder, served by dispatchd on a free port of 127.0.0.1.

The member is the public test account m01. What it signs goes through the codec of ../crosscheck, a third reading of the specification.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "conformance" / "crosscheck"))

from chain import entry_tuple  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import padding  # noqa: E402
from secrets_and_signatures import SALT_LENGTH  # noqa: E402
from wire import H, b64, tuple_bytes, unb64  # noqa: E402

KEYS = ROOT / "vectors" / "keys"
MEMBER = "m01"

# The origin of the documents' examples, so that their `hello` gets its challenge.
ORIGIN = "https://chat.example.org"


class Account:
    """A test account."""

    def __init__(self, name=MEMBER):
        pem = (KEYS / f"{name}.test-key.pem").read_bytes()
        self.key = serialization.load_pem_private_key(pem, password=None)
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        self.der = self.key.public_key().public_bytes(serialization.Encoding.DER, spki)
        self.id = b64(H(self.der))

    def sign(self, message):
        """SIG-1."""
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=SALT_LENGTH)
        return b64(self.key.sign(message, pss, hashes.SHA256()))

    def hello(self):
        return {
            "type": "hello",
            "version": "dispatch-d/1",
            "origin": ORIGIN,
            "public_key": b64(self.der),
            "client_nonce": b64(os.urandom(32)),
        }

    def prove(self, hello, challenge):
        """JOIN-11."""
        join = tuple_bytes(
            "join",
            hello["origin"],
            unb64(challenge["community"]),
            unb64(self.id),
            unb64(hello["client_nonce"]),
            unb64(challenge["server_nonce"]),
            challenge["expires_at"],
        )
        return {"type": "prove", "server_nonce": challenge["server_nonce"], "signature": self.sign(join)}

    def card(self, community, seq, seen, number):
        """An entry that publishes a card: a usable key that is told by its number."""
        entry = {
            "community": community,
            "kind": "card",
            "author": self.id,
            "seq": seq,
            "seen": seen,
            "sent_at": int(time.time() * 1000),
            "body": {"x25519": b64(bytes([number]) * 31 + bytes(1))},
        }
        return entry | {"signature": self.sign(entry_tuple(entry))}


class Served:
    """The community while it is served: `with Served(program) as served`."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dispatchd-apidocs-")
        place = f"{self.folder.name}/community"
        members = f"{self.folder.name}/members"
        pem = Account().key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        pathlib.Path(members).write_bytes(pem)
        founding = [self.program, "init", place, "--bind", "127.0.0.1:0", "--origin", ORIGIN, "--allow", members]
        subprocess.run(founding, check=True, stdout=subprocess.DEVNULL)
        self.log = open(f"{self.folder.name}/log", "w+b")
        self.process = subprocess.Popen([self.program, "serve", place], stdout=self.log, stderr=self.log)
        self.url = self.serving()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()
        self.folder.cleanup()

    def said(self):
        """The log, without colours."""
        text = pathlib.Path(self.log.name).read_text(encoding="utf-8")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def serving(self):
        """Where it listens, from the log's line that says so."""
        while self.process.poll() is None:
            found = re.search(r"serving.* address=\S*?(127\.0\.0\.1:\d+)", self.said())
            if found:
                return f"http://{found[1]}"
            time.sleep(0.02)  # between two looks at the log, not for the server's sake
        raise SystemExit(f"dispatchd ended with {self.process.returncode}: {self.said()}")

    def ask(self, path, body=None, token=None):
        """An answer of JSON with status 200."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Dispatch {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path}: {error.code} {error.read().decode()}") from None

    def join(self, account):
        """A session's token."""
        hello = account.hello()
        challenge = self.ask("/v1/hello", hello)
        return self.ask("/v1/prove", account.prove(hello, challenge))["token"]

    def write(self, account, token, number):
        """Publishes a card: the account's entry of that number."""
        checkpoint = self.ask("/v1/checkpoint", token=token)["checkpoint"]
        seen = {"size": checkpoint["size"], "hash": checkpoint["head"]}
        entry = account.card(checkpoint["community"], number, seen, number % 251 + 1)
        return self.ask("/v1/entries", entry, token)
