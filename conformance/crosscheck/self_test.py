"""Shows that check.py can fail: spoils each vector in memory, then makes each flag's mistake, and sees that."""

import copy

from mistakes import shown


def spoilt(test):
    """The test in forms that a right implementation must fail."""
    if test["result"] == "valid":
        yield test | {"result": "invalid", "code": "bad_luck"}
    else:
        yield {name: value for name, value in test.items() if name != "code"} | {"result": "valid"}
        yield test | {"code": "bad_luck"}


ANSWERS = {"encoded", "hash", "account", "bits", "ignored", "root", "entry_id", "body_tuple", "body_digest", "entry_tuple"}
ANSWERS |= {"block_tuple", "block_hash", "checkpoint_tuple", "join_tuple", "welcome_tuple", "info", "wrap", "okm", "aad"}
ANSWERS |= {"origin", "community", "salt", "iterations", "sealed", "contents"}
ANSWERS |= {"padded", "plaintext", "size", "head", "text_utf8", "at"}


def self_test(files, checks, failure):
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
    yield from shown(files, checks, failure)
