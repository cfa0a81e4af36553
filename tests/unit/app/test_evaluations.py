"""Runs of evaluations: kept without texts, listed, compared, deleted, each tenant's own."""

import pytest

from rag.access.principal import Limited, Permission, Principal, acting_as
from rag.errors import ConfigurationError, NotFound
from rag.evaluation.runs import EvaluationRun, Measured, differences, figures, measured

ANSWERS = {
    "set": "squad",
    "summary": {"n answerable": 2, "f1": 0.5, "cited page right": 1.0},
    "outcomes": [
        {"id": "a", "kind": "answerable", "question": "Secret?", "answer": "Secret.", "found": True, "rank": 7,
         "page_right": True, "quote_right": False, "f1": 0.5, "exact": 0.0},
        {"id": "b", "kind": "absent", "question": "Secret?", "answer": "", "found": False, "rank": None,
         "page_right": False, "quote_right": False, "f1": 0.0, "exact": 0.0},
    ],
}  # fmt: skip


def run(name: str, rights: list[float], *, set: str = "squad") -> dict:
    questions = [{"id": f"q{at}", "kind": "answerable", "figures": {"f1": right}} for at, right in enumerate(rights)]
    return {"name": name, "set": set, "figures": {"f1": sum(rights) / len(rights)}, "questions": questions}


def test_outcomes_of_answers_become_numbers_and_ids_without_texts():
    first, second = measured(ANSWERS)
    assert first == Measured(
        "a",
        "answerable",
        {
            "refused": 0.0,
            "right document in top 5": 0.0,
            "cited page right": 1.0,
            "cited quote right": 0.0,
            "f1": 0.5,
            "exact match": 0.0,
        },
    )
    assert second == Measured("b", "absent", {"refused": 1.0})
    assert figures(ANSWERS) == {"n answerable": 2.0, "f1": 0.5, "cited page right": 1.0}


def test_outcomes_of_questions_are_understood_too():
    question = {"id": "q1", "question": "?", "answers": ["x"], "answerable": True}
    outcome = {
        "question": question,
        "found": True,
        "right_document_first": True,
        "right_page_first": False,
        "answer_right": True,
    }
    assert measured({"outcomes": [outcome]}) == (
        Measured(
            "q1",
            "answerable",
            {"refused": 0.0, "right document cited first": 1.0, "right page cited first": 0.0, "answer right": 1.0},
        ),
    )


def test_figures_of_a_result_without_a_summary_are_named_by_their_place():
    result = {"hybrid": {"nDCG@10": 0.7, "runs": ["x"]}, "bm25": {"nDCG@10": 0.6}, "seconds": 3}
    assert figures(result) == {"hybrid nDCG@10": 0.7, "bm25 nDCG@10": 0.6, "seconds": 3.0}


def test_differences_of_runs_without_a_common_question_are_refused():
    with pytest.raises(ConfigurationError):
        differences([Measured("a", "answerable", {"f1": 1.0})], [Measured("b", "answerable", {"f1": 1.0})])


async def test_a_run_is_kept_listed_read_and_deleted(http):
    kept = await http.post("/v1/evaluations", json={**run("first", [1.0, 0.0]), "model": "m", "note": "as it was"})
    assert kept.status_code == 201
    id = kept.json()["id"]
    await http.post("/v1/evaluations", json=run("other", [1.0], set="contracts"))
    listed = (await http.get("/v1/evaluations")).json()
    assert ([one["name"] for one in listed["runs"]], listed["total"]) == (["other", "first"], 2)
    [only] = (await http.get("/v1/evaluations", params={"set": "squad"})).json()["runs"]
    assert (only["figures"], only["count"], only["model"], only["note"]) == ({"f1": 0.5}, 2, "m", "as it was")
    whole = (await http.get(f"/v1/evaluations/{id}")).json()
    assert whole["questions"] == run("first", [1.0, 0.0])["questions"]
    assert (await http.delete(f"/v1/evaluations/{id}")).status_code == 204
    assert (await http.get(f"/v1/evaluations/{id}")).status_code == 404
    assert (await http.delete(f"/v1/evaluations/{id}")).status_code == 404


async def test_two_runs_are_compared_question_by_question(http):
    better = [(await http.post("/v1/evaluations", json=one)).json()["id"] for one in (
        run("before", [0.0] * 40), run("after", [1.0] * 30 + [0.0] * 10), run("elsewhere", [1.0], set="x"),
    )]  # fmt: skip
    reply = (await http.get("/v1/evaluations/compare", params={"first": better[0], "second": better[1]})).json()
    assert (reply["first"]["name"], reply["second"]["name"]) == ("before", "after")
    [one] = reply["differences"]
    assert (one["figure"], one["questions"], one["first"], one["second"]) == ("f1", 40, 0.0, 0.75)
    assert 0.5 < one["low"] < 0.75 < one["high"] < 0.95
    assert one["significant"]
    missing = await http.get("/v1/evaluations/compare", params={"first": better[0], "second": "none"})
    assert missing.status_code == 404


async def test_runs_without_a_common_question_have_no_differences(http):
    ids = []
    for name in ("a", "b"):
        body = run(name, [1.0])
        body["questions"][0]["id"] = name
        ids.append((await http.post("/v1/evaluations", json=body)).json()["id"])
    reply = (await http.get("/v1/evaluations/compare", params={"first": ids[0], "second": ids[1]})).json()
    assert reply["differences"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"figures": {}},
        {"figures": {"f1": "much"}},
        {"name": ""},
        {"questions": [{"id": "a", "figures": {}}, {"id": "a", "figures": {}}]},
        {"answer": "a text"},
    ],
)
async def test_what_is_no_run_is_refused_with_a_remedy(http, wrong):
    answer = await http.post("/v1/evaluations", json={**run("first", [1.0]), **wrong})
    assert answer.status_code == 422
    assert answer.json()["remedy"]
    assert (await http.get("/v1/evaluations")).json()["total"] == 0


async def test_a_key_bound_to_collections_sees_their_runs_alone(services):
    store = services.state.evaluations
    open_run = await store.add(EvaluationRun("of all", "squad", {"f1": 1.0}))
    mine = await store.add(EvaluationRun("of mine", "squad", {"f1": 1.0}, collection="mine"))
    bound = Principal("k", permissions=frozenset({Permission.READ}), collections=("mine",), limits=Limited())
    with acting_as(bound):
        assert [one.id for one in await store.newest()] == [mine.id]
        with pytest.raises(NotFound):
            await store.get(open_run.id)
        with pytest.raises(NotFound):
            await store.delete(open_run.id)
