"""Reads the suite's JUnit report as a build server does, and holds it against the JSON report of the same run.

usage: check_junit.py PROGRAM    (dispatch-conformance; it is run against a control server with a fault)
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import junitparser
import xmlschema

HERE = pathlib.Path(__file__).parent
KINDS = {
    "PASS": None, "WARN": None, "UNSUPPORTED": "skipped", "XFAIL": "skipped",
    "FAIL": "failure", "CRASHED": "failure", "TIMEOUT": "failure", "XPASS": "failure",
    "UNTESTABLE": "error", "HARNESS-ERROR": "error",
}


def kind(case: junitparser.TestCase) -> str | None:
    """What a reader takes the case for."""
    names = {junitparser.Skipped: "skipped", junitparser.Failure: "failure", junitparser.Error: "error"}
    results = [names[type(result)] for result in case.result]
    assert len(results) <= 1, f"{case.name} has {results}"
    return results[0] if results else None


def main(program: str) -> None:
    schema = xmlschema.XMLSchema10(str(HERE / "junit.xsd"))
    with tempfile.TemporaryDirectory() as folder:
        xml, report = pathlib.Path(folder, "report.xml"), pathlib.Path(folder, "report.json")
        server = subprocess.Popen([program, "control", "--fault", "JOIN-4"], stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            command = [program, "run", url, "JOIN", "DISC", "--without", "short-challenge"]
            subprocess.run([*command, "--report", f"junit={xml}", "--report", f"json={report}"],
                           check=False, stdout=subprocess.DEVNULL)
        finally:
            server.terminate()
            server.wait()
        schema.validate(str(xml))
        for wrong in ('tests="many"', 'time="-1"'):
            name = wrong.split("=")[0]
            text = xml.read_text(encoding="utf-8")
            start = text.index(f'{name}="')
            broken = text[:start] + wrong + text[text.index('"', start + len(name) + 2) + 1:]
            assert not schema.is_valid(broken), f"the schema takes {wrong}"
        suites = junitparser.JUnitXml.fromfile(str(xml))
        cases = {case.name: kind(case) for suite in suites for case in suite}
        due = {case["id"]: KINDS[case["verdict"]] for case in json.loads(report.read_text(encoding="utf-8"))["cases"]}
        assert cases == due, {name: (cases.get(name), due.get(name)) for name in cases.keys() | due.keys()}
        assert {None, "skipped", "failure"} <= set(due.values()), "a case of each kind"
        assert suites.tests == len(due) and suites.failures == sum(value == "failure" for value in due.values())
        print(f"junit: {len(due)} cases valid by junit.xsd, and read by junitparser as they are in the JSON report")


if __name__ == "__main__":
    main(sys.argv[1])
