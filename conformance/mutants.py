#!/usr/bin/env python3
"""Mutation testing of the reference, with the suite as the test.

Makes the changes that `cargo mutants --list` proposes for `reference/protocol` and `reference/server`, one at a time and in
place, builds `dispatchd`, and asks: do the static vectors notice, does the suite, does `dispatchd verify`? What nobody
notices survives. A survivor that an outside observer could see wants a vector.

    cargo install --locked cargo-mutants
    conformance/mutants.py --out target/mutants.jsonl                  all of them: a day on two cores
    conformance/mutants.py --out target/mutants.jsonl --sample 300     a sample, the same for the same --seed
    conformance/mutants.py --out target/mutants.jsonl --again          those that survived, after new vectors

Works in a checkout that nobody else uses, with no uncommitted change. Results are appended, and what stands there already is
not tried again, so an interrupted run goes on. Ends with the counts.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["dispatch-protocol", "dispatch-server"]
# Unoptimised, since each is built once and run for seconds.
ENVIRONMENT = {**os.environ, "CARGO_PROFILE_DEV_OPT_LEVEL": "0", "CARGO_PROFILE_DEV_DEBUG": "0"}
BUILD = ["cargo", "build", "--quiet", "-p", "dispatch-server", "--bin", "dispatchd", "-p", "dispatch-protocol", "--test", "static_vectors"]
# What no observer of a server or of the protocol's verdicts can see.
INSIDE = ["/src/bounds.rs", "/log.rs", "schema"]


class Ended(Exception):
    """A program that was to go on ended."""


def run(command, seconds, **more):
    """A command's exit code and output; None if it did not end in time. What it started ends with it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, text=True, **more)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        return None, ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def mutants():
    found = []
    for package in PACKAGES:
        listed = subprocess.run(["cargo", "mutants", "--list", "--json", "--diff", "-p", package], cwd=ROOT, capture_output=True, text=True, check=True)
        found += [mutant for mutant in json.loads(listed.stdout) if not any(part in mutant["file"] for part in INSIDE)]
    return found


def serve(dispatchd, folder, keys):
    """Founds a community and serves it: the process and its address."""
    code, output = run([dispatchd, "init", folder, "--bind", "127.0.0.1:0", "--challenge-seconds", "2",
                        "--authority-key", keys / "authority.test-key.pem", "--server-key", keys / "server.test-key.pem",
                        "--allow", keys / "allowlist.pem"], 20)
    if code != 0:
        raise Ended(f"init: {output.strip()[:200]}")
    log = open(folder / "log", "w+")
    server = subprocess.Popen([dispatchd, "serve", folder], stdout=log, stderr=log, start_new_session=True)
    with open(folder / "log") as lines:
        while True:
            line = lines.readline()
            if "address=" in line:
                return server, line.split("address=")[1].split()[0]
            if not line and server.poll() is not None:
                raise Ended("serve: it ended")
            if not line:
                try:
                    server.wait(0.02)
                except subprocess.TimeoutExpired:
                    pass


def judged(suite, keys):
    """Who notices this build, and by what; None if nobody does."""
    static = newest_test()
    code, output = run([static], 60)
    if code != 0:
        return "static vectors", [line for line in output.splitlines() if "panicked" in line or "differ" in line][:2]
    with tempfile.TemporaryDirectory() as place:
        folder, report = pathlib.Path(place, "community"), pathlib.Path(place, "report.json")
        folder.mkdir()
        server = None
        try:
            signal.alarm(150)
            server, address = serve(ROOT / "target/debug/dispatchd", folder, keys)
            code, output = run([suite, "run", f"ws://{address}", "--fail-fast", "--timeout", "3", "--deadline", "90", "--report", f"json={report}"], 110)
            if code != 0:
                failed = []
                if report.exists():
                    failed = [case["id"] for case in json.loads(report.read_text())["cases"] if case["verdict"] in ("FAIL", "CRASHED", "TIMEOUT", "WARN")]
                return "suite", failed[:3] or output.strip().splitlines()[-1:]
            server.send_signal(signal.SIGTERM)
            if server.wait(20) != 0:
                return "shutdown", [str(server.returncode)]
            code, output = run([ROOT / "target/debug/dispatchd", "verify", folder], 60)
            if code != 0:
                return "verify", output.strip().splitlines()[-1:]
            return None
        except (Ended, TimeoutError, subprocess.TimeoutExpired) as ended:
            return "start", [str(ended)]
        finally:
            signal.alarm(0)
            if server is not None and server.poll() is None:
                server.kill()
                server.wait()


def newest_test():
    tests = [path for path in (ROOT / "target/debug/deps").glob("static_vectors-*") if not path.suffix]
    return max(tests, key=lambda path: path.stat().st_mtime)


def attempt(mutant, suite, keys):
    patch = ["patch", "--silent", "-p0"]
    subprocess.run(patch, input=mutant["diff"], text=True, cwd=ROOT, check=True)
    try:
        code, _ = run(BUILD, 600, cwd=ROOT, env=ENVIRONMENT)
        if code != 0:
            return {"outcome": "unviable"}
        noticed = judged(suite, keys)
        return {"outcome": "killed", "by": noticed[0], "how": noticed[1]} if noticed else {"outcome": "survived"}
    finally:
        subprocess.run([*patch, "--reverse"], input=mutant["diff"], text=True, cwd=ROOT, check=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=pathlib.Path, required=True, help="results, one JSON object a line")
    options.add_argument("--sample", type=int, help="so many mutants and not all")
    options.add_argument("--seed", type=int, default=1, help="which sample [default: 1]")
    options.add_argument("--again", action="store_true", help="try the survivors of the results again")
    given = options.parse_args()

    def hung(*_):
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, hung)
    # So that what was changed is changed back, and what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    results = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    latest = {result["name"]: result for result in results}
    chosen = mutants()
    random.Random(given.seed).shuffle(chosen)
    chosen = chosen[: given.sample]
    if given.again:
        chosen = [mutant for mutant in chosen if latest.get(mutant["name"], {}).get("outcome") == "survived"]
    else:
        chosen = [mutant for mutant in chosen if mutant["name"] not in latest]

    # The suite is built before anything is changed: its own build never holds a mutant.
    subprocess.run(["cargo", "build", "--quiet", "-p", "dispatch-conformance"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as place:
        suite, keys = pathlib.Path(place, "dispatch-conformance"), pathlib.Path(place, "keys")
        suite.write_bytes((ROOT / "target/debug/dispatch-conformance").read_bytes())
        suite.chmod(0o755)
        subprocess.run([suite, "keys", keys], check=True, stdout=subprocess.DEVNULL)
        code, output = run(BUILD, 1200, cwd=ROOT, env=ENVIRONMENT)
        if code != 0:
            sys.exit(f"the reference does not build:\n{output}")
        noticed = judged(suite, keys)
        if noticed:
            sys.exit(f"the unchanged reference is noticed by the {noticed[0]}: {noticed[1]}")
        with given.out.open("a") as out:
            for number, mutant in enumerate(chosen, 1):
                result = {"name": mutant["name"], **attempt(mutant, suite, keys)}
                latest[mutant["name"]] = result
                print(json.dumps(result), file=out, flush=True)
                print(f"{number}/{len(chosen)} {result['outcome']:<9} {mutant['name']}", flush=True)
    counts = collections.Counter(result["outcome"] for result in latest.values())
    viable = counts["killed"] + counts["survived"]
    print(f"{viable} viable mutants: {counts['killed']} killed, {counts['survived']} survived; {counts['unviable']} do not build")


if __name__ == "__main__":
    main()
