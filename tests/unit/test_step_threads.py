"""How many threads a step of the language model gets: what was quicker lately, never for long what is slower."""

from rag.runtime.step_threads import FEWEST, REMEMBERED, SMALL_STEP, TRY_AGAIN, StepThreads


def steps(threads: StepThreads, number: int, tokens: int, seconds: dict[int, float]) -> list[int]:
    """What was chosen in `number` steps that take `seconds` by how many threads they get."""
    chosen = []
    for _ in range(number):
        chosen.append(threads.choose(tokens))
        threads.took(tokens, chosen[-1], seconds[chosen[-1]])
    return chosen


def test_both_ways_are_tried_and_the_quicker_one_is_kept():
    for quicker, seconds in ((1, {1: 0.02, 2: 0.03}), (2, {1: 0.03, 2: 0.02})):
        threads = StepThreads(2)
        first = steps(threads, 2 * FEWEST, 1, seconds)
        assert sorted(first) == [1] * FEWEST + [2] * FEWEST
        assert set(steps(threads, TRY_AGAIN - 1, 1, seconds)) == {quicker}


def test_the_slower_way_is_tried_now_and_then_and_wins_when_the_machine_changed():
    threads = StepThreads(2)
    steps(threads, 100, 1, {1: 0.02, 2: 0.03})
    changed = steps(threads, 10 * TRY_AGAIN, 1, {1: 0.06, 2: 0.03})
    assert changed[-1] == 2
    assert changed.count(1) < 10 * REMEMBERED


def test_one_disturbed_step_changes_nothing():
    threads = StepThreads(2)
    seconds = {1: 0.02, 2: 0.03}
    steps(threads, 2 * FEWEST, 1, seconds)
    assert steps(threads, 1, 1, {1: 5.0, 2: 5.0}) == [1]
    assert set(steps(threads, 20, 1, seconds)) == {1}


def test_sizes_are_judged_by_themselves():
    threads = StepThreads(2)
    steps(threads, 40, 1, {1: 0.02, 2: 0.03})
    steps(threads, 40, 5, {1: 0.05, 2: 0.03})
    assert (threads.choose(1), threads.choose(5)) == (1, 2)


def test_what_is_large_gets_all_threads():
    threads = StepThreads(4)
    assert set(steps(threads, 40, SMALL_STEP + 1, {1: 0.02, 4: 0.03})) == {4}


def test_workers_that_wait_for_each_other_have_all_threads():
    assert set(steps(StepThreads(2, workers=2), 40, 1, {1: 0.02, 2: 0.03})) == {2}


def test_with_one_thread_there_is_nothing_to_choose():
    assert set(steps(StepThreads(1), 40, 1, {1: 0.02})) == {1}
