"""Another embedding model, without a moment of empty results.

    begin -> vectors of the new model beside the old ones, chunk by chunk -> promote -> every index fills a dense index with
    the new vectors beside the one that answers, and swaps -> the old vectors are deleted

Vectors are durable as they are made: whoever is cut off, the next one goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from rag.chunk import in_context
from rag.errors import Busy, DeadlineExceeded, RedwellError, StageFailed, Unavailable
from rag.local import LocalEmbedder
from rag.ports import Embedder
from rag.retrieval.embedders import load_embedder, version_of
from rag.services import State, open_state
from rag.settings import Settings
from rag.store.embeddings import BUILDING

log = structlog.get_logger(__name__)
BATCH = 64
LEASE_SECONDS = 120.0

Progress = Callable[[int], None]


async def reindex(state: State, embedder: Embedder, *, owner: str, progress: Progress = lambda made: None) -> bool:
    """Do what is to be done now, if nobody else does it; True when there was something. Raises Unavailable to be called
    again later; what another attempt would not mend is recorded as the model's error."""
    task = await state.embeddings.work(owner, lease_seconds=LEASE_SECONDS)
    if task is None:
        return False
    version, stage = task
    try:
        if stage == BUILDING:
            if await _fill(state, embedder, version, owner, progress, building=version):
                await state.embeddings.promote(version)
        else:
            await _retire(state, embedder, version, owner, progress)
    except (Busy, DeadlineExceeded) as error:
        raise Unavailable(error.detail, error.remedy) from error
    except RedwellError as error:
        log.warning("reindex_failed", model=version, detail=error.detail)
        await state.embeddings.fail(version, _explained(version, error))
    return True


async def mismatch(settings: Settings) -> str | None:
    """What to say at a start when the library is embedded with another model than the settings name."""
    state = open_state(settings)
    try:
        await state.database.connect()
        active = await state.embeddings.active()
    finally:
        await state.database.close()
    configured = version_of(settings, None)
    if active in (None, configured):
        return None
    return (
        f"The library is embedded with {active} and is searched with it; the settings say {configured}. "
        "`redwell reindex` moves it there while searches go on; or set embedding.model back."
    )


async def reindex_here(
    settings: Settings, model: str | None, *, progress: Callable[[int, int], None] = lambda made, total: None
) -> str:
    """The whole move in this process, for a library that no service runs on; the version it is embedded with then.

    Raises Conflict when it is that already, ConfigurationError when the model cannot be loaded, or its error.
    """
    state = open_state(settings)
    await state.database.connect()
    version = version_of(settings, model)
    try:
        await state.embeddings.settle(version)
        await state.embeddings.begin(version)
        adapter = await asyncio.to_thread(load_embedder, settings, 0.0, version)
        total = await state.embeddings.chunks()
        lane = LocalEmbedder(adapter, version=version)
        while await state.embeddings.active() != version:
            await reindex(state, lane, owner="offline", progress=lambda made: progress(made, total))
            for record in await state.embeddings.models():
                if record.version == version and record.error is not None:
                    raise StageFailed(record.error["detail"], record.error["remedy"])
        await reindex(state, lane, owner="offline")
        return version
    finally:
        await state.database.close()


async def _fill(
    state: State, embedder: Embedder, version: str, owner: str, progress: Progress, *, building: str
) -> bool:
    """Vectors for all chunks that have none of `version`. False when the lease on `building` went to somebody else."""
    lane = embedder if version == embedder.version else embedder.at(version)
    after = 0
    while pending := await state.embeddings.missing(version, after=after, limit=BATCH):
        vectors = await lane.embed([in_context(item.filename, item.chunk) for item in pending])
        await state.embeddings.save(version, pending, vectors, announce=version != building)
        after = pending[-1].chunk.id or after
        progress(len(pending))
        held = await state.embeddings.work(owner, lease_seconds=LEASE_SECONDS)
        if held is None or held[0] != building:
            return False
    return True


async def _retire(state: State, embedder: Embedder, version: str, owner: str, progress: Progress) -> None:
    """Chunks that the old model's last analyses wrote get the new one's vectors; then the old ones go, when no index
    searches them any more."""
    active = await state.embeddings.active()
    if active is None or not await _fill(state, embedder, active, owner, progress, building=version):
        return
    if all(view.model == active for view in await state.views.live()):
        await state.embeddings.forget(version)


def _explained(version: str, error: RedwellError) -> RedwellError:
    return StageFailed(
        f"Embeddings of {version} could not be made: {error.detail}",
        "Correct the model's name, then run `redwell reindex --model NAME` again; searches go on with the old model.",
    )
