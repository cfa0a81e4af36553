"""One answering model gives way to another, over the API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from rag.api import create_app
from rag.errors import Conflict, Unavailable
from rag.fakes import FakeGenerator
from rag.model import Token
from rag.rollouts import choose
from rag.rollouts.judge import Guard, Mode, Status
from rag.rollouts.models import AnsweringModels, shared_words
from rag.sections.language_models import Llm, Trial
from tests.unit.app.conftest import add, index, work

QUESTION = "What is the monthly rent?"


@dataclass
class EveryThird(FakeGenerator):
    model: str = "new-model"
    asked: int = 0

    async def stream(self, messages, **options):
        self.asked += 1
        if self.asked % 3 == 0:
            raise Unavailable("The new model failed.")
        async for token in super().stream(messages, **options):
            yield token


@pytest.fixture
async def ready(services):
    await add(services)
    await work(services)
    return await index(services)


def with_model(services, generator):
    return replace(services, models=AnsweringModels({"new": generator}))


@pytest.fixture
async def client(ready):
    import httpx

    def over(services):
        transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://redwell")

    return over


async def ask(http, session=None, model=None):
    body = {"question": QUESTION, "session": session, "model": model}
    return await http.post("/v1/ask", json=body)


async def test_a_model_that_fails_every_third_request_stops_by_itself_and_nobody_sees_it(ready, client):
    new = EveryThird()
    async with client(with_model(ready, new)) as http:
        asked = {"model": "new", "steps": [0.1, 0.5, 1.0], "requests": 20, "seconds": 0}
        assert (await http.post("/v1/rollouts", json=asked)).status_code == 201
        replies = []
        while new.asked < 9:  # a tenth of the sessions, drawn anew by each rollout
            replies.append(await ask(http, f"session {len(replies)}"))
            assert len(replies) < 1000
        replies += [await ask(http, f"after {number}") for number in range(20)]
        record = (await http.get("/v1/rollouts")).json()
    [rollout] = record["rollouts"]
    assert (rollout["status"], rollout["weight"], record["standing"]) == ("stopped", 0.0, None)
    assert rollout["arms"]["candidate"]["failures"] == 3
    assert rollout["arms"]["candidate"]["requests"] == new.asked == 9
    assert "3 of 9 answers of the candidate failed" in rollout["reason"]
    assert {reply.status_code for reply in replies} == {200}
    answers = [reply.json() for reply in replies]
    assert {answer["answer"] for answer in answers} == {answers[0]["answer"]}
    assert sum(answer["model"] == "new-model" for answer in answers) == 6
    assert [answer["model"] for answer in answers[-20:]] == ["fake-model"] * 20


async def test_a_good_model_goes_through_all_steps_and_is_in_charge_then(ready, client):
    async with client(with_model(ready, FakeGenerator(model="new-model"))) as http:
        await http.post("/v1/rollouts", json={"model": "new", "steps": [0.5, 1.0], "requests": 5, "seconds": 0})
        for number in range(40):
            assert (await ask(http, str(number))).status_code == 200
        record = (await http.get("/v1/rollouts")).json()
        assert (record["rollouts"][0]["status"], record["rollouts"][0]["step"]) == ("promoted", 1)
        assert (await ask(http)).json()["model"] == "new-model"
        stopped = (await http.post("/v1/rollouts/stop", json={})).json()
        assert (stopped["status"], stopped["reason"]) == ("stopped", "Stopped by hand.")
        assert (await ask(http)).json()["model"] == "fake-model"


async def test_a_session_stays_with_its_model(ready, client):
    async with client(with_model(ready, FakeGenerator(model="new-model"))) as http:
        await http.post("/v1/rollouts", json={"model": "new", "mode": "split", "steps": [0.5]})
        seen = {
            session: {(await ask(http, session)).json()["model"] for _ in range(4)} for session in map(str, range(30))
        }
    assert {len(models) for models in seen.values()} == {1}
    assert set.union(*seen.values()) == {"fake-model", "new-model"}


async def test_a_shadow_is_asked_and_not_heard(ready, client):
    new = EveryThird(says="The rent is unknown.")
    services = with_model(ready, new)
    async with client(services) as http:
        await http.post("/v1/rollouts", json={"model": "new", "mode": "shadow"})
        models = set()
        for number in range(4):
            models.add((await ask(http, str(number))).json()["model"])
            await services.models.settled()
        [rollout] = (await http.get("/v1/rollouts")).json()["rollouts"]
    assert models == {"fake-model"}
    assert rollout["arms"]["candidate"]["requests"] == 4
    assert rollout["arms"]["candidate"]["failures"] == 1
    assert 0 < rollout["agreement"] < 0.6


async def test_a_request_may_name_its_model(ready, client):
    async with client(with_model(ready, FakeGenerator(model="new-model"))) as http:
        assert (await ask(http, model="new")).json()["model"] == "new-model"
        assert (await ask(http)).json()["model"] == "fake-model"
        refused = await ask(http, model="none")
    assert refused.status_code == 422
    assert "Models: fake-model, new." in refused.json()["remedy"]


async def test_only_one_runs_at_a_time(ready):
    services = with_model(ready, FakeGenerator(model="new-model"))
    starts = [choose.start(services, "new", Mode.GRADUAL, Guard()) for _ in range(4)]
    done = await asyncio.gather(*starts, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "Conflict", "Conflict", "Rollout"]


async def test_the_trial_of_the_settings_begins_once(ready):
    own = ready.settings
    settings = own.model_copy(
        update={
            "models": {"new": Llm(base_url="http://x/v1")},
            "answering": own.answering.model_copy(update={"trial": Trial(model="new", mode="split", weight=0.2)}),
        }
    )
    services = replace(with_model(ready, FakeGenerator(model="new-model")), settings=settings)
    await choose.begin_trial(services)
    begun = await services.state.rollouts.standing()
    assert begun is not None
    assert (begun.mode, begun.guard.steps, begun.status) == (Mode.SPLIT, (0.2,), Status.RUNNING)
    await choose.stop(services, None, "enough")
    await choose.begin_trial(services)
    assert await services.state.rollouts.standing() is None
    with pytest.raises(Conflict):
        await choose.stop(services, begun.id, "again")


async def test_a_rollout_of_a_model_that_the_settings_lost_is_passed_over(ready, client):
    services = with_model(ready, FakeGenerator(model="new-model"))
    await choose.start(services, "new", Mode.SPLIT, Guard(steps=(1.0,)))
    async with client(ready) as http:
        assert (await ask(http)).json()["model"] == "fake-model"
    async with client(with_model(ready, FakeGenerator(model="new-model"))) as http:
        assert (await ask(http)).json()["model"] == "new-model"


def test_agreement_is_the_share_of_words():
    assert shared_words("The rent is 5.", "the RENT is 5") == 1.0
    assert shared_words("a b", "b c") == pytest.approx(1 / 3)
    assert shared_words("", "") == 1.0


async def test_what_was_begun_is_not_answered_twice(ready, client):
    class BreaksOff(FakeGenerator):
        async def stream(self, messages, **options):
            yield Token("The monthly")
            raise Unavailable("gone")

    async with client(with_model(ready, BreaksOff(model="new-model"))) as http:
        await http.post("/v1/rollouts", json={"model": "new", "mode": "split", "steps": [1.0]})
        reply = await ask(http)
    assert reply.status_code == 200
    assert reply.json()["draft"] == ""
