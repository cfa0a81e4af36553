"""The arrows of the way in."""

from dataclasses import replace

import pytest

from rag.analyze import analyze
from rag.errors import DamagedFile, Unavailable
from rag.fakes import FakeClassifier, FakeGenerator, FakeOcr, FakeReader
from rag.model import Page, Source, Stage, StageStatus, Status
from tests.unit.app.conftest import LEASE, add, index, work


async def test_a_document_becomes_a_record(services):
    document = await add(services)
    await work(services)
    store = services.state.documents
    done = await store.get(document.id)
    assert done.status is Status.READY
    assert {name: row.status for name, row in done.stages.items()} == dict.fromkeys(Stage, StageStatus.DONE)
    assert done.page_count == 2
    assert done.classification is not None
    assert done.classification.label == "contract"
    assert done.detected_language == "en"
    assert {page.language for page in await store.pages(document.id)} == {"en"}
    assert done.summary is not None
    assert done.summary.text
    pages = await store.pages(document.id)
    assert [page.source for page in pages] == [Source.TEXT_LAYER, Source.OCR]
    assert pages[1].text == LEASE.split("SCAN:")[1]
    for entity in await store.entities(document.id):
        assert pages[entity.page - 1].text[entity.start : entity.end] == entity.text
    for chunk in await store.chunks(document.id):
        assert pages[chunk.page - 1].text[chunk.start : chunk.end] == chunk.text
    assert await services.state.feed.head() == 1


async def test_a_failed_optional_stage_makes_a_partial_document_that_says_why(services):
    broken = replace(services, classifier=FakeClassifier(fail=DamagedFile("no labels")))
    document = await add(broken)
    await work(broken)
    done = await services.state.documents.get(document.id)
    assert done.status is Status.PARTIAL
    stage = done.stages[Stage.CLASSIFY]
    assert stage.status is StageStatus.FAILED
    assert stage.error is not None
    assert stage.error["detail"] == "no labels"
    assert done.stages[Stage.INDEX].status is StageStatus.DONE


async def test_retry_runs_only_what_failed(services):
    document = await add(services)
    await work(replace(services, classifier=FakeClassifier(fail=DamagedFile("no labels"))))
    generator = FakeGenerator()
    await services.state.documents.retry(document.id)
    await work(replace(services, generator=generator))
    done = await services.state.documents.get(document.id)
    assert done.status is Status.READY
    assert generator.calls == []
    assert await services.state.feed.head() == 1


async def test_reading_that_fails_fails_the_document_with_code_and_remedy(services):
    document = await add(services)
    reader = FakeReader(blobs=services.state.blobs, fail=DamagedFile("it is torn", "scan it again"))
    await work(replace(services, reader=reader))
    done = await services.state.documents.get(document.id)
    assert done.status is Status.FAILED
    assert done.error == {"code": "damaged_file", "detail": "it is torn", "remedy": "scan it again"}


async def test_a_passing_cause_puts_the_document_back_in_the_queue(services):
    document = await add(services)
    await work(replace(services, reader=FakeReader(blobs=services.state.blobs, fail=Unavailable("away"))), runs=1)
    assert (await services.state.documents.get(document.id)).status is Status.QUEUED
    assert await services.state.jobs.depth() == 1


async def test_a_passing_cause_of_an_optional_stage_is_tried_again_and_the_rest_stays(services):
    document = await add(services)
    await work(replace(services, generator=FakeGenerator(fail=Unavailable("no model"))), runs=1)
    waiting = await services.state.documents.get(document.id)
    assert waiting.stages[Stage.INDEX].status is StageStatus.DONE
    assert waiting.stages[Stage.SUMMARY].status is StageStatus.FAILED
    assert not waiting.status.final
    assert await services.state.jobs.depth() == 1


async def test_a_defect_ends_on_the_record(services):
    class Defective(FakeClassifier):
        async def classify(self, texts, labels=None):
            raise KeyError("oops")

    document = await add(services)
    failures = await analyze(document, replace(services, classifier=Defective()))
    assert set(failures) == {Stage.CLASSIFY}
    record = (await services.state.documents.get(document.id)).stages[Stage.CLASSIFY]
    assert record.status is StageStatus.FAILED
    assert record.error is not None
    assert "KeyError" in record.error["detail"]


async def test_a_run_that_was_cut_off_goes_on_after_the_pages_that_are_done(services):
    document = await add(services)
    first = (await services.reader.read(document.blob, filename="x")).pages[0]
    await services.state.documents.save_pages(document.id, [replace(first, text=first.text.replace("lease", "LEASE"))])
    await work(services)
    pages = await services.state.documents.pages(document.id)
    assert "LEASE" in pages[0].text
    assert len(pages) == 2


class Torn(FakeOcr):
    async def recognize(self, task):
        return Page(task.number, task.width, task.height, "", Source.OCR, confidence=0.0, error="the page is torn")


async def test_one_bad_page_does_not_sink_its_document(services):
    document = await add(services)
    await work(replace(services, ocr=Torn(blobs=services.state.blobs)))
    done = await services.state.documents.get(document.id)
    assert done.status is Status.READY
    assert "Page 2 could not be read: the page is torn" in done.warnings
    assert (await services.state.documents.page(document.id, 1)).text.startswith("This lease")


async def test_a_document_of_which_no_page_can_be_read_fails(services):
    document = await add(services, "SCAN:one\fSCAN:two", "torn.tif")
    await work(replace(services, ocr=Torn(blobs=services.state.blobs)))
    done = await services.state.documents.get(document.id)
    assert done.status is Status.FAILED
    assert done.error is not None
    assert (done.error["code"], "torn" in done.error["detail"]) == ("damaged_file", True)


async def test_a_document_deleted_while_it_waits_leaves_nothing(services):
    document = await add(services)
    await services.state.documents.delete(document.id)
    await work(services)
    assert (await services.state.documents.list()).total == 0


async def test_an_empty_document_is_ready_with_a_warning(services):
    document = await add(services, " ", "blank.txt")
    await work(services)
    done = await services.state.documents.get(document.id)
    assert done.status is Status.READY
    assert done.stages[Stage.SUMMARY].status is StageStatus.SKIPPED
    assert any("No text" in warning for warning in done.warnings)


@pytest.mark.parametrize("text", [LEASE, "One page only, with Anna Keller on it.\fSCAN:Second page here."])
async def test_chunks_reach_the_index(services, text):
    await add(services, text)
    await work(services)
    retriever = (await index(services)).retriever
    assert len(retriever.rows) >= 2
