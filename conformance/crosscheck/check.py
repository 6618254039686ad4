#!/usr/bin/env python3
"""Runs every static vector over a third implementation of dispatch-d/1, in Python.

    python3 check.py [--verbose] [--self-test] [FOLDER]

FOLDER is vectors/static where nothing else is said. Exit code 0: all passed; 1: some did not, or a file or group is
unknown here. `--self-test` shows that this script can fail: it spoils each vector in memory, then makes
the mistake of each flag (mistakes.py), and sees that.
"""

import argparse
import json
import pathlib
import sys
import traceback

import chain as chains
import clients
import secrets_and_signatures as crypto
import wire
from answers import Differs, given, join_signature, same, welcome_signature
from conversation import Conversation
from self_test import self_test
from wire import H, Refused, tuple_bytes, unb64

ROOT = pathlib.Path(__file__).resolve().parents[2]


# --- one function for each group; it gives nothing, or raises Refused or Differs


def tuples(test, _group):
    values = []
    for item in test["fields"]:
        ((kind, value),) = item.items()
        decode = {"bytes": unb64, "text": str, "uint": int, "list": lambda items: [unb64(each) for each in items]}
        values.append(decode[kind](value))
    encoded = tuple_bytes(test["label"], *values)
    same(test, "encoded", encoded)
    same(test, "hash", H(encoded))


def base64(test, _group):
    same(test, "bytes", unb64(test["text"], test.get("length")).hex())


def public_keys(test, _group):
    key = crypto.public_key(unb64(test["der"]))
    same(test, "account", H(unb64(test["der"])))
    same(test, "bits", key.key_size)


def signatures(test, _group):
    key, message, signature = given(test, "public_key", "message", "signature")
    crypto.verify(crypto.public_key(key), message, signature)


def client_frames(test, _group):
    wire.read_client_frame(unb64(test["frame"]))


def server_frames(test, _group):
    same(test, "ignored", wire.read_server_frame(unb64(test["frame"])) is None)


def roots(test, group):
    same(test, "root", chains.root([unb64(text) for text in group["block_hashes"]][: test["size"]]))


def inclusion(test, _group):
    path = [unb64(text) for text in test["path"]]
    chains.check_inclusion(test["index"], test["size"], unb64(test["block_hash"]), path, unb64(test["root"]))


def consistency(test, _group):
    path = [unb64(text) for text in test["path"]]
    old, new = given(test, "from_root", "to_root")
    chains.check_consistency(test["from"], test["to"], old, new, path)


def texts(test, _group):
    body = test["entry"]["body"]
    same(test, "text_utf8", body.get("reason", body.get("name")).encode("utf-8"))
    same(test, "entry_id", chains.entry_id(test["entry"]))


def written_otherwise(test, _group):
    same(test, "entry_id", chains.entry_id(wire.read_json(unb64(test["json"]))))


def entries(test, _group):
    entry = test["entry"]
    body = chains.body_tuple(entry["kind"], entry["body"])
    same(test, "body_tuple", body)
    same(test, "body_digest", H(body))
    same(test, "entry_tuple", chains.entry_tuple(entry))
    same(test, "entry_id", chains.entry_id(entry))
    same(entry, "author", H(unb64(test["author_key"])))
    changed_entries(test, _group)


def changed_entries(test, _group):
    entry = test["entry"]
    if unb64(entry["author"]) != H(unb64(test["author_key"])):
        raise Refused("bad_signature", "not the author's key")
    key = crypto.public_key(unb64(test["author_key"]))
    crypto.verify(key, chains.entry_tuple(entry), unb64(entry["signature"]))


def submitted_entries(test, _group):
    wire.fits(test["entry"], wire.ENTRY, strict=True)


def block_hashes(test, _group):
    same(test, "entry_id", chains.entry_id(test["block"]["entry"]))
    same(test, "block_tuple", chains.block_tuple(test["block"]))
    same(test, "block_hash", chains.block_hash(test["block"]))


def checkpoints(test, group):
    server, community = given(group, "server_key", "community")
    chains.check_checkpoint(test["checkpoint"], crypto.public_key(server), community)
    same(test, "checkpoint_tuple", chains.checkpoint_tuple(test["checkpoint"]))


def proofs(test, _group):
    key, signature = given(test, "public_key", "signature")
    same(test, "join_tuple", join_signature(test, key, test["expires_at"], signature))


