"""360 damaged snapshots, 90 of each kind of index: every one is detected, the index is made of the rows again, no answer is wrong."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.adapters import index_faiss
from rag.model import Mode
from rag.ports import SearchQuery
from rag.retrieval import snapshots
from rag.retrieval.retrieve import IndexView
from rag.settings import Retrieval
from rag.store.feed import Change, ChunkRow, Pulse
from rag.store.watching import Watch

DOCUMENTS = 60
CASES = 90
QUESTIONS = (3, 17, 58)


class Axes:
    """Document N lies on a ring at N; its words are its number."""

    version, dimensions = "axes/1", 16

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        angles = np.array([2 * np.pi * int(text.split()[-1]) / DOCUMENTS for text in texts])
        rows = [np.stack([np.cos(k * angles), np.sin(k * angles)]) / k for k in range(1, 9)]
        vectors = np.concatenate(rows).T.astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Feed:
    def __init__(self) -> None:
        vectors = Axes().embed([f"clause {number}" for number in range(DOCUMENTS)])
        self.rows_by_id = {
            f"d{n:02}": ChunkRow(n + 1, f"d{n:02}", "a", "x.pdf", 1, "", f"clause {n}", vectors[n])
            for n in range(DOCUMENTS)
        }
        self.read: list[str] = []

    def watch(self) -> Watch:
        return Watch(lambda: None, at_most=1)  # as of a database that tells commits only when it is asked

    async def pulse(self) -> Pulse:
        return Pulse(DOCUMENTS, None)

    async def since(self, seq: int, *, limit: int = 500) -> list[Change]:
        changes = [Change(n + 1, "upsert", key, "a") for n, key in enumerate(self.rows_by_id)]
        return changes[seq : seq + limit]

    async def documents(self) -> tuple[int, list[str]]:
        return DOCUMENTS, list(self.rows_by_id)

    async def rows(self, document_ids: Sequence[str], model: str) -> list[ChunkRow]:
        self.read.extend(document_ids)
        return [self.rows_by_id[key] for key in document_ids]

    async def vectors(self, chunk_ids: Sequence[int], model: str) -> tuple[list[int], np.ndarray]:
        return [], np.zeros((0, 0), np.float32)


async def nobody(filter: object) -> list[str]:
    return []


def view_of(feed: Feed, root: Path, kind: str) -> IndexView:
    settings = Retrieval(index=kind, poll_seconds=0.01)
    return IndexView(feed, Axes(), settings=settings, snapshots=root, resolve=nobody)


async def answers(view: IndexView) -> list[list[int]]:
    """Chunk ids: the five nearest by meaning, then what has the word."""
    found = []
    for number in QUESTIONS:
        question = SearchQuery(f"clause {number}", 5)
        near = await view.search(replace(question, mode=Mode.DENSE))
        words = await view.search(replace(question, text=f"{number}", mode=Mode.LEXICAL))
        # Both neighbours at one distance are equally near.
        found += [sorted(hit.chunk_id for hit in near.hits), [hit.chunk_id for hit in words.hits]]
    return found


def truncated(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def zeroed(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.choice((1, 64, 4096)))
    data[start:end] = bytes(end - start)
    if bytes(data) == path.read_bytes():  # zeros already
        data[start] ^= 1
    path.write_bytes(data)


def flipped(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def crashed(good: Path, root: Path, chance: random.Random) -> None:
    """A process that ends, without any clean-up, at a random step of writing the same snapshot."""
    files = [path for path in good.rglob("*") if path.is_file() and path.name != snapshots.MANIFEST]
    left = chance.randrange(2 * len(files))

    def step() -> None:
        nonlocal left
        if left == 0:
            os._exit(9)
        left -= 1

    def fill(folder: Path) -> None:
        for path in files:
            target = folder / path.relative_to(good)
            target.parent.mkdir(exist_ok=True)
            data = path.read_bytes()
            with target.open("wb") as file:
                file.write(data[: len(data) // 2])
                file.flush()
                step()
                file.write(data[len(data) // 2 :])
            step()

    child = os.fork()
    if child == 0:
        snapshots.write(root, DOCUMENTS, Axes.version, fill)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


async def made(feed: Feed, root: Path, kind: str) -> tuple[Path, list[list[int]]]:
    """A sound snapshot of this kind of index, and what the index answers."""
    view = view_of(feed, root, kind)
    await view.start()
    async with asyncio.timeout(20):
        while view.state.kind != kind:
            await asyncio.sleep(0.01)
    right = await answers(view)
    await view.stop()
    [folder] = root.glob("snapshot-*")
    return folder, right


@pytest.mark.parametrize("kind", ["flat", "pq", "ivf", "hnsw", "tantivy"])
async def test_no_damaged_snapshot_answers(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_faiss, "IVF_FROM", 50)
    monkeypatch.setattr(index_faiss, "PQ_FROM", 50)
    dense = "flat" if kind == "tantivy" else kind
    good, right = await made(Feed(), tmp_path / "good", dense)
    assert right[:2] == [[2, 3, 4, 5, 6], [4]]
    chance = random.Random(kind)
    damages: list[Callable[[Path, random.Random], None]] = [truncated, zeroed, flipped]
    wrong: list[tuple[int, str]] = []
    for case in range(CASES):
        root = tmp_path / str(case)
        place = root / good.name
        if case % 9 == 0:
            root.mkdir()
            crashed(good, root, chance)
        else:
            shutil.copytree(good, place)
            inside = place / "lexical" if kind == "tantivy" else place
            files = sorted(path for path in inside.rglob("*") if path.is_file() and path.stat().st_size)
            if kind != "tantivy":
                files = [path for path in files if path.parent == place]
            damages[case % 3](chance.choice(files), chance)
        feed = Feed()
        view = view_of(feed, root, dense)
        await view.start()
        if sorted(feed.read) != sorted(feed.rows_by_id) or place.exists():
            wrong.append((case, "not detected"))
        elif await answers(view) != right:
            wrong.append((case, "wrong answers"))
        monkeypatch.setattr(view, "_saved", DOCUMENTS)  # leaves no snapshot: it would only take time
        await view.stop()
        shutil.rmtree(root)
    assert wrong == []


async def test_a_sound_snapshot_answers_without_reading_rows(tmp_path: Path) -> None:
    _, right = await made(Feed(), tmp_path, "hnsw")
    feed = Feed()
    view = view_of(feed, tmp_path, "hnsw")
    await view.start()
    assert (await answers(view), feed.read) == (right, [])
    await view.stop()
