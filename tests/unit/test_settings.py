"""Settings are typed, strict and read once."""

import pytest

from rag.errors import ConfigurationError
from rag.settings import load


def test_every_profile_loads():
    assert load("cpu").llm.scaling.gpus == 0
    assert load("gpu").entities.scaling.gpus == 0.1
    cluster = load("cluster")
    assert (cluster.llm.tensor_parallel, cluster.reading.ocr.max_replicas) == (4, 64)


def test_a_misspelt_key_is_named():
    with pytest.raises(ConfigurationError, match=r"llm\.modle"):
        load("cpu", overrides={"llm": {"modle": "x"}})


def test_an_unknown_profile_lists_the_known_ones():
    with pytest.raises(ConfigurationError) as caught:
        load("tpu")
    assert "cluster, cpu, gpu" in caught.value.remedy


def test_overrides_keep_their_neighbours_and_the_environment_wins(monkeypatch, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text("server: {port: 9000}\nllm: {name: site}\n")
    monkeypatch.setenv("REDWELL_SERVER__PORT", "9001")
    settings = load("cpu", file=file, overrides={"llm": {"answer_tokens": 7}})
    assert (settings.server.port, settings.llm.name, settings.llm.answer_tokens) == (9001, "site", 7)
    assert settings.server.host == "127.0.0.1"
