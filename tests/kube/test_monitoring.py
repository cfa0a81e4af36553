"""Rules, scrape configurations and dashboards, without a running stack (tests/serve has the one with it)."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from rag.runtime.metrics import CATALOGUE
from tests.kube.manifests import ROOT

MONITORING = ROOT / "monitoring"


def alerts() -> list[dict]:
    groups = yaml.safe_load((MONITORING / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    return subprocess.run([program, *arguments], cwd=MONITORING, capture_output=True, text=True, check=False)


def test_the_rules_fire_when_they_should() -> None:
    result = promtool("test", "rules", "rules_test.yml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_scrape_configurations_are_valid(tmp_path: Path) -> None:
    result = promtool("check", "config", "prometheus.yml")
    assert result.returncode == 0, result.stdout + result.stderr
    shutil.copy(MONITORING / "rules.yml", tmp_path)
    # Debian's promtool knows no Kubernetes: what finds the pods is left out of what it checks.
    config = yaml.safe_load((MONITORING / "prometheus-kubernetes.yml").read_text())
    assert config["scrape_configs"][0].pop("kubernetes_sd_configs")[0]["role"] == "pod"
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    result = promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_its_place_in_the_runbook() -> None:
    headings = re.findall(r"(?m)^## (\w+)$", (ROOT / "docs" / "runbook.md").read_text())
    assert [rule["annotations"]["runbook"] for rule in alerts()] == [
        f"docs/runbook.md#{rule['alert'].lower()}" for rule in alerts()
    ]
    assert headings == [rule["alert"] for rule in alerts()]


def test_the_dashboards_are_what_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_dashboards", MONITORING / "make_dashboards.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["make_dashboards"] = module
    spec.loader.exec_module(module)
    written = {path.name: path.read_text() for path in (MONITORING / "grafana").glob("*.json")}
    assert written == module.files()


def test_rules_and_dashboards_name_only_metrics_of_ours_that_are_declared() -> None:
    texts = [path.read_text() for path in (MONITORING / "rules.yml", *(MONITORING / "grafana").glob("*.json"))]
    named = {name for text in texts for name in re.findall(r"ray_redwell_\w+", text)}
    declared = {metric.exported for metric in CATALOGUE}
    base = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    assert base <= declared
    assert declared - base == set(), "a metric that nobody looks at"
    documented = (ROOT / "docs" / "monitoring.md").read_text()
    assert [metric.name for metric in CATALOGUE if metric.exported not in documented] == []


def test_panels_do_not_lie_on_each_other() -> None:
    for path in (MONITORING / "grafana").glob("*.json"):
        places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in json.loads(path.read_text())["panels"]]
        assert len(places) == len(set(places))
