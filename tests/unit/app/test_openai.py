"""The OpenAI-compatible door, with the real `openai` client."""

from dataclasses import replace

import httpx
import openai
import pytest

from rag.api import create_app
from rag.fakes import FakeGenerator
from rag.rollouts.models import AnsweringModels
from tests.unit.app.conftest import add, index, work

RENT = [{"role": "user", "content": "What is the monthly rent?"}]


@pytest.fixture
async def client(services):
    await add(services)
    await work(services)
    transport = httpx.ASGITransport(create_app(await index(services)), raise_app_exceptions=False)
    http = httpx.AsyncClient(transport=transport)
    async with openai.AsyncOpenAI(base_url="http://redwell/v1", api_key="none", http_client=http, max_retries=0) as api:
        yield api


async def test_a_completion_carries_the_answer_and_its_citations(client, services):
    done = await client.chat.completions.create(model="redwell", messages=RENT)
    message = done.choices[0].message
    assert "4,850.00" in message.content
    assert done.choices[0].finish_reason == "stop"
    [note] = message.annotations
    page = await services.state.documents.page(note.file_id, note.page)
    assert page.text[note.start : note.end] == note.quote
    assert message.content[note.index :].startswith("[1]")
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


async def test_a_stream_gives_the_same_text_with_citations_and_usage_at_its_end(client):
    whole = (await client.chat.completions.create(model="redwell", messages=RENT)).choices[0].message.content
    stream = await client.chat.completions.create(
        model="redwell", messages=RENT, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == whole
    assert deltas[0].role == "assistant"
    assert deltas[-1].annotations[0]["type"] == "file_citation"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens > 0


async def test_the_model_names_the_collection(client):
    names = [model.id async for model in client.models.list()]
    assert names == ["redwell", "redwell/default"]
    with pytest.raises(openai.NotFoundError, match="no model"):
        await client.chat.completions.create(model="gpt-4", messages=RENT)


async def test_parts_of_text_are_read_and_no_question_is_refused(client):
    parts = [{"role": "user", "content": [{"type": "text", "text": "What is the monthly rent?"}]}]
    done = await client.chat.completions.create(model="redwell", messages=parts)
    assert "4,850.00" in done.choices[0].message.content
    with pytest.raises(openai.UnprocessableEntityError, match="user"):
        await client.chat.completions.create(model="redwell", messages=[{"role": "system", "content": "x"}])


async def test_a_language_model_is_named_behind_the_door(services):
    await add(services)
    await work(services)
    ready = replace(await index(services), models=AnsweringModels({"small": FakeGenerator(model="small")}))
    transport = httpx.ASGITransport(create_app(ready), raise_app_exceptions=False)
    http = httpx.AsyncClient(transport=transport)
    async with openai.AsyncOpenAI(base_url="http://redwell/v1", api_key="none", http_client=http, max_retries=0) as api:
        assert [model.id async for model in api.models.list()] == ["redwell", "redwell@small", "redwell/default"]
        done = await api.chat.completions.create(model="redwell@small/default", messages=RENT)
        assert "4,850.00" in done.choices[0].message.content
        with pytest.raises(openai.UnprocessableEntityError, match="no model 'large'"):
            await api.chat.completions.create(model="redwell@large", messages=RENT)
