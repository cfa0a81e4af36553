"""What scripts/test.py makes of pytest's report."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests.conftest import ROOT

REPORT = """<testsuites><testsuite errors="1" failures="1" skipped="1" tests="5">
<testcase classname="tests.a" name="good"/>
<testcase classname="tests.a" name="lost"/><testcase classname="tests.a" name="lost"><failure message="no"/></testcase>
<testcase classname="tests.a" name="wavers"/><testcase classname="tests.a" name="wavers"/>
<testcase classname="tests.a" name="broken"/><testcase classname="tests.a" name="broken"><error message="no"/></testcase>
<testcase classname="tests.a" name="passed over"><skipped message="no"/></testcase>
</testsuite></testsuites>"""


def test_a_test_that_passed_only_when_run_again_is_named(tmp_path: Path) -> None:
    counted = runpy.run_path(str(ROOT / "scripts" / "test.py"))["counted"]
    report = tmp_path / "unit.xml"
    report.write_text(REPORT)
    result = counted("unit", 1, 2.0, report)
    assert (result.tests, result.passed, result.failed, result.skipped) == (5, 2, 2, 1)
    assert result.unsteady == ("tests.a::wavers",)
