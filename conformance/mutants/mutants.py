#!/usr/bin/env python3
"""Mutation testing of the reference, with the suite as the test.

Takes the changes that `cargo mutants --list` proposes for `reference/protocol` and `reference/server`, puts them all behind
switches in one build (`schemata.py`), and asks for each: do the static vectors notice, does the suite under `--spawn`? What
nobody notices survives. A survivor that an outside observer could see wants a vector.

    cargo install --locked cargo-mutants
    python3 -m venv target/mutants-venv && target/mutants-venv/bin/pip install -r conformance/mutants/requirements.txt
    target/mutants-venv/bin/python conformance/mutants/mutants.py                 all of them: some hours on two cores
    target/mutants-venv/bin/python conformance/mutants/mutants.py --again         those that survived, after new vectors
    target/mutants-venv/bin/python conformance/mutants/mutants.py --again --cases err-detail RED-5    the same by these cases alone
    target/mutants-venv/bin/python conformance/mutants/mutants.py --only NAME     those whose name has NAME in it

Works in a clone of the last commit in `target/mutants`. Results are appended to `target/mutants/results.jsonl`; what stands
there is not tried again, so an interrupted run goes on. Ends with the counts.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import schemata

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLACE = ROOT / "target" / "mutants"
CLONE = PLACE / "clone"
RESULTS = PLACE / "results.jsonl"
PACKAGES = ["dispatch-protocol", "dispatch-server"]
TARGETS = ["-p", "dispatch-protocol", "--test", "static_vectors", "-p", "dispatch-server", "--bin", "dispatchd"]
# What no observer of a server or of the protocol's verdicts can see: text for logs, schemas for readers.
INSIDE = ["/src/bounds.rs", "/log.rs", "schema"]
NOTICED = ("FAIL", "CRASHED", "TIMEOUT", "UNTESTABLE", "WARN")


def run(command, seconds, **more):
    """A command's exit code and output; None if it did not end in time. What it started ends with it."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, text=True, **more)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        return None, ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def proposed():
    """The mutants, by number: their place in the list."""
    found = []
    for package in PACKAGES:
        listed = subprocess.run(["cargo", "mutants", "--list", "--json", "--diff", "-p", package], cwd=CLONE, capture_output=True, text=True, check=True)
        found += [mutant for mutant in json.loads(listed.stdout) if not any(part in mutant["file"] for part in INSIDE)]
    return dict(enumerate(found))


def prepare():
    """A clone of the last commit, and the suite's program from outside of it, which never holds a mutant."""
    subprocess.run(["cargo", "build", "--quiet", "-p", "dispatch-conformance"], cwd=ROOT, check=True)
    PLACE.mkdir(parents=True, exist_ok=True)
    if not CLONE.exists():
        subprocess.run(["git", "clone", "--quiet", ROOT, CLONE], check=True)
    subprocess.run(["git", "fetch", "--quiet"], cwd=CLONE, check=True)
    subprocess.run(["git", "reset", "--quiet", "--hard", "FETCH_HEAD"], cwd=CLONE, check=True)
    shutil.copy(ROOT / "target/debug/dispatch-conformance", PLACE / "suite")


# --- one build of all


def write(sources, left_out):
    """Writes each file with its switches; gives where they stand."""
    places = {}
    for source in sources:
        text, places[source.path] = source.render(left_out)
        if (CLONE / source.path).read_bytes() != text:
            (CLONE / source.path).write_bytes(text)
    return places


def guilty(message, places):
    """The numbers of the switches that a compiler's error is about: those in whose text it is, else those within its span."""
    spans = [span for span in message["spans"] if span["is_primary"] and span["file_name"] in places]
    if not spans:
        return set()
    inside, around = set(), set()
    for span in spans:
        for start, end, numbers in places[span["file_name"]]:
            if start <= span["byte_start"] < end:
                inside.update(numbers)
            elif span["byte_start"] <= start < span["byte_end"]:
                around.update(numbers)
    return inside or around


