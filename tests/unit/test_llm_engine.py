"""What vLLM is started with."""

import json
import os

import pytest

from rag.errors import ConfigurationError
from rag.runtime.llm_engine import IN_ENGINE, engine_plan
from rag.settings import load


def test_the_cpu_engine_binds_cores_and_asks_for_one_cpu_bundle(tmp_path):
    plan = engine_plan(load("cpu").llm, str(tmp_path))
    assert plan.bundles == [{"CPU": 1}]
    assert plan.environment["VLLM_CPU_OMP_THREADS_BIND"] == "0-1"
    assert plan.environment["HF_HUB_OFFLINE"] == "1"
    assert "tensor_parallel_size" not in plan.arguments


def test_several_workers_on_cpus_are_told_to_vllm(tmp_path):
    own = load("cpu", overrides={"llm": {"tensor_parallel": 2, "cpu_bind": "0|1"}}).llm
    plan = engine_plan(own, str(tmp_path))
    assert (plan.arguments["tensor_parallel_size"], plan.bundles) == (2, [{"CPU": 1}] * 2)
    assert plan.environment["VLLM_CPU_OMP_THREADS_BIND"] == "0|1"


def test_a_cpu_engine_looks_up_what_the_prompt_holds_already_and_a_gpu_does_not(tmp_path):
    own = load("cpu").llm
    found = engine_plan(own, str(tmp_path)).arguments["speculative_config"]
    assert (found["method"], found["num_speculative_tokens"]) == ("ngram", 4)
    assert found["num_speculative_tokens_per_batch_size"] == [(1, 4, 4), (5, own.scaling.max_ongoing_requests, 2)]
    assert "speculative_config" not in engine_plan(load("gpu").llm, "x").arguments


def test_instructions_fit_into_whole_blocks_of_a_cpu_engines_cache(tmp_path):
    assert engine_plan(load("cpu").llm, str(tmp_path)).arguments["block_size"] == 32
    assert "block_size" not in engine_plan(load("gpu").llm, "x").arguments
    for profile in ("cpu", "gpu"):
        own = load(profile, overrides={"llm": {"block_size": 64}}).llm
        assert engine_plan(own, "x").arguments["block_size"] == 64


def test_how_many_tokens_are_looked_up_is_a_setting(tmp_path):
    assert "speculative_config" not in engine_plan(speculating(0), str(tmp_path)).arguments
    few = engine_plan(speculating(6, max_ongoing_requests=4), str(tmp_path)).arguments["speculative_config"]
    assert (few["num_speculative_tokens"], "num_speculative_tokens_per_batch_size" in few) == (6, False)
    card = load("gpu", overrides={"llm": {"speculative_tokens": 5}}).llm
    found = engine_plan(card, "x").arguments["speculative_config"]
    assert (found["num_speculative_tokens"], "num_speculative_tokens_per_batch_size" in found) == (5, False)


def speculating(tokens, **scaling):
    return load("cpu", overrides={"llm": {"speculative_tokens": tokens, "scaling": scaling}}).llm


def test_vllm_takes_what_it_is_told_about_looking_up(tmp_path):
    from vllm.v1.spec_decode.dynamic.utils import build_dynamic_sd_schedule_lookup

    found = engine_plan(load("cpu").llm, str(tmp_path)).arguments["speculative_config"]
    by_batch = build_dynamic_sd_schedule_lookup(found["num_speculative_tokens_per_batch_size"], 32, 4)
    assert by_batch[1:] == [4] * 4 + [2] * 28


def test_an_engine_on_a_cpu_has_our_worker(tmp_path):
    assert engine_plan(load("cpu").llm, str(tmp_path)).arguments["worker_cls"] == "rag.runtime.llm_worker.Worker"
    assert "worker_cls" not in engine_plan(load("gpu").llm, "x").arguments


@pytest.mark.parametrize(
    ("profile", "has", "wanted"), [("cpu", True, "bfloat16"), ("cpu", False, "float32"), ("gpu", False, "bfloat16")]
)
def test_a_processor_without_bfloat16_calculates_in_float32(monkeypatch, profile, has, wanted):
    monkeypatch.setattr("rag.runtime.processor.multiplies_bfloat16", lambda: has)
    assert engine_plan(load(profile).llm, "x").arguments["dtype"] == wanted


