"""Asks readers about the vectors, and holds their answers against the `defaults` of each test. What python.py and
libraries.py share."""

import base64
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[2] / "vectors/static"


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ask(readers, who, measured):
    """`readers`: file → name → function of a test. `measured`: whether this is the version whose answers are committed; what
    another one answers otherwise is told, and is no failure.

    With --write the answers go to a file named as the script. Gives the exit code.
    """
    given, wrong, asked = {}, [], 0
    for name, of_file in readers.items():
        file = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
        for reader, read in of_file.items():
            answers = given.setdefault(reader, {})
            for test in (test for group in file["groups"] for test in group["tests"]):
                asked += 1
                ours = answers[test["id"]] = read(test)
                committed = test.get("defaults", {}).get(reader, "nothing")
                if ours != committed:
                    wrong.append(f"{test['id']}: {reader} gives {ours}, {name}.json says {committed}")
    if "--write" in sys.argv[1:]:
        path = HERE / f"{pathlib.Path(sys.argv[0]).stem}.json"
        path.write_text(json.dumps(given, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"{asked} answers are in {path.name}; run make-vectors")
        return 0
    for line in wrong:
        print(f"{'FAIL' if measured else 'differs'} {line[:240]}")
    print(f"{who}: {asked} answers, {len(wrong)} of them not as committed")
    return 1 if (measured and wrong) or not asked else 0