def build_all(mutants):
    """Builds the reference with all switches that can be built; gives the numbers of those that cannot, with the error."""
    by_file = collections.defaultdict(dict)
    for number, mutant in mutants.items():
        by_file[mutant["file"]][number] = mutant
    sources = [schemata.Source(path, (CLONE / path).read_text(), here) for path, here in by_file.items()]
    failed = {number: "no place for a switch" for source in sources for number in source.alone}
    library = CLONE / "reference/protocol/src/lib.rs"
    (CLONE / "reference/protocol/src/mutant.rs").write_text((HERE / "mutant.rs").read_text())
    while True:
        places = write(sources, set(failed))
        # So that the protocol crate can name itself as the server does.
        if "mod mutant;" not in library.read_text():
            library.write_text(library.read_text().replace("mod bounds;", "pub mod mutant;\nextern crate self as dispatch_protocol;\nmod bounds;", 1))
        built = subprocess.run(["cargo", "build", "--message-format=json", *TARGETS], cwd=CLONE, capture_output=True, text=True)
        if built.returncode == 0:
            break
        errors = [line["message"] for line in map(json.loads, built.stdout.splitlines()) if line["reason"] == "compiler-message" and line["message"]["level"] == "error"]
        new = {number: (error["code"] or {}).get("code", "") + " " + error["message"] for error in errors for number in guilty(error, places) if number not in failed}
        print(f"{len(errors)} errors: {len(new)} switches go", flush=True)
        if not new:
            sys.exit("errors that no switch explains:\n" + "\n".join(error["rendered"] for error in errors[:5]))
        failed.update(new)
    program = max((path for path in (CLONE / "target/debug/deps").glob("static_vectors-*") if not path.suffix), key=lambda path: path.stat().st_mtime)
    shutil.copy(program, PLACE / "static_vectors")
    shutil.copy(CLONE / "target/debug/dispatchd", PLACE / "dispatchd")
    subprocess.run(["git", "checkout", "--quiet", "."], cwd=CLONE, check=True)
    (CLONE / "reference/protocol/src/mutant.rs").unlink()
    return failed


# --- who notices


def play(programs, cases, environment, fail_fast=True):
    """Plays cases (all of them if there are none named): what was noticed, by case and verdict."""
    with tempfile.TemporaryDirectory() as place:
        report = pathlib.Path(place, "report.json")
        wrapper = ROOT / "conformance/spawn/dispatchd.sh"
        code, output = run([PLACE / "suite", "run", "--spawn", f"{wrapper} {programs / 'dispatchd'} {{config}}", *cases, "--timeout", "4", "--deadline", "80",
                            "--report", f"json={report}", *(["--fail-fast"] if fail_fast else [])], 120, env={**os.environ, **environment})
        cases = json.loads(report.read_text())["cases"] if report.exists() else []
        noticed = {case["id"]: case["verdict"] for case in cases if case["verdict"] in NOTICED}
        if not noticed and code != 0:
            noticed = {"": (output.strip().splitlines() or ["it hangs"])[-1]}
        return noticed


def met(file):
    return set(map(int, file.read_text().split())) if file.exists() else set()


def coverage(mutants):
    """By number: whether the static vectors meet its switch, and which cases do. Kept in a file."""
    kept = PLACE / "met.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        return set(known["static"]), {int(number): cases for number, cases in known["cases"].items()}
    with tempfile.TemporaryDirectory() as place:
        file = pathlib.Path(place, "static")
        code, output = run([PLACE / "static_vectors"], 300, cwd=CLONE / "reference/protocol", env={**os.environ, "DISPATCH_MUTANTS_MET": str(file)})
        if code != 0:
            sys.exit(f"the static vectors notice the unchanged reference:\n{output}")
        static, cases = met(file), collections.defaultdict(list)
        noticed = play(PLACE, [], {"DISPATCH_MUTANTS_MET": str(pathlib.Path(place, "all"))})
        if noticed:
            sys.exit(f"the suite notices the unchanged reference: {noticed}")
        listed = subprocess.run([PLACE / "suite", "list"], capture_output=True, text=True, check=True).stdout
        names = [line.split()[0] for line in listed.splitlines() if line and not line.startswith(" ")]

        def one(name):
            play(PLACE, [name], {"DISPATCH_MUTANTS_MET": str(pathlib.Path(place, f"case-{name}"))})
            return name, met(pathlib.Path(place, f"case-{name}"))

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for name, numbers in pool.map(one, names):
                for number in numbers:
                    cases[number].append(name)
        for number in met(pathlib.Path(place, "all")):
            cases.setdefault(number, [])
    kept.write_text(json.dumps({"static": sorted(static), "cases": cases}))
    return static, dict(cases)


