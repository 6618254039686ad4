#!/usr/bin/env python3
"""Asks Python's default parsers about the texts of parsers.json and base64.json, and holds their answers against those files.

    python3 python.py            exit code 0: every answer is the committed one; 1: some are not
    python3 python.py --write    writes the answers to python.json, from which make-vectors takes them

Plain Python 3.11 or later, no packages.
"""

import base64
import json
import pathlib
import platform
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[2] / "vectors/static"

# From Python 3.12 on, the depth at which the parser gives up is another one, and again in 3.14.
VARIES = {"parser-depth-2000"}


def bytes_of(test):
    frame = test["frame"]
    return base64.urlsafe_b64decode(frame + "=" * (-len(frame) % 4))


def python_json(test):
    return json.dumps(json.loads(bytes_of(test)), separators=(",", ":"))


def lenient(test):
    """As it is usually called: the padding that the text lacks is put behind it."""
    return base64.urlsafe_b64decode(test["text"] + "==").hex()


def validating(test):
    text = test["text"]
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).hex()


# An answer is a text, or None where the parser refuses.
PARSERS = {
    "parsers": {"Python json": python_json},
    "base64": {"urlsafe_b64decode": lenient, "b64decode, validate": validating},
}


def answer(parser, test):
    try:
        return parser(test)
    except (ValueError, RecursionError):
        return None


def main():
    measured, wrong, asked = {}, [], 0
    for name, parsers in PARSERS.items():
        file = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
        for parser, read in parsers.items():
            answers = measured.setdefault(parser, {})
            for test in (test for group in file["groups"] for test in group["tests"] if test["id"] not in VARIES):
                asked += 1
                ours = answers[test["id"]] = answer(read, test)
                committed = test.get("parsers", {}).get(parser, "nothing")
                if ours != committed:
                    wrong.append(f"{test['id']}: {parser} gives {ours}, {name}.json says {committed}")
    if "--write" in sys.argv[1:]:
        text = json.dumps(measured, indent=2, ensure_ascii=False)
        (HERE / "python.json").write_text(text + "\n", encoding="utf-8")
        print(f"{asked} answers are in python.json; run make-vectors")
        return 0
    for line in wrong:
        print(f"FAIL {line}")
    print(f"Python {platform.python_version()}: {asked} answers, {len(wrong)} of them not as committed")
    return 1 if wrong or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
