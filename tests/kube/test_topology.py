"""The parts fit together: selectors find pods, policies cover them, Ray is set up as KubeRay needs it."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
import yaml

from tests.kube.manifests import OVERLAYS, RENDERED, ROOT, all_pods, of_kind, render

RAY_NODE = "ray.io/node-type"
"""A label that KubeRay adds: head or worker."""


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    wanted = {k: v for k, v in selector.get("matchLabels", {}).items() if k != RAY_NODE}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", []))


def labels_of(folder: str) -> list[dict[str, str]]:
    return [labels for kind, labels, _ in all_pods(folder) if kind != "InferenceService"]


@pytest.mark.parametrize("folder", [*OVERLAYS, "jobs"])
def test_policies_and_budgets_select_pods(folder: str) -> None:
    pods = labels_of(folder)
    for manifest in render(folder):
        if manifest["kind"] in ("NetworkPolicy", "PodDisruptionBudget"):
            selector = manifest["spec"].get("podSelector") or manifest["spec"].get("selector")
            assert any(matches(selector, labels) for labels in pods), manifest["metadata"]["name"]
        if manifest["kind"] == "Service":
            selector = {"matchLabels": manifest["spec"]["selector"]}
            assert any(matches(selector, labels) for labels in pods), manifest["metadata"]["name"]


@pytest.mark.parametrize("folder", OVERLAYS)
def test_traffic_is_denied_unless_a_policy_names_it(folder: str) -> None:
    policies = of_kind(folder, "NetworkPolicy")
    for labels in labels_of(folder):
        covering = [p for p in policies if matches(p["spec"]["podSelector"], labels)]
        types = {name for policy in covering for name in policy["spec"]["policyTypes"]}
        assert types == {"Ingress", "Egress"}, labels
    for policy in policies:
        for rule in policy["spec"].get("ingress", []):
            assert rule.get("from"), f"{policy['metadata']['name']} lets everybody in"


def ray_clusters(folder: str) -> list[dict[str, Any]]:
    fields = {"RayService": "rayClusterConfig", "RayJob": "rayClusterSpec"}
    found = [m["spec"][fields[m["kind"]]] for m in render(folder) if m["kind"] in fields]
    return found + [m["spec"] for m in of_kind(folder, "RayCluster")]


@pytest.mark.parametrize("folder", [*OVERLAYS, "jobs", "raycluster"])
def test_ray_is_set_up_as_it_must_be(folder: str) -> None:
    pins = dict(
        line.split("==") for line in (ROOT / "requirements" / "cpu.txt").read_text().split("\n") if "==" in line
    )
    for cluster in ray_clusters(folder):
        assert cluster["rayVersion"] == pins["ray"]
        assert cluster["authOptions"] == {"mode": "token", "secretName": "redwell-ray"}
        assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
        if cluster.get("enableInTreeAutoscaling"):
            assert cluster["autoscalerOptions"]["version"] == "v2"
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
            pod = group["template"]["spec"]
            assert pod["restartPolicy"] == "Never"
            assert pod["terminationGracePeriodSeconds"] >= 60


@pytest.mark.parametrize("folder", OVERLAYS)
def test_every_pod_of_ray_gets_the_same_settings(folder: str) -> None:
    """The application may be built on any of them, and is built from its environment."""
    for cluster in ray_clusters(folder):
        groups = [group["template"]["spec"]["containers"][0] for group in cluster["workerGroupSpecs"]]
        head = cluster["headGroupSpec"]["template"]["spec"]["containers"][0]
        assert [(one["env"], one["envFrom"]) for one in groups] == [(head["env"], head["envFrom"])] * len(groups)


@pytest.mark.parametrize("folder", OVERLAYS)
def test_names_leave_room_for_what_kuberay_adds(folder: str) -> None:
    for service in of_kind(folder, "RayService"):
        assert len(service["metadata"]["name"]) <= 47
        assert "headService" not in service["spec"]["rayClusterConfig"]["headGroupSpec"]


def test_production_survives_its_head_and_upgrades_beside_itself() -> None:
    [service] = of_kind("overlays/production", "RayService")
    cluster = service["spec"]["rayClusterConfig"]
    assert service["spec"]["upgradeStrategy"] == {"type": "NewCluster"}
    assert cluster["gcsFaultToleranceOptions"]["redisAddress"] == "redis://redwell-redis:6379"
    assert {m["metadata"]["name"] for m in of_kind("overlays/production", "PodDisruptionBudget")} == {
        "redwell-ui",
        "redwell-workers",
    }


def test_the_cluster_profile_fits_the_production_overlay() -> None:
    """vLLM's workers are packed onto one node (STRICT_PACK): a worker pod must have as many cards."""
    from rag.settings import load

    own = load("cluster").llm
    [service] = of_kind("overlays/production", "RayService")
    gpu = service["spec"]["rayClusterConfig"]["workerGroupSpecs"][1]
    [container] = gpu["template"]["spec"]["containers"]
    cards = int(container["resources"]["limits"]["nvidia.com/gpu"])
    assert cards == int(gpu["rayStartParams"]["num-gpus"])
    assert own.tensor_parallel * own.pipeline_parallel * own.scaling.gpus <= cards


def test_small_models_leave_the_engine_its_nodes() -> None:
    """Every custom resource that a deployment asks for is on a group with cards, and not on the engine's."""
    from rag.settings import load

    [service] = of_kind("overlays/production", "RayService")
    engine, small = service["spec"]["rayClusterConfig"]["workerGroupSpecs"][1:]
    [application] = yaml.safe_load(service["spec"]["serveConfigV2"])["applications"]
    settings = load(application["args"]["profile"], overrides=application["args"]["config"])
    scalings = [settings.entities.scaling, settings.classifying.scaling]
    scalings += [settings.embedding.scaling, settings.retrieval.scaling]
    offered = json.loads(json.loads(small["rayStartParams"]["resources"]))
    assert all(scaling.gpus > 0 and set(scaling.resources) <= set(offered) for scaling in scalings)
    assert "resources" not in engine["rayStartParams"]
    cards = small["minReplicas"] * int(small["rayStartParams"]["num-gpus"])
    assert sum(scaling.gpus * scaling.min_replicas for scaling in scalings) <= cards


@pytest.mark.parametrize("folder", RENDERED)
def test_everything_of_a_folder_is_in_one_namespace(folder: str) -> None:
    spaces = {m["metadata"].get("namespace", m["metadata"]["name"]) for m in render(folder)}
    assert len(spaces) == 1


def test_the_jobs_run_what_is_packaged() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    [job] = of_kind("jobs", "RayJob")
    assert job["spec"]["entrypoint"].startswith("python -m ingestion ")
    assert "ingestion*" in packages