def judged(programs, environment, static, cases):
    """Who notices, and by what; None if nobody does. `cases`: those to play; None for none, empty for all."""
    if static:
        code, output = run([programs / "static_vectors"], 120, cwd=CLONE / "reference/protocol", env={**os.environ, **environment})
        if code != 0:
            return "static vectors", [line for line in output.splitlines() if "panicked" in line or "differ" in line][:2]
    if cases is not None:
        noticed = play(programs, cases, environment)
        # What only a busy machine shows is not shown twice.
        if noticed and (again := play(programs, [name for name in noticed if name] or cases, environment)):
            return "suite", again
        if noticed and (again := play(programs, cases, environment)):
            return "suite", again
    return None


def alone(mutant):
    """Builds one mutant without a switch, and judges it."""
    patch = ["patch", "--silent", "-p0"]
    subprocess.run(patch, input=mutant["diff"], text=True, cwd=CLONE, check=True)
    try:
        code, _ = run(["cargo", "build", "--quiet", *TARGETS], 600, cwd=CLONE)
        if code != 0:
            return {"outcome": "unviable"}
        programs = PLACE / "alone"
        programs.mkdir(exist_ok=True)
        program = max((path for path in (CLONE / "target/debug/deps").glob("static_vectors-*") if not path.suffix), key=lambda path: path.stat().st_mtime)
        shutil.copy(program, programs / "static_vectors")
        shutil.copy(CLONE / "target/debug/dispatchd", programs / "dispatchd")
        return outcome(judged(programs, {}, True, []))
    finally:
        subprocess.run([*patch, "--reverse"], input=mutant["diff"], text=True, cwd=CLONE, check=True)


def outcome(noticed):
    return {"outcome": "killed", "by": noticed[0], "how": noticed[1]} if noticed else {"outcome": "survived"}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--again", action="store_true", help="try what survived again")
    options.add_argument("--only", default="", help="only mutants whose name has this in it")
    options.add_argument("--cases", nargs="*", help="play these cases and no others, such as new ones")
    options.add_argument("--jobs", type=int, default=2, help="how many at a time [default: 2]")
    given = options.parse_args()
    # So that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))

    prepare()
    mutants = proposed()
    switches = PLACE / "switches.json"
    if given.again or not switches.exists():
        (PLACE / "met.json").unlink(missing_ok=True)
        switches.write_text(json.dumps(build_all(mutants)))
    failed = {int(number): why for number, why in json.loads(switches.read_text()).items()}
    static, cases = coverage(mutants)
    latest = {}
    if RESULTS.exists():
        latest = {result["name"]: result for result in map(json.loads, RESULTS.read_text().splitlines())}

    def due(mutant):
        known = latest.get(mutant["name"], {}).get("outcome")
        return given.only in mutant["name"] and (known is None or (given.again and known in ("survived", "unmet")))

    def attempt(number):
        if number not in static and number not in cases:
            return {"outcome": "unmet"}
        chosen = cases.get(number)
        if given.cases is not None and chosen is not None:
            chosen = given.cases
        return outcome(judged(PLACE, {"DISPATCH_MUTANT": str(number)}, number in static, chosen))

    def of_itself(number):
        """Whether the error behind its switch is about types and names: then the mutant does not build alone either."""
        return failed[number].split()[0] in ("E0061", "E0277", "E0283", "E0308", "E0369", "E0433", "E0599")

    chosen = [number for number, mutant in mutants.items() if due(mutant)]
    with RESULTS.open("a") as out, concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        def told(number, result):
            result = {"name": mutants[number]["name"], **result}
            latest[result["name"]] = result
            print(json.dumps(result), file=out, flush=True)
            print(f"{len(latest)}/{len(mutants)} {result['outcome']:<9} {result['name']}", flush=True)

        under_way = {}
        for number in chosen:
            if number not in failed:
                under_way[pool.submit(attempt, number)] = number
            elif of_itself(number):
                told(number, {"outcome": "unviable"})
        for done in concurrent.futures.as_completed(under_way):
            told(under_way[done], done.result())
        for number in chosen:
            if number in failed and not of_itself(number):
                told(number, alone(mutants[number]))
    counts = collections.Counter(latest[mutant["name"]]["outcome"] for mutant in mutants.values() if mutant["name"] in latest)
    viable = sum(counts.values()) - counts["unviable"]
    print(f"{viable} viable mutants: {counts['killed']} killed, {counts['survived']} survived, {counts['unmet']} met by nobody; {counts['unviable']} do not build")


if __name__ == "__main__":
    main()
