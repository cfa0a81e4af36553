"""Who decides for a document, and how two results differ."""

from rag.analysis.candidate import Change, Mode, Rollout, compare

IDS = [f"{number:032x}" for number in range(1000)]


def test_a_share_is_about_its_weight_and_always_the_same_documents():
    tenth = {id for id in IDS if Rollout(Mode.SHARE, 0.1).decides(id)}
    assert 70 <= len(tenth) <= 130
    assert tenth == {id for id in IDS if Rollout(Mode.SHARE, 0.1).decides(id)}
    assert tenth < {id for id in IDS if Rollout(Mode.SHARE, 0.5).decides(id)}


def test_only_a_promoted_candidate_decides_everywhere():
    decided = {mode: sum(Rollout(mode, 0.0).decides(id) for id in IDS) for mode in Mode}
    assert decided == {Mode.SHADOW: 0, Mode.SHARE: 0, Mode.PROMOTED: 1000, Mode.DROPPED: 0}


def test_results_are_compared_fact_by_fact():
    found = compare({"a": (["x", "y"], ["x", "z"]), "b": (["x"], ["x"]), "c": ([], [])})
    assert (found.documents, found.unchanged, found.kept, found.removed, found.added) == (3, 2, 2, 1, 1)
    assert found.agreement == 2 * 2 / 6
    assert found.examples == (Change("a", ("y",), ("z",)),)


def test_nothing_compared_is_nothing_changed():
    assert compare({}).agreement == 1.0
