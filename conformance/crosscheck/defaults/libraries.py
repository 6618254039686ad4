#!/usr/bin/env python3
"""Asks the library `cryptography` about the keys, signatures and cards of the vectors.

    python libraries.py            exit code 0: every answer is the committed one; 1: some are not
    python libraries.py --write    writes the answers to libraries.json, from which make-vectors takes them

Needs the packages of ../requirements.txt.
"""

import sys

import cryptography
from asking import ask, unb64
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key


def takes(library):
    """Whether the library takes it."""

    def take(test):
        try:
            library(test)
        except (ValueError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    return take


def verify(test):
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.AUTO)
    key = load_der_public_key(unb64(test["public_key"]))
    key.verify(unb64(test["signature"]), unb64(test["message"]), pss, hashes.SHA256())


def derive(test):
    private = X25519PrivateKey.from_private_bytes(bytes([7]) * 32)
    private.exchange(X25519PublicKey.from_public_bytes(unb64(test["x25519"])))


READERS = {
    "keys": {"Python cryptography": takes(lambda test: load_der_public_key(unb64(test["der"])))},
    "signatures": {"Python cryptography": takes(verify)},
    "cards": {"Python cryptography": takes(derive)},
}

if __name__ == "__main__":
    sys.exit(ask(READERS, f"cryptography {cryptography.__version__}", measured=True))
