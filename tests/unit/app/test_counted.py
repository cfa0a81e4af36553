"""Corpus questions from HTTP to the answer: counted, cited, paged."""

import json

import openai
import pytest

from rag.answer import AskRequest, Cited, Final, Results, answer, complete
from rag.model import Filter, Token
from tests.unit.app.conftest import LEASE, add, work

QUESTION = "How many contracts name Anna Keller?"


async def library(services):
    await add(services)
    await add(services, "An invoice for Anna Keller.", "bill.txt")
    await add(services, "A contract with Peter Pan.", "pan.txt")
    await work(services)
    return services


async def test_a_corpus_question_is_counted_and_no_model_is_asked(services):
    found = await complete(AskRequest(QUESTION), await library(services))
    assert (found.kind, found.found, services.generator.calls[3:]) == ("counted", True, [])
    assert found.answer.startswith("1 contract. Counted exactly over all 3 documents of the library: ")
    assert "that mention “Anna Keller”" in found.answer
    [citation] = found.citations
    page = await services.state.documents.page(citation.document_id, citation.page)
    assert page.text[citation.start : citation.end] == citation.quote
    assert "Anna Keller" in citation.quote
    assert f"[{citation.marker}]" in found.answer


async def test_the_events_of_a_counted_answer(services):
    events = [event async for event in answer(AskRequest(QUESTION), await library(services))]
    assert [type(event) for event in events] == [Results, Token, Cited, Final]
    assert events[1].text == events[-1].answer.answer


async def test_the_scope_of_the_request_is_counted_and_no_more(services):
    await library(services)
    found = await complete(AskRequest("How many documents are there?", Filter(collections=("elsewhere",))), services)
    assert (found.counted.total, found.counted.in_scope) == (0, 0)
    assert found.answer.startswith("No document.")


async def test_a_phrase_that_nothing_says_is_searched_for_instead(services):
    await library(services)
    found = await complete(AskRequest("Which documents mention the broken kettle?"), services)
    assert (found.kind, found.found) == ("passages", False)
    named = await complete(AskRequest("Which documents mention Captain Hook?"), services)
    assert (named.kind, named.counted.total) == ("counted", 0)


async def test_ask_over_http_says_what_was_counted(http, services):
    await library(services)
    reply = (await http.post("/v1/ask", json={"question": QUESTION})).json()
    counted = reply["counted"]
    assert (reply["kind"], counted["total"], counted["in_scope"], counted["next_offset"]) == ("counted", 1, 3, None)
    [row] = counted["rows"]
    assert (row["filename"], row["type"]) == ("lease.txt", "contract")
    [match] = row["matches"]
    assert LEASE[match["start"] : match["end"]] == match["text"] == "Anna Keller"
    assert reply["citations"][match["citation"] - 1]["document_id"] == row["document_id"]


async def test_a_question_is_paged_with_the_query_it_became(http, services):
    await library(services)
    first = (await http.post("/v1/query", json={"question": "list all documents", "limit": 2})).json()
    assert (first["total"], first["next_offset"], len(first["rows"])) == (3, 2, 2)
    rest = (await http.post("/v1/query", json={**first["query"], "offset": 2, "limit": 2})).json()
    assert (rest["total"], rest["next_offset"], len(rest["rows"])) == (3, None, 1)
    names = [row["filename"] for row in first["rows"] + rest["rows"]]
    assert names == sorted(names) == ["bill.txt", "lease.txt", "pan.txt"]


@pytest.mark.parametrize(
    "body",
    [
        {"wants": "count", "kinds": ["contract", "invoice"], "mentions": ["Anna Keller"], "collection": "default"},
        {
            "wants": "total",
            "mentions": [["Anna Keller", "Peter Pan"]],
            "amount": {"at_least": "10.50", "currency": "EUR"},
        },
        {"wants": "latest", "dated": {"after": "2025-01-01"}, "uploaded": {"before": "2030-01-01"}},
        {"wants": "list", "filters": {"metadata": {"matter": "17"}, "type": ["contract"]}, "document_ids": ["x"]},
    ],
)
async def test_the_typed_query_comes_back_as_it_was_understood(http, services, body):
    reply = (await http.post("/v1/query", json=body)).json()
    again = (await http.post("/v1/query", json=reply["query"])).json()
    assert again["query"] == reply["query"]
    for key in set(body) - {"mentions", "collection"}:
        assert reply["query"][key] == body[key]
    assert reply["query"].get("collection", []) == ([body["collection"]] if "collection" in body else [])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"question": "What is the monthly rent?"}, "not understood"),
        ({"question": "how many letters", "kinds": ["letter"]}, "not both"),
        ({"kinds": ["spaceship"]}, "no kind"),
        ({"mentions": [""]}, "empty"),
        ({"mentions": [[]]}, "empty"),
        ({"amount": {"above": -1}}, "amount.above"),
        ({"amount": {"currency": "euro"}}, "amount.currency"),
        ({"dated": {"after": "May"}}, "dated.after"),
        ({"limit": 201}, "limit"),
        ({"wants": "everything"}, "wants"),
        ({"sql": "drop table"}, "sql"),
    ],
)
async def test_a_query_that_is_not_valid_says_why(http, body, words):
    response = await http.post("/v1/query", json=body)
    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert response.json()["remedy"]


async def test_the_stream_of_a_counted_answer(http, services):
    await library(services)
    response = await http.post("/v1/ask", json={"question": QUESTION, "stream": True})
    lines = response.text.splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names == ["results", "token", "citation", "final"]
    final = json.loads(lines[-1 - lines[::-1].index("event: final") + 1].removeprefix("data: "))
    assert final["counted"]["total"] == 1


async def test_openais_client_gets_the_count_with_its_citations(http, services):
    await library(services)
    async with openai.AsyncOpenAI(base_url="http://redwell/v1", api_key="none", http_client=http) as api:
        done = await api.chat.completions.create(model="redwell", messages=[{"role": "user", "content": QUESTION}])
    assert done.choices[0].message.content.startswith("1 contract. Counted exactly")
    assert done.choices[0].message.annotations[0].filename == "lease.txt"
