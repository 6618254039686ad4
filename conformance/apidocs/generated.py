#!/usr/bin/env python3
"""Makes a client of spec/openapi.json with openapi-python-client, has mypy check its types and those of talk.py, which uses it,
and talks with a live dispatchd through it.

    python3 generated.py DISPATCHD FOLDER

The client is written to FOLDER/dispatch_d.
"""

import os
import pathlib
import subprocess
import sys

from community import ROOT

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(sys.executable).parent


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "generator.yaml"
    # The hooks would only format what nobody reads.
    config.write_text("package_name_override: dispatch_d\npost_hooks: []\n", encoding="utf-8")
    package = folder / "dispatch_d"
    run(
        [PROGRAMS / "openapi-python-client", "generate", "--path", ROOT / "spec" / "openapi.json", "--config", config]
        + ["--output-path", package, "--meta", "none", "--overwrite", "--fail-on-warning"]
    )
    paths = os.environ | {"MYPYPATH": str(folder), "PYTHONPATH": str(folder)}
    # What signs is untyped, and comes from the crosscheck.
    run([PROGRAMS / "mypy", "--strict", "--cache-dir", folder / "mypy", package])
    untyped = ["--allow-untyped-calls", "--follow-imports", "silent"]
    run([PROGRAMS / "mypy", "--strict", "--cache-dir", folder / "mypy", *untyped, HERE / "talk.py"], paths)
    subprocess.run([sys.executable, HERE / "talk.py", program], check=True, env=paths)


def run(command, environment=None):
    """Runs a command, and shows what it says where it fails."""
    done = subprocess.run(command, text=True, capture_output=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{pathlib.Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
