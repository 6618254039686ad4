"""The frames of conversation.json, from spec/overview.md: one whole conversation."""

import json

import chain as chains
import secrets_and_signatures as crypto
import wire
from answers import Differs, given, join_signature, same, welcome_signature
from wire import H, b64, tuple_bytes, unb64


class Conversation:
    """The frames of conversation.json, read one after the other with one state."""

    def __init__(self, group, accounts):
        self.held = {"origin": group["origin"]}
        self.accounts = {each["name"]: each for each in accounts}
        self.chain = chains.Chain()

    def read(self, test):
        frame, said_by = test["frame"], test["said_by"]
        data = json.dumps(frame).encode()
        if said_by == "client":
            wire.read_client_frame(data)
        elif said_by == "server" and wire.read_server_frame(data) is None:
            raise Differs("an unknown frame")
        getattr(self, said_by if said_by in ("document", "plaintext", "file") else frame["type"])(frame)

    def document(self, document):
        wire.fits(document, wire.DISCOVERY, strict=False)
        chain = chains.Chain(unb64(document["community"]))
        chain.take(document["genesis"])
        self.server_key = unb64(document["genesis"]["entry"]["body"]["server_key"])

    def hello(self, frame):
        same(frame, "origin", self.held["origin"])
        self.key = unb64(frame["public_key"])
        self.held |= {"client_nonce": frame["client_nonce"], "account": b64(H(self.key))}

    def challenge(self, frame):
        self.held |= {"community": frame["community"], "server_nonce": frame["server_nonce"]}
        self.expires_at = frame["expires_at"]

    def prove(self, frame):
        same(frame, "server_nonce", self.held["server_nonce"])
        join_signature(self.held, self.key, self.expires_at, unb64(frame["signature"]))
        self.held["token"] = frame["signature"]

    def welcome(self, frame):
        welcome_signature(self.held, frame, self.server_key)
        self.shown = frame

    def blocks(self, frame):
        same(frame, "from", self.chain.size)
        for block in frame["blocks"]:
            self.chain.take(block)
            setattr(self, f"last_{block['entry']['kind']}", block["entry"])
        if frame["from"] == 0:
            self.chain.check_welcome(self.shown["size"], unb64(self.shown["head"]), 0, None)
            self.chain.check_checkpoint(self.shown["checkpoint"], None)
        else:
            self.chain.check_accepted(*self.receipt)

    def submit(self, frame):
        same(frame, "token", self.held["token"])
        crypto.verify(crypto.public_key(self.key), chains.entry_tuple(frame["entry"]), unb64(frame["entry"]["signature"]))
        self.submitted = frame

    def accepted(self, frame):
        same(frame, "ref", self.submitted["ref"])
        self.receipt = frame, chains.entry_id(self.submitted["entry"])

    def refused(self, frame):
        same(frame, "ref", self.submitted["ref"])
        same(frame, "code", "bad_seq")

    def checkpoint(self, frame):
        self.chain.check_checkpoint(frame["checkpoint"], self.shown["checkpoint"])
        same(frame["checkpoint"], "size", self.chain.size)

    def plaintext(self, plaintext):
        epoch, message, bob = self.last_epoch, self.last_message, self.accounts["m02"]
        community, author = given(message, "community", "author")
        commitment = unb64(epoch["body"]["commitment"])
        card, recipient = given(bob, "x25519_public", "id")
        info = tuple_bytes("wrap", community, unb64(epoch["author"]), recipient, card, commitment)
        (wrap,) = (item["wrap"] for item in epoch["body"]["wraps"] if item["member"] == bob["id"])
        secret = crypto.unwrap(unb64(wrap), unb64(bob["x25519_private"]), info, commitment)
        salt, ciphertext = given(message["body"], "salt", "ciphertext")
        where = secret, salt, community, chains.entry_id(epoch), author, message["seq"]
        found = crypto.read_plaintext(crypto.unpad(crypto.open_message(*where, ciphertext)))
        if found != plaintext:
            raise Differs(f"Bob reads {found}")

    def file(self, evidence):
        if chains.check_evidence(evidence) != self.chain.community:
            raise Differs("another community")

    def bye(self, frame):
        same(frame, "code", "shutting_down")
