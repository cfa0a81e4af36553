"""What people say of answers is kept, and comes back as an evaluation set."""

import json

from rag.evaluation.questions import load_questions

SAID = {
    "question": "What is the rent?",
    "answer": "The documents say: “EUR 5” [1]",
    "right": True,
    "collection": "leases",
    "citations": [
        {"document_id": "d1", "filename": "lease.pdf", "page": 2, "start": 10, "end": 15, "quote": "EUR 5"},
        {"document_id": "d2", "filename": "annex.pdf", "page": 1, "start": 0, "end": 5, "quote": "EUR 5"},
    ],
    "model": "m",
    "prompt_version": "3",
}


async def test_feedback_comes_back_as_it_was_said(http):
    stored = (await http.post("/v1/feedback", json=SAID)).json()
    lines = (await http.get("/v1/feedback")).text.splitlines()
    assert len(lines) == 1
    found = json.loads(lines[0])
    assert {name: found[name] for name in SAID} == SAID
    assert found["id"] == stored["id"]


async def test_right_answers_become_questions_with_their_truth(http, tmp_path):
    await http.post("/v1/feedback", json=SAID)
    await http.post("/v1/feedback", json={**SAID, "right": False, "reason": "of another lease"})
    await http.post("/v1/feedback", json={**SAID, "citations": []})
    path = tmp_path / "questions.jsonl"
    path.write_text((await http.get("/v1/feedback", params={"format": "questions"})).text)
    [question] = load_questions(path)
    assert question.question == "What is the rent?"
    assert question.answers == ("EUR 5",)
    assert question.documents == ("lease.pdf", "annex.pdf")
    assert question.page == 2


async def test_feedback_without_a_question_is_refused(http):
    answer = await http.post("/v1/feedback", json={**SAID, "question": ""})
    assert answer.status_code == 422
    assert (await http.get("/v1/feedback")).text == ""


async def test_more_feedback_than_one_batch_is_told_whole(services, http, monkeypatch):
    monkeypatch.setattr("rag.store.feedback.BATCH", 2)
    for number in range(5):
        await http.post("/v1/feedback", json={**SAID, "question": f"q{number}"})
    lines = (await http.get("/v1/feedback")).text.splitlines()
    assert [json.loads(line)["question"] for line in lines] == ["q0", "q1", "q2", "q3", "q4"]
