"""Every Generator: pieces as they are made, the last with its reason and usage."""

from __future__ import annotations

import pytest

from rag.adapters.generate_openai import OpenAIGenerator
from rag.errors import CircuitOpen, Unavailable
from rag.fakes import FakeGenerator
from rag.model import Message
from rag.remote import remote_services
from rag.rollouts.choose import in_charge
from rag.sections.language_models import Llm
from rag.settings import Settings
from tests.endpoints import KEY

PROMPT = [Message("system", "Be brief."), Message("user", "<passage>\nThe rent is due. Then more.\n</passage>\nRent?")]


class NoTransport:
    async def call(self, method, *args, seconds):
        raise AssertionError(f"{method} of a deployment was called")

    async def stream(self, method, *args, seconds):
        for word in ("own", " model"):
            yield word, None, 0, 0
        yield "", "stop", 7, 2


@pytest.fixture(params=["fake", "endpoint"])
def generator(request):
    if request.param == "fake":
        return FakeGenerator()
    return OpenAIGenerator(request.getfixturevalue("endpoints").url, model="m", api_key=KEY)


async def test_pieces_make_the_text_and_the_last_one_tells_why_and_what_it_cost(generator):
    tokens = [token async for token in generator.stream(PROMPT, max_tokens=50)]
    assert "".join(token.text for token in tokens) == "The rent is due."
    assert len([token for token in tokens if token.text]) == 4
    assert [token.finish_reason for token in tokens if token.finish_reason] == ["stop"]
    [usage] = [token.usage for token in tokens if token.usage]
    assert usage.completion_tokens == 4


async def test_it_ends_after_so_many_tokens(generator):
    tokens = [token.text async for token in generator.stream(PROMPT, max_tokens=2)]
    assert "".join(tokens) == "The rent"


async def test_an_endpoint_that_is_away_is_not_asked_every_time():
    generator = OpenAIGenerator("http://127.0.0.1:9/v1", model="m", retries=0)
    raised = []
    for _ in range(7):
        with pytest.raises(Unavailable) as caught:
            [_ async for _ in generator.stream(PROMPT, max_tokens=5)]
        raised.append(type(caught.value))
    assert raised == [Unavailable] * 5 + [CircuitOpen] * 2


async def test_an_endpoint_that_refuses_a_request_is_not_away(endpoints):
    generator = OpenAIGenerator(endpoints.url, model="m", api_key="another", retries=0)
    for _ in range(7):
        with pytest.raises(Unavailable) as caught:
            [_ async for _ in generator.stream(PROMPT, max_tokens=5)]
        assert type(caught.value) is Unavailable


async def test_what_an_endpoint_is_asked(endpoints):
    generator = OpenAIGenerator(endpoints.url, model="m", api_key=KEY)
    schema = {"type": "object"}
    [_ async for _ in generator.stream(PROMPT, max_tokens=5, stop=("\n\n",), schema=schema)]
    [body] = endpoints.bodies
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (body["max_tokens"], body["temperature"], body["stop"]) == (5, 0.0, ["\n\n"])
    assert body["response_format"]["json_schema"]["schema"] == schema


@pytest.mark.parametrize("away", ["503", "401", "nobody"])
async def test_an_endpoint_that_does_not_answer_is_unavailable(endpoints, away):
    endpoints.away = away == "503"
    url = "http://127.0.0.1:9/v1" if away == "nobody" else endpoints.url
    generator = OpenAIGenerator(url, model="m", api_key=KEY if away == "503" else "", retries=0)
    with pytest.raises(Unavailable):
        [_ async for _ in generator.stream(PROMPT, max_tokens=5)]


async def test_the_services_of_the_settings_fall_back_to_their_own_model(endpoints, tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        llm=Llm(base_url=endpoints.url, api_key=KEY, name="big", fallback="own", away_after=2, away_seconds=60),
        models={"own": {"max_model_len": 2048}, "other": {"base_url": endpoints.url}},
    )
    names = ("reader", "ocr", "entities", "classifier", "embedder", "retriever", "llm-own")
    services = remote_services(settings, dict.fromkeys(names, NoTransport()))
    await services.state.database.connect()
    endpoints.says = "from afar"

    async def ask():
        generator = (await in_charge(services)).generator
        text = "".join([token.text async for token in generator.stream(PROMPT, max_tokens=9)])
        return generator.model, text

    assert await ask() == ("big", "from afar")
    endpoints.away = True
    asked = len(endpoints.bodies)
    assert [await ask() for _ in range(4)] == [("own", "own model")] * 4
    assert len(endpoints.bodies) == asked + 2
    assert set(services.models.named) == {"own", "other"}


async def test_an_adapter_is_asked_for_by_name_on_the_engine_of_its_model(tmp_path):
    asked = []

    class Recorded(NoTransport):
        def __init__(self, engine):
            self.engine = engine

        async def stream(self, method, *args, seconds):
            asked.append((self.engine, args[5:]))
            yield "own", "stop", 7, 1

    settings = Settings(
        data_dir=tmp_path,
        llm=Llm(max_model_len=3000),
        models={"a": {"lora": "x/a"}, "big": {}, "b": {"lora": "x/b", "base": "big"}},
    )
    names = ("reader", "ocr", "entities", "classifier", "embedder", "retriever", "llm", "llm-big")
    services = remote_services(settings, {name: Recorded(name) for name in names})
    for generator in (services.generator, *services.models.named.values()):
        [_ async for _ in generator.stream(PROMPT, max_tokens=5)]
    assert asked == [("llm", ()), ("llm", ("a",)), ("llm-big", ()), ("llm-big", ("b",))]
    assert [one.context_tokens for one in services.models.named.values()] == [3000, 4096, 4096]
