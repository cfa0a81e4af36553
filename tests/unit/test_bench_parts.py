"""Parts of `redwell bench all`: what they compute from what they saw."""

import asyncio
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.bench import batch_embeddings
from rag.bench.asking import QUESTIONS, first_tokens
from rag.bench.grown import bench_grown
from rag.bench.loads import Loaded
from rag.bench.matrix import ASKED, PARTS, SERVED, Matrix
from rag.bench.mixed import MixedDocument, mixed_pdf
from rag.errors import StageFailed
from rag.fakes import FakeEmbedder
from rag.model import Chunk
from rag.replies.documents import Answer, FinalEvent, ResultsEvent, TokenEvent
from rag.services import open_state
from rag.settings import load

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
STAGES = {"read": 10.0, "entities": 2.0, "classify": 1.0, "fields": 4.5, "index": 3.0, "summary": 4.0}


def test_the_critical_path_is_reading_and_the_longest_of_what_follows_fields_after_the_type():
    document = MixedDocument(14.0, 16.0, STAGES)
    assert (document.to_index, document.critical_path, document.in_turn) == (13.0, 15.5, 24.5)


def test_every_other_page_of_a_mixed_document_is_a_scan(tmp_path):
    import pypdfium2 as pdfium

    mixed_pdf(SAMPLES, tmp_path / "mixed.pdf", pages=4, seed=1)
    with pdfium.PdfDocument(tmp_path / "mixed.pdf") as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    assert [len(text) > 600 for text in texts] == [True, False, True, False]


class _Asked:
    """Answers of a client: passages, then words where the model was asked."""

    def __init__(self, *, refused=False):
        self._refused, self.questions = refused, []

    def ask_stream(self, question, *, collection):
        self.questions.append(question)
        yield ResultsEvent(())
        if not self._refused:
            yield TokenEvent("The rent")
        yield FinalEvent(Answer(answer="The rent is due."))


def test_one_question_warms_up_and_new_ones_count_apart_from_those_asked_again():
    client = _Asked()
    new, again, whole = first_tokens(client, ("a?", "b?"))
    assert [len(line.ours) for line in (new, again, whole)] == [2, 2, 2]
    assert client.questions[1:] == ["a?", "b?", "a?", "b?"]
    assert client.questions[0] not in QUESTIONS
    assert new.goal == 0.6


def test_no_first_token_is_told_when_no_model_was_asked():
    with pytest.raises(StageFailed):
        first_tokens(_Asked(refused=True), ("a?",))


class _Sync:
    version, dimensions = "fake/1", 64

    def embed(self, texts):
        return np.stack([FakeEmbedder().vector(text) for text in texts])


async def test_growth_asks_every_size_by_turns_and_compares_with_the_smallest():
    lines = await bench_grown(_Sync(), (20, 40), requests=3)
    assert [(line.name, line.beside) for line in lines] == [
        ("upload, 40 documents", "20 documents"),
        ("search less its index, 40 documents", "20 documents"),
        ("the same asked again, 40 documents", "20 documents"),
        ("list, 40 documents", "20 documents"),
    ]
    assert lines[1].more["40 documents"]["chunks"] == 240


def test_embeddings_in_a_batch_are_compared_over_what_the_load_has_stored(monkeypatch, migrated):
    cost = iter((10.0, 30.0, 12.0, 37.0))

    def load_here(source, data_dir, *, stages):
        assert stages == "read,index"
        data_dir.mkdir()
        shutil.copy(migrated, data_dir)
        asyncio.run(_stored(data_dir, source))
        return Loaded(99.0, 1.0, cpu_by_process={"Take": 9.0, "Index": next(cost)})

    monkeypatch.setattr(batch_embeddings, "load", load_here)
    encoded = []
    line = batch_embeddings.bench_batch_embeddings(load("cpu"), encoded.append, texts=32)
    assert [len(texts) for texts in encoded] == [8, 2, 8, 2]
    assert encoded[1][0].startswith("report\n")
    assert line.ours == (2 / 20.0, 2 / 25.0)
    assert line.more["CPU-seconds of the start"] == [10.0, 12.0]


async def _stored(data_dir, source):
    """A chunk a file."""
    state = open_state(load("cpu", overrides={"data_dir": str(data_dir)}))
    for file in sorted(source.iterdir()):
        text = file.read_text()[:40]
        document, _ = await state.documents.add(
            filename=file.name, media_type="text/plain", sha256=file.stem.rjust(64, "0"), size=1
        )
        await state.documents.save_chunks(
            document.id, [Chunk(document.id, 1, 0, len(text), text)], np.zeros((1, 4), np.float32), model="m"
        )
    await state.database.close()


def test_a_part_that_cannot_be_measured_is_told_and_needs_no_stack():
    matrix = Matrix(load("cpu"), SAMPLES, parts=("peer",))
    matrix.run(lambda **_: pytest.fail("no stack is needed"))
    assert list(matrix.failures) == ["peer"]
    assert matrix.lines == []
    assert {*SERVED, *ASKED} < set(PARTS)
