"""Conversations: kept for those who asked, gone on with, deleted, and without what was deleted."""

from dataclasses import replace

import httpx
import pytest
from sqlalchemy import func, select

from rag.answer import AskRequest
from rag.api import create_app
from rag.api.conversations import Kept, history
from rag.errors import NotFound
from rag.model import Message
from rag.settings import Answering
from rag.store.conversations import quoted
from rag.store.page_tables import turn_documents, turns
from tests.unit.app.conftest import add, index, work

NOBODY = "default//"
"""The owner where the service asks for no key."""
QUESTION = "What is the monthly rent of Northgate Estates?"


@pytest.fixture
async def asked(services):
    """(client, document, conversation id) after one question."""
    document = await add(services)
    await work(services)
    whole = await index(services)
    transport = httpx.ASGITransport(create_app(whole), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as client:
        id = (await client.post("/v1/conversations", json={"title": QUESTION})).json()["id"]
        reply = await client.post("/v1/ask", json={"question": QUESTION, "conversation_id": id})
        assert reply.json()["found"]
        yield client, document, id


async def rows(services, table):
    async with services.state.database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table))


async def test_a_turn_is_kept_with_its_citations(asked):
    client, document, id = asked
    kept = (await client.get(f"/v1/conversations/{id}")).json()
    assert [turn["question"] for turn in kept["turns"]] == [QUESTION]
    assert kept["turns"][0]["answer"]["citations"][0]["document_id"] == document.id
    [head] = (await client.get("/v1/conversations")).json()["conversations"]
    assert (head["id"], head["title"], head["turns"]) == (id, QUESTION, 1)


async def test_a_streamed_answer_is_kept_before_it_ends(asked):
    client, _, id = asked
    body = {"question": QUESTION, "conversation_id": id, "stream": True}
    assert "event: final" in (await client.post("/v1/ask", json=body)).text
    assert len((await client.get(f"/v1/conversations/{id}")).json()["turns"]) == 2


async def test_what_was_said_is_the_history_of_the_next_question(asked, services):
    _, _, id = asked
    store = services.state.conversations
    keep = Kept(store, NOBODY, id, history((await store.get(NOBODY, id))[1]))
    request = keep.request(AskRequest("And when does it end?"))
    assert request.history[0] == Message("user", QUESTION)
    assert (request.history[1].role, request.session) == ("assistant", id)


async def test_deleting_a_conversation_deletes_its_rows(asked, services):
    client, _, id = asked
    assert (await client.delete(f"/v1/conversations/{id}")).status_code == 204
    assert (await client.get(f"/v1/conversations/{id}")).status_code == 404
    assert (await rows(services, turns), await rows(services, turn_documents)) == (0, 0)


async def test_a_deleted_document_takes_the_answers_that_quote_it(asked, services):
    client, document, id = asked
    await services.state.documents.delete(document.id)
    kept = (await client.get(f"/v1/conversations/{id}")).json()
    assert [(turn["question"], turn["answer"]) for turn in kept["turns"]] == [(QUESTION, None)]
    assert await rows(services, turn_documents) == 0


async def test_an_answer_on_a_document_that_is_gone_meanwhile_is_not_kept(asked, services):
    _, _, id = asked
    record = {"found": True, "citations": [{"document_id": "gone"}]}
    await services.state.conversations.add(NOBODY, id, "Again?", record)
    _, told = await services.state.conversations.get(NOBODY, id)
    assert told[-1].answer is None


async def test_nobody_sees_anothers_conversation(asked, services):
    client, _, id = asked
    other = {"X-Redwell-User": "someone@else"}
    assert (await client.get("/v1/conversations", headers=other)).json()["conversations"] == []
    assert (await client.get(f"/v1/conversations/{id}", headers=other)).status_code == 404
    assert (await client.delete(f"/v1/conversations/{id}", headers=other)).status_code == 404
    body = {"question": "And?", "conversation_id": id}
    assert (await client.post("/v1/ask", json=body, headers=other)).status_code == 404
    with pytest.raises(NotFound):
        await services.state.conversations.rename("other", id, "Mine")


async def test_a_conversation_is_renamed(asked):
    client, _, id = asked
    await client.patch(f"/v1/conversations/{id}", json={"title": "  The  rent "})
    assert (await client.get(f"/v1/conversations/{id}")).json()["title"] == "The rent"


async def test_all_conversations_are_deleted_at_once(asked):
    client, _, _ = asked
    await client.post("/v1/conversations", json={"title": "Another"})
    await client.delete("/v1/conversations")
    assert (await client.get("/v1/conversations")).json()["conversations"] == []


async def test_where_they_are_not_kept_none_is_begun(services):
    settings = services.settings.model_copy(update={"answering": Answering(conversations=False)})
    transport = httpx.ASGITransport(create_app(replace(services, settings=settings)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as client:
        assert (await client.get("/v1/conversations")).json() == {"conversations": [], "kept": False}
        refused = await client.post("/v1/conversations", json={"title": "Rent"})
        assert (refused.status_code, "answering.conversations" in refused.text) == (422, True)


def test_every_document_that_a_record_names_is_found():
    assert quoted({"a": [{"document_id": "d1"}], "b": {"rows": ({"document_id": "d2"},)}, "document_id": ""}) == {
        "d1",
        "d2",
    }
