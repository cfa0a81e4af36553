"""A model that is away, and the one that answers meanwhile."""

from dataclasses import dataclass, field

import pytest

from rag.errors import InvalidInput, Unavailable
from rag.fakes import FakeGenerator
from rag.model import Message, Token
from rag.runtime.circuit import Circuit
from rag.runtime.fallback import FallbackGenerator


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scripted:
    """Fails as often as `failures` says, after so many `words`."""

    failures: int
    words: int = 0
    model: str = "remote"
    context_tokens: int = 4096
    error: Exception = field(default_factory=lambda: Unavailable("away"))
    asked: int = 0

    async def stream(self, messages, **options):
        self.asked += 1
        for _ in range(self.words):
            yield Token("word ")
        if self.asked <= self.failures:
            raise self.error
        yield Token("remote", "stop")


async def said(generator, **options):
    return "".join([token.text async for token in generator.stream([Message("user", "?")], max_tokens=9, **options)])


async def test_while_the_remote_model_is_away_the_own_one_answers_and_the_remote_is_left_alone():
    clock, remote = Clock(), Scripted(failures=3)
    shared = FallbackGenerator(
        remote, FakeGenerator(says="own"), Circuit("remote", failures=3, open_seconds=30, clock=clock)
    )
    requests = [shared.for_request() for _ in range(6)]
    assert [await said(one) for one in requests[:5]] == ["own"] * 5
    assert remote.asked == 3
    clock.now = 31
    assert await said(requests[5]) == "remote"
    assert [one.model for one in (requests[0], requests[4], requests[5])] == ["fake-model", "fake-model", "remote"]


async def test_what_has_begun_is_not_begun_again():
    generator = FallbackGenerator(Scripted(1, words=2), FakeGenerator(says="own"), Circuit("remote", failures=3))
    with pytest.raises(Unavailable):
        await said(generator)


async def test_a_wrong_request_is_no_failure_of_the_model():
    remote = Scripted(9, error=InvalidInput("too long"))
    circuit = Circuit("remote", failures=1)
    with pytest.raises(InvalidInput):
        await said(FallbackGenerator(remote, FakeGenerator(), circuit))
    assert not circuit.open


async def test_a_request_that_is_left_lets_the_next_one_try():
    clock, remote = Clock(), Scripted(failures=1, words=1)
    circuit = Circuit("remote", failures=1, open_seconds=5, clock=clock)
    generator = FallbackGenerator(remote, FakeGenerator(says="own"), circuit)
    with pytest.raises(Unavailable):
        await said(generator)
    clock.now = 6
    stream = generator.stream([Message("user", "?")], max_tokens=9)
    assert (await anext(stream)).text == "word "
    await stream.aclose()
    assert await said(generator) == "word remote"
