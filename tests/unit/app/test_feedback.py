"""What people say of answers is kept, and comes back as an evaluation set."""

import json
from typing import Any

import pytest

from rag.evaluation.questions import load_questions
from tests.unit.app.conftest import add


@pytest.fixture
async def said(services) -> dict[str, Any]:
    """What is said of an answer from two documents."""
    lease, annex = await add(services, name="lease.pdf"), await add(services, name="annex.pdf")
    return {
        "question": "What is the rent?",
        "answer": "The documents say: “EUR 5” [1]",
        "right": True,
        "collection": "leases",
        "citations": [
            {"document_id": lease.id, "filename": "lease.pdf", "page": 2, "start": 10, "end": 15, "quote": "EUR 5"},
            {"document_id": annex.id, "filename": "annex.pdf", "page": 1, "start": 0, "end": 5, "quote": "EUR 5"},
        ],
        "model": "m",
        "prompt_version": "3",
    }


async def test_feedback_comes_back_as_it_was_said(http, said):
    stored = (await http.post("/v1/feedback", json=said)).json()
    lines = (await http.get("/v1/feedback")).text.splitlines()
    assert len(lines) == 1
    found = json.loads(lines[0])
    assert {name: found[name] for name in said} == said
    assert found["id"] == stored["id"]


async def test_a_deleted_document_is_quoted_by_no_feedback(http, said):
    await http.post("/v1/feedback", json=said)
    lease, annex = said["citations"]
    assert (await http.delete(f"/v1/documents/{lease['document_id']}")).status_code == 204
    [line] = (await http.get("/v1/feedback")).text.splitlines()
    assert "lease.pdf" not in line
    found = json.loads(line)
    assert (found["question"], found["right"], found["answer"]) == ("What is the rent?", True, "")
    assert found["citations"] == [annex]


async def test_feedback_quotes_no_document_that_is_not_there(http, said):
    foreign = {**said["citations"][0], "document_id": "0" * 32}
    stored = (await http.post("/v1/feedback", json={**said, "citations": [foreign]})).json()
    assert (stored["answer"], stored["citations"], stored["question"]) == ("", [], "What is the rent?")


async def test_right_answers_become_questions_with_their_truth(http, said, tmp_path):
    await http.post("/v1/feedback", json=said)
    await http.post("/v1/feedback", json={**said, "right": False, "reason": "of another lease"})
    await http.post("/v1/feedback", json={**said, "citations": []})
    path = tmp_path / "questions.jsonl"
    path.write_text((await http.get("/v1/feedback", params={"format": "questions"})).text)
    [question] = load_questions(path)
    assert question.question == "What is the rent?"
    assert question.answers == ("EUR 5",)
    assert question.documents == ("lease.pdf", "annex.pdf")
    assert question.page == 2


async def test_feedback_without_a_question_is_refused(http, said):
    answer = await http.post("/v1/feedback", json={**said, "question": ""})
    assert answer.status_code == 422
    assert (await http.get("/v1/feedback")).text == ""


async def test_more_feedback_than_one_batch_is_told_whole(http, said, monkeypatch):
    monkeypatch.setattr("rag.store.feedback.BATCH", 2)
    for number in range(5):
        await http.post("/v1/feedback", json={**said, "question": f"q{number}"})
    lines = (await http.get("/v1/feedback")).text.splitlines()
    assert [json.loads(line)["question"] for line in lines] == ["q0", "q1", "q2", "q3", "q4"]