def welcomes(test, _group):
    same(test, "welcome_tuple", welcome_signature(test, test["welcome"], unb64(test["server_key"])))


def evidence(test, _group):
    same(test, "community", chains.check_evidence(test["evidence"]))


def invitations(test, _group):
    origin, community = clients.read_invitation(test["text"])
    same(test, "origin", origin)
    same(test, "community", community)


def backup_files(test, _group):
    file = clients.read_backup(unb64(test["backup"]))
    for name in ("salt", "iterations", "sealed"):
        same(test, name, file[name])


def backups(test, _group):
    file = clients.read_backup(unb64(test["backup"]))
    contents = clients.open_backup(file, test["passphrase"])
    same(test, "account", clients.read_contents(contents)["account"])
    okm = clients.backup_key(test["passphrase"], unb64(file["salt"]), file["iterations"])
    aad = clients.backup_aad(file)
    same(test, "okm", okm)
    same(test, "aad", aad)
    same(test, "contents", contents)
    same(file, "sealed", crypto.ChaCha20Poly1305(okm[:32]).encrypt(okm[32:], contents, aad))


def backup_contents(test, _group):
    same(test, "account", clients.read_contents(unb64(test["contents"]))["account"])


def cards(test, _group):
    crypto.card(unb64(test["x25519"]))


def commitments(test, _group):
    same(test, "commitment", crypto.commit(unb64(test["secret"])))


def wrap_info(test):
    return tuple_bytes("wrap", *given(test, "community", "author", "recipient", "x25519", "commitment"))


def sealed(test, _group):
    card, secret, ephemeral = given(test, "x25519", "secret", "ephemeral")
    wrap = crypto.seal(card, wrap_info(test), secret, ephemeral)
    same(test, "info", wrap_info(test))
    same(test, "wrap", wrap)


def opened(test, _group):
    wrap, private, commitment = given(test, "wrap", "x25519_private", "commitment")
    same(test, "secret", crypto.unwrap(wrap, private, wrap_info(test), commitment))


def several_wraps(test, _group):
    """ENC-17."""
    for each in test["wraps"]:
        try:
            return opened(test | each, _group)
        except Refused as refused:
            why = refused
    raise why


def message_keys(test, _group):
    info = tuple_bytes("message-key", *given(test, "community", "epoch", "author"))
    same(test, "info", info)
    same(test, "okm", crypto.message_key(*given(test, "secret", "salt"), info))


def messages(test, _group):
    place = given(test, "secret", "salt", "community", "epoch", "author")
    padded = crypto.open_message(*place, test["seq"], unb64(test["ciphertext"]))
    plaintext = crypto.unpad(padded)
    aad = tuple_bytes("message-aad", *place[2:], test["seq"])
    aead, nonce = crypto.message_cipher(*place)
    same(test, "aad", aad)
    same(test, "padded", padded)
    same(test, "plaintext", plaintext)
    same(test, "ciphertext", aead.encrypt(nonce, crypto.pad(plaintext), aad))


def padding(test, _group):
    plaintext = crypto.unpad(unb64(test["padded"]))
    same(test, "plaintext", plaintext)
    same(test, "padded", crypto.pad(plaintext))


def plaintexts(test, _group):
    same(test, "text", crypto.read_plaintext(unb64(test["plaintext"]))["text"])


def whole_chains(test, group):
    chain = chains.Chain(unb64(test["pinned"]) if "pinned" in test else None)
    at = None
    try:
        for frame in test["frames"]:
            at = "from"
            if frame["from"] != chain.size:
                raise Refused("bad_index", "`from`")
            for at in frame["blocks"]:
                chain.take(group["blocks"][at])
        kept = test.get("kept")
        if "welcome" in test:
            at = "welcome"
            chain.check_welcome(test["welcome"]["size"], unb64(test["welcome"]["head"]), test.get("have", 0), kept)
        if "checkpoint" in test:
            at = "checkpoint"
            chain.check_checkpoint(test["checkpoint"], kept)
        if "accepted" in test:
            at = "accepted"
            chain.check_accepted(test["accepted"], unb64(test["accepted"]["entry_id"]))
        at = "end"
        chain.check_gaps()
    except Refused:
        same(test, "at", at)
        raise
    same(test, "size", chain.size)
    same(test, "head", chain.head())
    same(test, "root", chains.root(chain.hashes))


