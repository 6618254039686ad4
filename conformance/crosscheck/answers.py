"""What the checks share: answers held against a vector, and the two signatures of a join."""

import secrets_and_signatures as crypto
from wire import H, Refused, b64, tuple_bytes, unb64


class Differs(Exception):
    """An answer is another one than the vector's."""


def same(test, name, answer):
    answer = b64(answer) if isinstance(answer, bytes) else answer
    if test.get(name) != answer:
        raise Differs(f"`{name}` is {test.get(name)!r}, this implementation has {answer!r}")


def given(test, *names):
    """The members of these names, decoded from base64url."""
    return [unb64(test[name]) for name in names]


def join_signature(held, key, expires_at, signature):
    """JOIN-11: the signed tuple, if the signature is by this key over what is held."""
    community, client, server = given(held, "community", "client_nonce", "server_nonce")
    signed = tuple_bytes("join", held["origin"], community, H(key), client, server, expires_at)
    crypto.verify(crypto.public_key(key), signed, signature, "bad_proof")
    return signed


def welcome_signature(held, welcome, server_key):
    """JOIN-17: the signed tuple, if all that the client holds is in it."""
    names = ("community", "account", "client_nonce", "server_nonce")
    times = welcome["expires_at"], welcome["size"], unb64(welcome["head"])
    signed = tuple_bytes("welcome", held["origin"], *given(held, *names), *times, H(unb64(held["token"])))
    if welcome["token"] != held["token"]:
        raise Refused("bad_welcome", "another token")
    crypto.verify(crypto.public_key(server_key), signed, unb64(welcome["signature"]), "bad_welcome")
    return signed
