"""Shows that check.py can fail: spoils each vector in memory, then the implementation, and sees that."""

import copy

import chain as chains
import secrets_and_signatures as crypto
import wire
from wire import H


def spoilt(test):
    """The test in forms that a right implementation must fail."""
    if test["result"] == "valid":
        yield test | {"result": "invalid", "code": "bad_luck"}
    else:
        yield {name: value for name, value in test.items() if name != "code"} | {"result": "valid"}
        yield test | {"code": "bad_luck"}


ANSWERS = {"encoded", "hash", "account", "bits", "ignored", "root", "entry_id", "body_tuple", "body_digest", "entry_tuple"}
ANSWERS |= {"block_tuple", "block_hash", "checkpoint_tuple", "join_tuple", "welcome_tuple", "info", "wrap", "okm", "aad"}
ANSWERS |= {"padded", "plaintext", "size", "head", "text_utf8", "at"}


class Anything:
    """Equal to all."""

    def __eq__(self, _other):
        return True

    def __ne__(self, _other):
        return False


# Wrong implementations: what is replaced, by what, and a vector that must notice.
WRONG = [
    ("PSS finds the salt's length out", crypto, "SALT_LENGTH", crypto.padding.PSS.AUTO, "signature-salt-20"),
    ("the tree does not mark its leaves", chains, "leaf", H, "merkle-root-1"),
    ("base64 has many spellings", wire, "b64", lambda _data: Anything(), "base64-trailing-bit-one"),
    ("padding is whatever zeros there are", crypto, "unpad", lambda padded: padded.rstrip(b"\0")[:-1], "padding-no-mark"),
    ("cards are not looked at", chains, "card", lambda _value: None, "chain-card-small-order"),
    ("the commitment is not looked at", crypto, "commit", lambda _secret: Anything(), "wrap-commitment-broken"),
    ("lists have no count", wire, "byte_list", lambda items: b"".join(map(wire.sized, items)), "tuple-empty-lists"),
    ("depth has no bound", wire, "nesting", lambda _value: 0, "json-depth-17"),
    ("an epoch is good for ever", chains.Chain, "take_roster", lambda *_: None, "chain-message-stale"),
]


def self_test(files, checks, failure, run):
    """Pairs of a name and what is wrong with this script, or None."""
    for file in files:
        if file["name"] == "conversation":
            continue
        for group in file["groups"]:
            check = checks[file["name"], group["name"]]
            for test in group["tests"]:
                for other in spoilt(test):
                    noticed = failure(check, other, group) is not None
                    yield test["id"], None if noticed else "its verdict was turned round, and nobody noticed"
                answers = (ANSWERS if test["result"] == "valid" else {"at"}) & set(test)
                if (file["name"], group["name"]) in (("merkle", "inclusion"), ("merkle", "consistency")):
                    answers &= {"root"}
                for name in answers:
                    noticed = failure(check, copy.deepcopy(test) | {name: "c3BvaWx0"}, group) is not None
                    yield test["id"], None if noticed else f"`{name}` was changed, and nobody noticed"
    for what, module, name, wrong, notices in WRONG:
        right = getattr(module, name)
        setattr(module, name, wrong)
        failed = {test for test, why in run(files) if why}
        setattr(module, name, right)
        yield what, None if notices in failed else f"{notices} passed all the same"