def writing(test, group):
    chain = chains.Chain()
    try:
        for frame in test["frames"]:
            for name in frame["blocks"]:
                chain.take(group["blocks"][name])
    except Refused as refused:
        raise Differs(f"the chain was refused with {refused}") from None
    chain.check_writable(unb64(test["epoch"]))


CHECKS = {
    ("tuples", "tuples"): tuples,
    ("base64", "bytes"): base64,
    ("keys", "public-keys"): public_keys,
    ("signatures", "signatures"): signatures,
    ("json", "client-frames"): client_frames,
    ("json", "server-frames"): server_frames,
    ("parsers", "json-texts"): client_frames,
    ("merkle", "roots"): roots,
    ("merkle", "inclusion"): inclusion,
    ("merkle", "consistency"): consistency,
    ("unicode", "texts"): texts,
    ("unicode", "written-otherwise"): written_otherwise,
    ("entries", "entries"): entries,
    ("entries", "changed-entries"): changed_entries,
    ("entries", "submitted-entries"): submitted_entries,
    ("blocks", "block-hashes"): block_hashes,
    ("checkpoints", "checkpoints"): checkpoints,
    ("joins", "proofs"): proofs,
    ("joins", "welcomes"): welcomes,
    ("evidence", "evidence"): evidence,
    ("invitations", "invitations"): invitations,
    ("backups", "files"): backup_files,
    ("backups", "backups"): backups,
    ("backups", "contents"): backup_contents,
    ("cards", "cards"): cards,
    ("wraps", "commitments"): commitments,
    ("wraps", "sealed"): sealed,
    ("wraps", "not-sealed"): sealed,
    ("wraps", "opened"): opened,
    ("wraps", "several-wraps"): several_wraps,
    ("messages", "message-keys"): message_keys,
    ("messages", "messages"): messages,
    ("messages", "padding"): padding,
    ("messages", "plaintexts"): plaintexts,
    ("chains", "chains"): whole_chains,
    ("chains", "views"): whole_chains,
    ("chains", "writing"): writing,
    ("conversation", "conversation"): lambda test, group: group["reader"].read(test),
}


def failure(check, test, group):
    """What is wrong, or None."""
    try:
        check(test, group)
    except Refused as refused:
        if test["result"] == "valid":
            return f"valid, but refused with {refused}"
        return None if refused.code == test["code"] else f"{test['code']} is due, not {refused}"
    except Differs as differs:
        return str(differs)
    except Exception:
        return traceback.format_exc(limit=-2)
    return None if test["result"] == "valid" else f"accepted; {test['code']} is due"


def load(folder):
    """All files, and what is unknown among them."""
    files, unknown = [], []
    for path in sorted(folder.glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        files.append(file)
        if file.get("format") != "dispatch-d/1 static vectors" or file.get("name") != path.stem:
            unknown.append(f"{path.name} is not a file of static vectors")
        unknown += [
            f"{path.name}: nobody knows the group {group['name']}"
            for group in file["groups"]
            if (file["name"], group["name"]) not in CHECKS
        ]
    found = {(file["name"], group["name"]) for file in files for group in file["groups"]}
    unknown += [f"{file}.json lacks the group {group}" for file, group in CHECKS if (file, group) not in found]
    return files, unknown


def accounts():
    return json.loads((ROOT / "vectors/keys/accounts.json").read_text(encoding="utf-8"))


def run(files):
    """Runs all tests: pairs of an id and what is wrong, or None."""
    for file in files:
        for group in file["groups"]:
            check = CHECKS.get((file["name"], group["name"]))
            if check is None:
                continue
            if file["name"] == "conversation":
                group = group | {"reader": Conversation(group, accounts())}
            for test in group["tests"]:
                yield test["id"], failure(check, test, group)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=ROOT / "vectors/static")
    parser.add_argument("--verbose", action="store_true", help="name each test")
    parser.add_argument("--self-test", action="store_true", help="see this script fail")
    arguments = parser.parse_args()
    files, unknown = load(arguments.folder)
    passed, failed = 0, len(unknown)
    for what in unknown:
        print(f"FAIL {what}")
    if not unknown:
        for name, why in self_test(files, CHECKS, failure) if arguments.self_test else run(files):
            passed, failed = passed + (why is None), failed + (why is not None)
            if why or arguments.verbose:
                print(f"FAIL {name}: {why}" if why else f"pass {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
