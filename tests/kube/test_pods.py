"""What every pod promises: nobody's root, a read-only disk, limits, secrets by reference, images with a tag."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.kube.manifests import OVERLAYS, RENDERED, ROOT, all_pods, of_kind, render

SECRET = re.compile(r"KEY|TOKEN|PASSWORD|SECRET|STORAGE__DATABASE")


def containers(folder: str) -> list[dict[str, Any]]:
    return [c for _, _, spec in all_pods(folder) for c in (*spec["containers"], *spec.get("initContainers", []))]


@pytest.mark.parametrize("folder", RENDERED)
def test_no_pod_runs_as_root_or_with_more_than_it_needs(folder: str) -> None:
    assert all_pods(folder)
    for kind, _, spec in all_pods(folder):
        context = spec["securityContext"]
        assert context["runAsNonRoot"] is True, kind
        assert context["runAsUser"] > 0, kind
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, kind
        for container in spec["containers"]:
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, container["name"]
            assert own["readOnlyRootFilesystem"] is True, container["name"]
            assert own["capabilities"] == {"drop": ["ALL"]}, container["name"]


@pytest.mark.parametrize("folder", RENDERED)
def test_only_the_head_with_an_autoscaler_gets_a_kubernetes_token(folder: str) -> None:
    with_token = [
        [c["name"] for c in spec["containers"]]
        for _, _, spec in all_pods(folder)
        if spec.get("automountServiceAccountToken") is not False
    ]
    assert all(names == ["ray-head"] for names in with_token)


@pytest.mark.parametrize("folder", RENDERED)
def test_what_is_mounted_is_there_and_what_must_be_written_is_mounted(folder: str) -> None:
    claims = {m["metadata"]["name"] for m in of_kind(folder, "PersistentVolumeClaim")}
    for manifest in render(folder):
        own = {c["metadata"]["name"] for c in manifest.get("spec", {}).get("volumeClaimTemplates", [])}
        for _, spec in ((0, s) for k, _, s in all_pods(folder) if k == manifest["kind"]):
            volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
            for container in spec["containers"]:
                mounts = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
                assert set(mounts.values()) <= set(volumes) | own | {"data"}, container["name"]
                if container["image"].startswith("redwell"):
                    assert {"/tmp", "/home/redwell"} <= set(mounts), container["name"]
            named = {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "persistentVolumeClaim" in v}
            assert named <= claims


@pytest.mark.parametrize("folder", RENDERED)
def test_every_container_asks_for_what_it_takes(folder: str) -> None:
    for container in containers(folder):
        resources = container["resources"]
        assert {"cpu", "memory"} <= set(resources["requests"]), container["name"]
        assert "memory" in resources["limits"], container["name"]
        gpu = resources["requests"].get("nvidia.com/gpu")
        assert gpu == resources["limits"].get("nvidia.com/gpu"), container["name"]


@pytest.mark.parametrize("folder", RENDERED)
def test_secrets_are_named_and_documented_and_never_held(folder: str) -> None:
    documented = (ROOT / "docs" / "cluster.md").read_text()
    assert of_kind(folder, "Secret") == []
    for container in containers(folder):
        for variable in container.get("env", []):
            if SECRET.search(variable["name"]):
                reference = variable["valueFrom"]["secretKeyRef"]
                assert "value" not in variable
                assert f"`{reference['name']}` | `{reference['key']}`" in documented
    for settings in of_kind(folder, "ConfigMap"):
        assert [key for key in settings["data"] if SECRET.search(key)] == []


@pytest.mark.parametrize("folder", RENDERED)
def test_images_have_a_tag_that_is_not_latest(folder: str) -> None:
    for container in containers(folder):
        assert re.fullmatch(r".+:(?!latest$)[\w.-]+", container["image"]), container["image"]


@pytest.mark.parametrize("folder", OVERLAYS)
def test_what_answers_http_has_probes(folder: str) -> None:
    """Ray's containers get KubeRay's own probes."""
    for container in containers(folder):
        if not container["name"].startswith("ray-"):
            assert {"readinessProbe", "livenessProbe"} <= set(container), container["name"]
