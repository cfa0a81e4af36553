"""From question to citation on the real stack."""

import httpx
import pytest

from rag.client import ApiError
from rag.evaluation.http import HttpAsker
from rag.evaluation.questions import load_questions, put, summarise
from tests.conftest import ROOT

QUESTIONS = load_questions(ROOT / "data" / "questions.jsonl")[::2]
"""Half of them, to save minutes; `redwell eval questions` puts them all."""


@pytest.fixture(scope="session")
def outcomes(stack, library):
    asker = HttpAsker(stack.url)
    return [put(question, asker, "samples") for question in QUESTIONS]


def test_the_right_document_is_cited_first(outcomes):
    summary = summarise(outcomes)
    missed = [(o.question.id, o.cited[:1]) for o in outcomes if o.question.answerable and not o.right_document_first]
    assert summary["right_document_cited_first"] >= 0.8, missed


def test_every_citation_slices_to_its_quote(outcomes):
    summary = summarise(outcomes)
    assert summary["citations"] >= 20
    assert summary["citations_slice"] == 1.0


def test_the_smallest_client_gets_query_context_and_response(stack, library):
    reply = httpx.post(f"{stack.url}/", json={"query": QUESTIONS[0].question}, timeout=120).json()
    assert set(reply) == {"query", "context", "response"}
    assert reply["query"] == QUESTIONS[0].question
    assert reply["context"]
    assert reply["response"]


def test_a_stream_ends_in_the_final_answer(client, library):
    kinds = [type(event).__name__ for event in client.ask_stream(QUESTIONS[0].question, collection="samples")]
    assert kinds[0] == "ResultsEvent"
    assert kinds[-1] == "FinalEvent"
    assert "TokenEvent" in kinds
    assert "CitationEvent" in kinds


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_every_mode_finds_the_lease(client, library, mode):
    reply = client.search("monthly rent lease Harbour Street", collection="samples", mode=mode, top_k=5)
    assert any(row.filename.startswith("lease") for row in reply.results)


def test_a_question_to_an_empty_collection_is_not_in_the_documents(client, library):
    answer = client.ask("What is the monthly rent?", collection="nothing-here")
    assert not answer.found
    assert answer.citations == ()
    assert "not in your documents" in answer.answer


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/ask", "{not json", 422),
        ("POST", "/v1/ask", '{"question": ""}', 422),
        ("POST", "/v1/search", '{"query": "x", "top_k": 0}', 422),
        ("POST", "/v1/search", '{"query": "x", "unknown": 1}', 422),
        ("GET", "/v1/documents/no-such-id", None, 404),
        ("GET", "/v1/nothing", None, 404),
        ("PUT", "/v1/ask", "{}", 405),
    ],
)
def test_errors_are_problems_with_a_remedy(stack, method, path, body, status):
    response = httpx.request(method, stack.url + path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["remedy"]


def test_a_page_that_is_not_there_says_how_pages_count(client, library):
    with pytest.raises(ApiError) as caught:
        client.page(library["lease-harbour-street.pdf"], 99)
    assert caught.value.status == 404
    assert "count" in caught.value.remedy
