#!/usr/bin/env python3
"""Asks Python's default parsers about the texts of parsers.json and base64.json.

    python3 python.py            exit code 0: every answer is the committed one; 1: some are not
    python3 python.py --write    writes the answers to python.json, from which make-vectors takes them

Plain Python, no packages. The committed answers are those of Python 3.11; what another version answers otherwise is told, and
is no failure.
"""

import base64
import json
import platform
import sys

from asking import ask, unb64


def reads(parser):
    """What was read, or None where the parser refuses."""

    def read(test):
        try:
            return parser(test)
        except (ValueError, RecursionError):
            return None

    return read


READERS = {
    "parsers": {
        "Python json": reads(lambda test: json.dumps(json.loads(unb64(test["frame"])), separators=(",", ":"))),
    },
    "base64": {
        # As it is usually called: the padding that the text lacks is put behind it.
        "urlsafe_b64decode": reads(lambda test: base64.urlsafe_b64decode(test["text"] + "==").hex()),
        "b64decode, validate": reads(
            lambda test: base64.b64decode(
                test["text"] + "=" * (-len(test["text"]) % 4), altchars=b"-_", validate=True
            ).hex()
        ),
    },
}

if __name__ == "__main__":
    sys.exit(ask(READERS, f"Python {platform.python_version()}", sys.version_info[:2] == (3, 11)))
