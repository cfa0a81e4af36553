"""Run the test tiers, each in a pytest of its own, and end with the worst exit code and the sum of what ran.

`scripts/test.py [TIER ...]`, all of them without arguments. A tier is a folder of tests/; one that holds no test file is
named and passed over. A test that fails is run once more, so that a busy machine does not fail the other thousands; one that
passes then is named at the end as unsteady, to be mended. Only the standard library: it runs before anything is known to work.
"""
# ruff: noqa: T201  (a command of its own: it prints)

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".cache" / "tests"
TIERS = {"unit": 12, "contract": 15, "kube": 5, "serve": 30, "ui": 15}
"""Tier -> minutes after which it is ended as hanging; far above what it takes."""


@dataclass(frozen=True)
class Result:
    tier: str
    code: int
    seconds: float
    tests: int = 0
    failed: int = 0
    skipped: int = 0
    unsteady: tuple[str, ...] = ()
    """Tests that failed first and passed when they were run again."""

    @property
    def passed(self) -> int:
        return self.tests - self.failed - self.skipped


def run(tier: str) -> Result:
    report = REPORTS / f"{tier}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"tests/{tier}", "-q", f"--junitxml={report}", "-p", "no:cacheprovider"]
    command += ["--reruns", "1", "--rerun-show-tracebacks", "-rfEsxXR"]
    if tier == "unit":  # the others share a stack, or give a model all cores
        command += ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    started = time.monotonic()
    try:
        code = subprocess.run(command, cwd=ROOT, timeout=TIERS[tier] * 60, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"tests/{tier} took more than {TIERS[tier]} minutes and was ended.", flush=True)
        code = 124
    seconds = time.monotonic() - started
    if not report.exists():
        return Result(tier, code or 1, seconds, tests=1, failed=1)
    return counted(tier, code, seconds, report)


def counted(tier: str, code: int, seconds: float, report: Path) -> Result:
    """From pytest's JUnit report, in which a test that was run again stands twice."""
    root = ET.parse(report).getroot()
    suites = list(root.iter("testsuite"))
    count = {
        name: sum(int(suite.get(name, 0)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    }
    runs = Counter(_name(case) for case in root.iter("testcase"))
    lost = {
        _name(case)
        for case in root.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    }
    unsteady = tuple(name for name, times in runs.items() if times > 1 and name not in lost)
    return Result(tier, code, seconds, count["tests"], count["failures"] + count["errors"], count["skipped"], unsteady)


def _name(case: ET.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def main(tiers: list[str]) -> int:
    unknown = [tier for tier in tiers if tier not in TIERS]
    if unknown:
        print(f"There is no tier {unknown[0]}: choose from {', '.join(TIERS)}.")
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    results = []
    for tier in tiers or TIERS:
        if not any((ROOT / "tests" / tier).rglob("test_*.py")):
            print(f"== {tier}: tests/{tier} holds no tests", flush=True)
            continue
        print(f"== {tier}", flush=True)
        results.append(run(tier))
    if not results:
        print("No tier holds tests.")
        return 5
    for result in results:
        verdict = "ok" if result.code == 0 else f"exit code {result.code}"
        print(
            f"{result.tier:>9}: {result.passed} passed, {result.failed} failed, {result.skipped} skipped in {result.seconds:.0f} s ({verdict})"
        )
    for name in (name for result in results for name in result.unsteady):
        print(f"  unsteady: {name} failed once and passed when it was run again")
    print(
        f"{sum(r.passed for r in results)} passed, {sum(r.failed for r in results)} failed, {sum(r.skipped for r in results)} skipped"
    )
    return max(result.code for result in results)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
