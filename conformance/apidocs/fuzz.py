#!/usr/bin/env python3
"""Holds a live dispatchd against spec/openapi.json with schemathesis; see schemathesis.toml for what is checked.

    python3 fuzz.py DISPATCHD [--self-test]

Exit code 0: nothing was found. `--self-test` shows that this can fail: it spoils the document in memory, one way after the
other, and sees each one found.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager

from community import ROOT, Account, Served
from spoiled import SPOILED

HERE = pathlib.Path(__file__).resolve().parent
SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
PAUSE = 0.5


@contextmanager
def writing(served, account, token):
    """A chain that grows all the time, so that whoever waits for the next block gets one, and no request takes half a minute."""
    over = threading.Event()

    def write():
        number = 0
        while not over.is_set():
            number += 1
            served.write(account, token, number)
            over.wait(PAUSE)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


def as_schemathesis_reads_it(document):
    """The same, with a schema for each event of the stream: OpenAPI 3.1 has but one for the whole text."""
    asyncapi = json.loads((ROOT / "spec" / "asyncapi.json").read_text(encoding="utf-8"))
    events = []
    for name, message in asyncapi["components"]["messages"].items():
        if name.startswith("event-"):
            headers = message["headers"]
            properties = {"event": headers["properties"]["event"], "data": {"type": "string"}}
            if "id" in headers["properties"]:
                properties["id"] = {"type": "string", "pattern": "^[1-9][0-9]*$"}
            required = [*headers["required"], "data"]
            events.append({"properties": properties, "required": required, "additionalProperties": False})
    stream = document["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    stream["schema"] = {"type": "object", "oneOf": events}
    del stream["examples"]
    return document


def fuzz(served, token, document, *more):
    """Runs schemathesis over a document, and gives the finished process."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "openapi.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        command = [SCHEMATHESIS, "--config-file", HERE / "schemathesis.toml", "run", file, "--url", served.url, *more]
        # A token is a secret: in the environment, not on a command line.
        environment = os.environ | {"DISPATCH_AUTHORIZATION": f"Dispatch {token}", "COLUMNS": "140", "PYTHONPATH": str(HERE)}
        return subprocess.run(command, env=environment, cwd=folder, text=True, capture_output=True)


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--self-test"]
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    document = as_schemathesis_reads_it(json.loads((ROOT / "spec" / "openapi.json").read_text(encoding="utf-8")))
    with Served(arguments[0]) as served:
        account = Account()
        token = served.join(account)
        if len(sys.argv) == 3:
            self_test(served, token, document)
            return
        with writing(served, account, token):
            done = fuzz(served, token, document)
        if done.returncode:
            print(done.stdout, done.stderr, sep="\n")
            raise SystemExit("schemathesis: the server and spec/openapi.json differ")
        print(done.stdout[done.stdout.rindex("Test Phases:") :].rstrip() if "Test Phases:" in done.stdout else done.stdout)


def self_test(served, token, document):
    missed, left = [], list(SPOILED)
    while left:
        # One fault a path at a time: what is found stands under its path.
        faults = {path: (spoil, finding) for spoil, path, finding in reversed(left)}
        left = [fault for fault in left if fault[0] not in [spoil for spoil, _ in faults.values()]]
        spoiled = json.loads(json.dumps(document))
        for spoil, _ in faults.values():
            spoil(spoiled)
        paths = [argument for path in faults for argument in ("--include-path", path)]
        done = fuzz(served, token, spoiled, *paths, "--phases", "examples,coverage")
        sections = re.findall(r"^_+ [A-Z]+ (\S+) _+$(.*?)(?=^_{9}|^={9})", done.stdout, re.MULTILINE | re.DOTALL)
        for path, (spoil, finding) in faults.items():
            if done.returncode != 1 or not any(path == at and finding in told for at, told in sections):
                missed.append(f"{spoil.__name__}: exit code {done.returncode}, and no {finding!r}\n{done.stdout}{done.stderr}")
    if missed:
        raise SystemExit("schemathesis does not see:\n" + "\n".join(missed))
    print(f"schemathesis sees each of {len(SPOILED)} faults that a document had")


if __name__ == "__main__":
    main()
