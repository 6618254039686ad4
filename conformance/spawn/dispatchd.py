#!/usr/bin/env python3
"""Lets the conformance suite start, kill and start again the reference server:

    dispatch-conformance run --spawn 'conformance/spawn/dispatchd.py target/debug/dispatchd {config}'

A wrapper for another server looks much like this one: read the JSON, found the community if there is none yet, and
become the server (exec), so that what is killed is the server and not the wrapper.
"""

import json
import os
import subprocess
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: dispatchd.py DISPATCHD CONFIG")
    dispatchd, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    community = os.path.join(config["data_dir"], "community")

    if not os.path.exists(os.path.join(community, "dispatchd.toml")):
        found = [
            dispatchd, "init", community,
            "--name", config["community_name"],
            "--bind", config["listen"],
            "--origin", config["origin"],
            "--authority-key", config["authority_key"],
            "--server-key", config["server_key"],
            "--allow", config["allowlist"],
        ]
        for name, limit in config["limits"].items():
            found += ["--limit", f"{name}={limit}"]
        subprocess.run(found, check=True)

    os.execvp(dispatchd, [dispatchd, "serve", community])


if __name__ == "__main__":
    main()
