"""Embeddings in a batch job: chunks a CPU-second of the operator that chunks, embeds and stores, beside sentence-transformers.

`python -m ingestion --stages read,index` loads texts as a process of its own, on a Ray of its own; what a load of FEW documents costs
is taken off, and with it the start and the model's loading. The bare side encodes what the load has stored, text by text the same.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from sqlalchemy import select

from rag.bench.analysis import CHUNKS_A_DOCUMENT, Encode
from rag.bench.line import Line
from rag.bench.loads import Loaded, load
from rag.bench.made_text import MadeText
from rag.chunk import in_context
from rag.errors import StageFailed
from rag.model import Chunk
from rag.services import open_state
from rag.settings import Settings
from rag.store.tables import chunks, documents

FEW = 8
"""Documents."""
OPERATOR = "Index"
"""Of ingestion.batch."""


def bench_batch_embeddings(settings: Settings, encode: Encode, *, texts: int = 2000, rounds: int = 2) -> Line:
    """`encode` is the bare engine, in this process; it is warmed up here. The sides take turns: CPU-seconds of a shared machine
    are worth more in one minute than in the next. Raises StageFailed when a load ends badly."""
    ours, bare, costs, starts, count = [], [], [], [], 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="redwell-bench-") as folder:
            few = _loaded(settings, Path(folder) / "few", FEW)
            many = _loaded(settings, Path(folder) / "many", FEW + max(1, texts // CHUNKS_A_DOCUMENT))
        cost, count = many[0] - few[0], len(many[1]) - len(few[1])
        if cost <= 0 or count <= 0:
            raise StageFailed("The larger load cost no more than the small one.", "Measure more texts.")
        encode(few[1])
        started = time.process_time()
        encode(many[1][-count:])
        bare.append(count / (time.process_time() - started))
        ours.append(count / cost)
        costs.append(cost)
        starts.append(few[0])
    more = {"chunks": count, "CPU-seconds of the operator": costs, "CPU-seconds of the start": starts}
    return Line(
        "embeddings in a batch",
        "sentence-transformers",
        "chunks/CPU-s",
        tuple(ours),
        tuple(bare),
        goal=0.9,
        more=more,
    )


def _loaded(settings: Settings, folder: Path, count: int) -> tuple[float, list[str]]:
    """(CPU-seconds of the operator, what it embedded) of a load of `count` documents."""
    source = folder / "in"
    source.mkdir(parents=True)
    passages = MadeText(sentences=8).passages(count * CHUNKS_A_DOCUMENT)
    for number in range(count):
        parts = passages[number * CHUNKS_A_DOCUMENT :][:CHUNKS_A_DOCUMENT]
        (source / f"report-{number:04}.txt").write_text("\f".join(parts), encoding="utf-8")
    done: Loaded = load(source, folder / "library", stages="read,index")
    if OPERATOR not in done.cpu_by_process:
        raise StageFailed(f"No process of the load was the operator {OPERATOR}: {', '.join(done.cpu_by_process)}.")
    return done.cpu_by_process[OPERATOR], asyncio.run(_embedded(settings, folder / "library"))


async def _embedded(settings: Settings, data_dir: Path) -> list[str]:
    state = open_state(settings.model_copy(update={"data_dir": data_dir}))
    query = select(chunks, documents.c.filename).join(documents, documents.c.id == chunks.c.document_id)
    try:
        async with state.database.read() as connection:
            return [
                in_context(
                    row.filename, Chunk(row.document_id, row.page, row.start, row.end, row.text, heading=row.heading)
                )
                for row in await connection.execute(query.order_by(chunks.c.id))
            ]
    finally:
        await state.database.close()
