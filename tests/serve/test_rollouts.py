"""A rollout on the real stack, to an endpoint that fails every third request."""

from __future__ import annotations

import pytest

QUESTION = "What is the monthly rent of 18 Harbour Street?"


@pytest.fixture
def failing(elsewhere):
    elsewhere.fails_every, elsewhere.chats = 3, 0
    yield elsewhere
    elsewhere.fails_every = 0


def test_a_model_that_fails_every_third_request_is_stopped_and_nobody_sees_it(client, library, failing, stack):
    if not stack.pid:
        pytest.skip("the stack of REDWELL_TEST_URL has no model 'elsewhere'")
    started = client.start_rollout("elsewhere", steps=[0.5, 1.0], requests=20, seconds=0)
    answers = [client.ask(QUESTION, session=f"person {number}") for number in range(30)]
    found = client.rollout(started.id)
    assert (found.status, found.arms.candidate.failures) == ("stopped", 3)
    assert found.arms.candidate.requests == failing.chats == 9
    assert {bool(answer.citations) for answer in answers} == {True}
    assert sum(answer.model == "elsewhere" for answer in answers) == 6
    assert client.rollouts().standing is None