def test_the_precision_of_the_weights_is_a_setting(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.runtime.processor.multiplies_bfloat16", lambda: False)
    for dtype in ("float32", "bfloat16"):
        own = load("cpu", overrides={"llm": {"dtype": dtype}}).llm
        assert engine_plan(own, str(tmp_path)).arguments["dtype"] == dtype


def test_what_is_compiled_for_a_cpu_is_kept_for_the_next_start(tmp_path, monkeypatch):
    own = load("cpu", overrides={"llm": {"eager": False}}).llm
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    plan = engine_plan(own, "x", cache_dir=tmp_path)
    assert plan.arguments["enforce_eager"] is False
    assert plan.environment["TORCHINDUCTOR_CACHE_DIR"] == f"{tmp_path}/compiled"
    assert "TORCHINDUCTOR_CACHE_DIR" not in engine_plan(load("cpu").llm, "x", cache_dir=tmp_path).environment
    assert "TORCHINDUCTOR_CACHE_DIR" not in engine_plan(load("gpu").llm, "x", cache_dir=tmp_path).environment


def test_compiling_for_a_cpu_takes_a_compiler(tmp_path, monkeypatch):
    own = load("cpu", overrides={"llm": {"eager": False}}).llm
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ConfigurationError, match="no-such-compiler") as raised:
        engine_plan(own, "x", cache_dir=tmp_path)
    assert "llm.eager" in raised.value.remedy


def test_tensor_parallel_asks_for_one_bundle_a_worker():
    plan = engine_plan(load("cluster").llm, "Qwen/Qwen3-32B")
    assert plan.bundles == [{"CPU": 1, "GPU": 1}] * 4
    assert plan.arguments["tensor_parallel_size"] == 4
    assert "HF_HUB_OFFLINE" not in plan.environment


def test_a_fraction_of_a_card_is_told_to_vllm():
    assert engine_plan(load("gpu").llm, "x").environment["VLLM_RAY_PER_WORKER_GPUS"] == "0.6"


def adapter(folder, rank):
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    return str(folder)


def test_adapters_are_told_to_vllm(tmp_path):
    found = {"contracts": adapter(tmp_path / "a", 16), "letters": "someone/letters"}
    plan = engine_plan(load("cpu").llm, str(tmp_path), found)
    assert plan.arguments["enable_lora"]
    assert [plan.arguments[f"max_{name}"] for name in ("loras", "cpu_loras", "lora_rank")] == [2, 2, 16]
    assert plan.adapters == found
    assert "HF_HUB_OFFLINE" not in plan.environment
    assert "enable_lora" not in engine_plan(load("cpu").llm, str(tmp_path)).arguments


def test_many_adapters_take_turns_on_a_card(tmp_path):
    found = {f"adapter{number}": "someone/else" for number in range(20)}
    arguments = engine_plan(load("gpu").llm, "x", found).arguments
    assert [arguments[f"max_{name}"] for name in ("loras", "cpu_loras")] == [8, 20]
    assert arguments["gpu_memory_utilization"] == 0.55


def test_an_adapter_that_the_engine_cannot_take_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="'big' has rank 64, and its engine takes 16") as caught:
        engine_plan(load("cpu").llm, str(tmp_path), {"big": adapter(tmp_path / "big", 64)})
    assert "lora_rank" in caught.value.remedy
    with pytest.raises(ConfigurationError, match="holds no LoRA adapter"):
        engine_plan(load("cpu").llm, str(tmp_path), {"none": str(tmp_path)})


def bound_to(cpus, **more):
    own = load("cpu").llm
    return engine_plan(own.model_copy(update={"cpu_bind": cpus, **more}), "x")


@pytest.mark.parametrize(
    ("cpus", "number", "places"), [("0-1", "2", "{0,1}"), ("3", "1", "{3}"), ("4,0-2,1", "4", "{0,1,2,4}")]
)
def test_a_model_on_a_cpu_runs_in_its_engines_process_bound_to_its_cpus(cpus, number, places):
    plan = bound_to(cpus)
    assert plan.arguments["distributed_executor_backend"] == IN_ENGINE
    assert plan.threads == {"OMP_NUM_THREADS": number, "OMP_PLACES": places, "OMP_PROC_BIND": "true"}


@pytest.mark.parametrize("cpus", ["auto", "nobind", "3-1"])
def test_what_only_vllm_resolves_is_left_to_its_own_executor(cpus):
    plan = bound_to(cpus)
    assert "distributed_executor_backend" not in plan.arguments
    assert plan.threads == {}
    assert plan.environment["VLLM_CPU_OMP_THREADS_BIND"] == cpus


def test_several_workers_have_processes_of_their_own():
    assert "distributed_executor_backend" not in bound_to("0|1", tensor_parallel=2).arguments
    assert "distributed_executor_backend" not in bound_to("0-1", pipeline_parallel=2).arguments
    assert "distributed_executor_backend" not in engine_plan(load("gpu").llm, "x").arguments


def test_only_an_engine_that_starts_sees_what_its_threads_are_bound_to(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_PLACES", raising=False)
    plan = bound_to("0-1")

    def start():
        with plan.starting():
            assert (os.environ["OMP_NUM_THREADS"], os.environ["OMP_PLACES"]) == ("2", "{0,1}")
            raise RuntimeError("the engine did not start")

    with pytest.raises(RuntimeError, match="did not start"):
        start()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OMP_PLACES" not in os.environ
