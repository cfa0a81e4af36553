"""When a rollout of an answering model goes on, ends or stops."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from rag.errors import InvalidInput
from rag.rollouts.judge import FAILED, Count, Guard, Mode, Rollout, Status, Verdict, bucket_of, judge, worse

BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
GUARD = Guard(requests=20, seconds=60)
LATER = BEGAN + timedelta(seconds=61)


def rollout(step=0, *, mode=Mode.GRADUAL, status=Status.RUNNING, guard=GUARD):
    return Rollout("r", "new", "old", mode, status, step, guard, BEGAN, BEGAN)


def counted(good, failed=0, *, seconds=1.0):
    return Count({bucket_of(seconds): good, FAILED: failed})


def test_a_share_only_grows():
    takers = [{key for key in map(str, range(2000)) if rollout(step).takes(key)} for step in range(4)]
    assert [len(one) for one in takers] == sorted(len(one) for one in takers)
    assert all(low < high for low, high in itertools.pairwise(takers))
    assert 150 < len(takers[1]) < 250
    assert len(takers[3]) == 2000


def test_a_shadow_and_a_stopped_one_answer_nobody():
    still = [rollout(3, mode=Mode.SHADOW), rollout(3, status=Status.STOPPED)]
    assert [one.takes(str(key)) for one in still for key in range(50)] == [False] * 100


def test_a_step_needs_its_answers_and_its_time():
    enough = counted(100), counted(20)
    assert judge(rollout(), *enough, in_step=19, now=LATER) is None
    assert judge(rollout(), *enough, in_step=20, now=BEGAN + timedelta(seconds=59)) is None
    assert judge(rollout(), *enough, in_step=20, now=LATER) == Verdict(Status.RUNNING, 1)


def test_the_last_step_promotes():
    found = judge(rollout(3), counted(100), counted(200), in_step=20, now=LATER)
    assert found is not None
    assert (found.status, found.step) == (Status.PROMOTED, 3)


def test_a_split_goes_on_until_it_is_stopped():
    assert judge(rollout(mode=Mode.SPLIT), counted(100), counted(900), in_step=900, now=LATER) is None
    assert judge(rollout(mode=Mode.SPLIT), counted(100), counted(6, 3), in_step=9, now=BEGAN) is not None


def test_every_third_failure_stops_it_at_the_third():
    assert worse(GUARD, counted(50), counted(4, 2)) == ""
    assert "3 of 9 answers" in worse(GUARD, counted(50), counted(6, 3))


def test_failures_that_the_stable_model_has_too_do_not_stop_it():
    assert worse(GUARD, counted(60, 30), counted(60, 31)) == ""


def test_few_failures_among_many_answers_are_borne():
    assert worse(GUARD, counted(1000), counted(997, 3)) == ""


def test_slower_answers_stop_it_once_both_have_enough():
    assert worse(GUARD, counted(20), counted(19, seconds=4.0)) == ""
    assert "takes" in worse(GUARD, counted(20), counted(20, seconds=4.0)).replace("take over", "takes")
    assert worse(GUARD, counted(20), counted(20, seconds=1.5)) == ""


def test_a_quantile_is_told_to_a_quarter():
    count = Count({bucket_of(1.0): 90, bucket_of(8.0): 10, FAILED: 5})
    assert (count.requests, count.failures) == (105, 5)
    middle, slow = count.seconds(0.5), count.seconds(0.95)
    assert middle is not None
    assert slow is not None
    assert 0.8 < middle < 1.25
    assert 6.4 < slow < 10
    assert Count({FAILED: 3}).seconds(0.5) is None


@pytest.mark.parametrize("steps", [(), (0.5, 0.1), (0.0, 1.0), (0.5, 1.5)])
def test_steps_are_rising_shares(steps):
    with pytest.raises(InvalidInput):
        Guard(steps=steps)
