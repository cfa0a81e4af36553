from __future__ import annotations

import pickle
import threading
import time

import numpy as np
import pytest

from rag.errors import NotFound, Overloaded
from rag.fakes import (
    FakeBlobs,
    FakeClassifier,
    FakeEmbedder,
    FakeEntityRecognizer,
    FakeGenerator,
    FakeOcr,
    FakeReader,
    FakeRetriever,
    text_page,
)
from rag.local import LocalEmbedder, LocalEntityRecognizer
from rag.model import Message, Source
from rag.ports import SearchQuery


async def test_reader_and_ocr_share_a_document():
    blobs = FakeBlobs(data={"k": b"First page\fSCAN:Second page"})
    outline = await FakeReader(blobs=blobs).read("k", filename="a.txt")
    page = await FakeOcr(blobs=blobs).recognize(outline.pages[1])
    assert outline.pages[0].text == "First page"
    assert (page.text, page.source, page.number) == ("Second page", Source.OCR, 2)


def test_words_of_a_fake_page_slice_to_their_text():
    page = text_page(1, "one two\nthree")
    assert [page.text[word.start : word.end] for word in page.words] == ["one", "two", "three"]


async def test_capitalised_words_are_entities():
    [[entity]] = await FakeEntityRecognizer().recognize([text_page(1, "yes, Ada Lovelace wrote")])
    assert (entity.text, entity.type, entity.start) == ("Ada Lovelace", "PERSON", 5)


async def test_the_label_in_the_text_is_the_class():
    [found] = await FakeClassifier().classify(["This invoice is due"])
    assert (found.label, sum(item.score for item in found.scores)) == ("invoice", pytest.approx(1.0))


async def test_texts_with_the_same_words_are_near():
    a, b, c = await FakeEmbedder().embed(["red car", "car red", "blue moon"])
    assert a @ b == pytest.approx(1.0)
    assert a @ c < 0.1


async def test_the_retriever_ranks_what_was_put():
    retriever = FakeRetriever()
    retriever.put(1, "d", "blue moon")
    retriever.put(2, "d", "red car")
    assert [hit.chunk_id for hit in (await retriever.search(SearchQuery("car"))).hits] == [2, 1]


async def test_the_generator_says_the_first_sentence_word_by_word():
    prompt = '<passage id="1">\nThe rent is 5. The rest.\n</passage>\nWhat is the rent?'
    tokens = [token async for token in FakeGenerator().stream([Message("user", prompt)], max_tokens=10)]
    assert [token.text for token in tokens] == ["The", " rent", " is", " 5.", ""]
    assert (tokens[-1].finish_reason, tokens[-1].usage.completion_tokens) == ("stop", 4)


async def test_blobs_come_back_until_deleted():
    blobs = FakeBlobs()
    await blobs.put("a/b", b"x")
    assert (await blobs.get("a/b"), await blobs.keys("a/")) == (b"x", ["a/b"])
    await blobs.delete("a/b")
    with pytest.raises(NotFound):
        await blobs.get("a/b")


async def test_a_fake_fails_when_told():
    with pytest.raises(Overloaded):
        await FakeEmbedder(fail=Overloaded("full")).embed(["x"])


def test_fakes_travel():
    assert pickle.loads(pickle.dumps(FakeClassifier(delay=0.5))) == FakeClassifier(delay=0.5)


class Slow:
    version, dimensions = "slow/1", 2

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.inside = 0
        self.most = 0

    def embed(self, texts):
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.threads.add(threading.get_ident())
        time.sleep(0.01)
        self.inside -= 1
        return np.full((len(texts), 2), float(len(texts[0])), np.float32)

    def recognize(self, pages):
        return [[] for _ in pages]


async def test_a_local_adapter_runs_off_the_loop_one_call_at_a_time():
    import asyncio

    slow = Slow()
    embedder = LocalEmbedder(slow)
    results = await asyncio.gather(*(embedder.embed(["x" * n]) for n in (1, 2, 3)))
    assert [float(rows[0, 0]) for rows in results] == [1.0, 2.0, 3.0]
    assert (slow.most, threading.get_ident() in slow.threads) == (1, False)
    assert (embedder.version, embedder.dimensions) == ("slow/1", 2)


async def test_a_local_recognizer_gives_a_list_a_page():
    assert await LocalEntityRecognizer(Slow()).recognize([text_page(1, "a"), text_page(2, "b")]) == [[], []]
