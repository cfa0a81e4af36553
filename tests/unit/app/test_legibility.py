"""A page that was read badly says so on the record, on the page and on what is cited from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.fakes import FakeOcr, text_page
from rag.model import Page, PageTask, Source
from rag.settings import Reading
from tests.unit.app.conftest import add, index, work


class Blurred(FakeOcr):
    """Reads every scan with little confidence."""

    async def recognize(self, task: PageTask) -> Page:
        page = await super().recognize(task)
        return text_page(page.number, page.text, source=Source.OCR, confidence=0.5)


@pytest.fixture
def blurred(services):
    return replace(services, ocr=Blurred(blobs=services.state.blobs))


async def test_a_poor_page_is_flagged_on_the_record(http, blurred):
    document = await add(blurred)
    await work(blurred)
    record = (await http.get(f"/v1/documents/{document.id}")).json()
    assert record["reading"]["poor_pages"] == [2]
    assert record["reading"]["min_confidence"] == 0.6
    assert 0.5 < record["reading"]["confidence"] < 1
    assert [page["poorly_read"] for page in record["reading"]["pages"]] == [False, True]
    assert any("page 2" in warning for warning in record["warnings"])


async def test_a_page_says_how_it_was_read(http, blurred):
    document = await add(blurred)
    await work(blurred)
    pages = [(await http.get(f"/v1/documents/{document.id}/pages/{number}")).json() for number in (1, 2)]
    assert [(page["poorly_read"], page["confidence"]) for page in pages] == [(False, 1.0), (True, 0.5)]


async def test_a_citation_from_a_poor_page_says_so(blurred):
    from rag.answering.cite import SpanCitations

    document = await add(blurred)
    await work(blurred)
    citing = SpanCitations(blurred.state.documents, min_confidence=0.6)
    first = await citing.cite_span(document.id, "lease.txt", 1, 0, 10)
    second = await citing.cite_span(document.id, "lease.txt", 2, 0, 10)
    assert (first.poorly_read, second.poorly_read) == (False, True)


async def test_an_answer_carries_the_flag_to_http(http, blurred):
    from rag.api import create_app

    await add(blurred)
    await work(blurred)
    shown = await index(blurred)
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(shown)), base_url="http://redwell") as client:
        reply = (await client.post("/v1/ask", json={"question": "What deposit does the tenant pay?"})).json()
    assert [citation["poorly_read"] for citation in reply["citations"] if citation["page"] == 2] == [True]


async def test_a_collection_has_languages_of_its_own(services):
    settings = services.settings.model_copy(update={"reading": Reading(collection_languages={"default": "deu+eng"})})
    asked = []

    class Asked(type(services.reader)):
        async def read(self, key, *, language=None, **options):
            asked.append(language)
            return await super().read(key, language=language, **options)

    await add(services)
    await work(replace(services, settings=settings, reader=Asked(blobs=services.state.blobs)))
    assert asked == ["deu+eng"]
