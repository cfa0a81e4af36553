"""Every manifest is what its API says: built-in kinds strictly, Ray's against KubeRay's definitions, Serve's config by key."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import kubernetes_validate
import pytest
import yaml
from pydantic import BaseModel, ValidationError
from ray.serve._private.api import call_user_app_builder_with_args_if_necessary

from rag.deploy import BuildArgs, build
from rag.errors import ConfigurationError
from rag.settings import load
from tests.kube.manifests import OVERLAYS, RENDERED, ROOT, Manifest, of_kind, render

BUILT_IN = ("v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1")
EDITION = kubernetes_validate.latest_version()


def built_in() -> dict[str, Manifest]:
    """Every distinct manifest of a built-in kind, whatever its namespace: each takes the validator most of a second."""
    found = {}
    for folder in RENDERED:
        for manifest in render(folder):
            if manifest["apiVersion"] in BUILT_IN:
                manifest["metadata"]["namespace"] = "redwell"
                found[json.dumps(manifest, sort_keys=True)] = manifest
    return found


def test_built_in_kinds_are_valid_and_hold_no_unknown_field() -> None:
    manifests = built_in().values()
    assert {manifest["kind"] for manifest in manifests} >= {"Deployment", "StatefulSet", "CronJob", "NetworkPolicy"}
    for manifest in manifests:
        assert kubernetes_validate.validate(manifest, EDITION, strict=True), manifest["metadata"]["name"]


def test_an_unknown_field_is_found() -> None:
    [first, *_] = of_kind("overlays/dev", "Deployment")
    first["spec"]["replcas"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(first, EDITION, strict=True)


@cache
def checker() -> tuple[ModuleType, Any]:
    """KubeRay's definitions and what checks against them."""
    folder = Path(os.environ.get("REDWELL_KUBE_CRDS", ROOT.parent / "shared" / "kube"))
    if not (folder / "validate.py").exists():
        pytest.skip(
            "KubeRay's definitions are not part of the project: REDWELL_KUBE_CRDS names a folder with validate.py"
        )
    spec = importlib.util.spec_from_file_location("kuberay_validate", folder / "validate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, module.load_crds()


@pytest.mark.parametrize("folder", [*OVERLAYS, "jobs", "raycluster"])
def test_ray_kinds_are_valid(folder: str) -> None:
    module, crds = checker()
    verdicts = [module.problems(crds, manifest) for manifest in render(folder)]
    assert [found for found in verdicts if found is not None] == [[]]


def serve_config(folder: str) -> dict[str, Any]:
    [service] = of_kind(folder, "RayService")
    return yaml.safe_load(service["spec"]["serveConfigV2"])


def unknown_keys(model: type[BaseModel], value: dict[str, Any], path: str = "") -> list[str]:
    """Keys that the model has no field for: Ray itself passes over them without a word."""
    found = [f"{path}{key}" for key in value if key not in model.model_fields]
    for name, field in model.model_fields.items():
        for inner in (field.annotation, *get_args(field.annotation)):
            nested = value.get(name)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                items = nested if isinstance(nested, list) else [nested]
                for item in items:
                    if isinstance(item, dict):
                        found += unknown_keys(inner, item, f"{path}{name}.")
    return found


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_serve_config_has_no_misspelt_key(folder: str) -> None:
    from ray.serve.schema import ServeDeploySchema

    config = serve_config(folder)
    assert unknown_keys(ServeDeploySchema, config) == []
    assert ServeDeploySchema.model_validate(config).applications[0].name == "redwell"


def test_a_misspelt_key_of_the_serve_config_is_found() -> None:
    from ray.serve.schema import ServeDeploySchema

    config = {"http_options": {"prot": 1}, "applications": [{"import_path": "a:b", "rout_prefix": "/"}]}
    assert unknown_keys(ServeDeploySchema, config) == ["http_options.prot", "applications.rout_prefix"]


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_application_can_be_imported_and_takes_its_arguments(folder: str) -> None:
    [application] = serve_config(folder)["applications"]
    module, _, name = application["import_path"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    args = BuildArgs(**application["args"])
    assert load(args.profile, overrides=args.config).server.host == "0.0.0.0"


@pytest.mark.parametrize("folder", OVERLAYS)
def test_without_keys_the_application_is_not_built_when_serve_asks_for_it(folder: str) -> None:
    [application] = serve_config(folder)["applications"]
    with pytest.raises(ConfigurationError, match="no API key"):
        call_user_app_builder_with_args_if_necessary(build, application["args"])


def test_misspelt_arguments_are_refused() -> None:
    with pytest.raises(ValidationError):
        call_user_app_builder_with_args_if_necessary(build, {"profil": "cpu"})
    with pytest.raises(ConfigurationError):
        load("cpu", overrides={"lmm": {}})


def environment(manifest: Manifest) -> dict[str, str]:
    return {key: value for key, value in manifest["data"].items() if key.startswith("REDWELL_")}


@pytest.mark.parametrize("folder", OVERLAYS)
def test_settings_in_the_config_map_are_settings(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [settings] = of_kind(folder, "ConfigMap")
    for key, value in environment(settings).items():
        monkeypatch.setenv(key, value)
    assert str(load("cluster").data_dir) == "/var/lib/redwell"
