"""The questions' lane of the embedding model."""

import asyncio
import threading

import numpy as np
import pytest

from rag.retrieval.lane import EmbeddingLane


class Counting:
    """A row says how long its text is; `batches` are the calls' texts. Each call waits for `go`."""

    version, dimensions = "counting", 1

    def __init__(self):
        self.batches, self.go, self.under_way, self.most = [], threading.Event(), 0, 0

    def embed(self, texts):
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.batches.append(list(texts))
        self.go.wait(5)
        self.under_way -= 1
        if "bad" in texts:
            raise ValueError("bad")
        return np.array([[len(text)] for text in texts], np.float32)


async def _begun(embedder, number):
    while len(embedder.batches) < number:
        await asyncio.sleep(0)


async def test_what_waits_is_embedded_together_and_everyone_gets_his_own():
    embedder, lane = Counting(), EmbeddingLane()
    first = asyncio.create_task(lane.embed(embedder, ["a"]))
    await _begun(embedder, 1)
    others = [asyncio.create_task(lane.embed(embedder, texts)) for texts in (["bb"], ["ccc", "dddd"], ["e"])]
    await asyncio.sleep(0)
    embedder.go.set()
    rows = [row.ravel().tolist() for row in await asyncio.gather(first, *others)]
    assert rows == [[1.0], [2.0], [3.0, 4.0], [1.0]]
    assert embedder.batches == [["a"], ["bb", "ccc", "dddd", "e"]]
    assert embedder.most == 1


async def test_a_call_whose_caller_left_is_not_embedded():
    embedder, lane = Counting(), EmbeddingLane()
    first = asyncio.create_task(lane.embed(embedder, ["a"]))
    await _begun(embedder, 1)
    gone, stays = (asyncio.create_task(lane.embed(embedder, [text])) for text in ("gone", "stays"))
    await asyncio.sleep(0)
    gone.cancel()
    embedder.go.set()
    await asyncio.gather(first, stays, gone, return_exceptions=True)
    assert embedder.batches == [["a"], ["stays"]]


async def test_models_do_not_share_a_batch_and_large_calls_go_alone():
    one, other, lane = Counting(), Counting(), EmbeddingLane()
    one.go.set()
    other.go.set()
    many = [f"x{number}" for number in range(70)]
    await asyncio.gather(
        lane.embed(one, ["a"]), lane.embed(one, many), lane.embed(other, ["b"]), lane.embed(one, ["c"])
    )
    assert one.batches == [["a"], many, ["c"]]
    assert other.batches == [["b"]]


async def test_an_error_reaches_all_of_its_batch_and_nobody_after_it():
    embedder, lane = Counting(), EmbeddingLane()
    embedder.go.set()
    with pytest.raises(ValueError, match="bad"):
        await lane.embed(embedder, ["bad"])
    assert (await lane.embed(embedder, ["fine"])).tolist() == [[4.0]]


async def test_a_text_is_embedded_once_a_model():
    embedder, other, lane = Counting(), Counting(), EmbeddingLane()
    other.version = "another"
    embedder.go.set()
    other.go.set()
    assert (await lane.embed(embedder, ["a", "bb", "a"])).ravel().tolist() == [1.0, 2.0, 1.0]
    assert (await lane.embed(embedder, ["bb", "ccc", "a"])).ravel().tolist() == [2.0, 3.0, 1.0]
    assert (await lane.embed(other, ["a"])).ravel().tolist() == [1.0]
    assert embedder.batches == [["a", "bb"], ["ccc"]]
    assert other.batches == [["a"]]


async def test_no_more_vectors_are_remembered_than_fit():
    embedder, lane = Counting(), EmbeddingLane(remembered=2)
    embedder.go.set()
    await lane.embed(embedder, ["a", "b", "c"])
    await lane.embed(embedder, ["c", "a"])
    assert embedder.batches == [["a", "b", "c"], ["a"]]
