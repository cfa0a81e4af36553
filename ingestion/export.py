"""What a job found, for data teams: Parquet files in a folder, or JSON lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from rag.errors import Unavailable
from rag.model import Document
from rag.services import State

DOCUMENTS_AT_ONCE = 100
TEXT = "string"
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "documents": {
        "id": TEXT, "collection": TEXT, "filename": TEXT, "media_type": TEXT, "sha256": TEXT, "size": "int64",
        "status": TEXT, "page_count": "int64", "language": TEXT, "type": TEXT, "type_score": "double",
        "summary": TEXT, "metadata": TEXT, "text": TEXT,
    },
    "pages": {"document_id": TEXT, "number": "int64", "source": TEXT, "confidence": "double", "text": TEXT},
    "entities": {
        "document_id": TEXT, "page": "int64", "start": "int64", "end": "int64", "type": TEXT, "text": TEXT, "norm": TEXT,
    },
    "chunks": {
        "document_id": TEXT, "chunk_id": "int64", "page": "int64", "start": "int64", "end": "int64", "heading": TEXT,
        "text": TEXT,
    },
}  # fmt: skip

Tables = dict[str, list[dict[str, Any]]]


async def export(state: State, ingestion_id: str, target: Path) -> int:
    """Write the job's documents; returns how many. `x.jsonl` is one line a document, anything else a folder of Parquet.

    Raises Unavailable when the target cannot be written.
    """
    try:
        if target.suffix == ".jsonl":
            return await _json_lines(state, ingestion_id, target)
        return await _parquet(state, ingestion_id, target)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}", "Choose another place.") from error


async def _json_lines(state: State, ingestion_id: str, target: Path) -> int:
    count = 0
    with target.open("w", encoding="utf-8") as file:
        async for tables in _batches(state, ingestion_id):
            for row in tables["documents"]:
                mentions = [entity for entity in tables["entities"] if entity["document_id"] == row["id"]]
                line = {**row, "metadata": json.loads(row["metadata"]), "entities": mentions}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += len(tables["documents"])
    return count


async def _parquet(state: State, ingestion_id: str, folder: Path) -> int:
    import pyarrow
    import pyarrow.parquet

    types = {"string": pyarrow.string(), "int64": pyarrow.int64(), "double": pyarrow.float64()}
    schemas = {
        name: pyarrow.schema([(column, types[kind]) for column, kind in columns.items()])
        for name, columns in COLUMNS.items()
    }
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    writers = {
        name: pyarrow.parquet.ParquetWriter(folder / f"{name}.parquet", schema) for name, schema in schemas.items()
    }
    count = 0
    try:
        async for tables in _batches(state, ingestion_id):
            count += len(tables["documents"])
            for name, rows in tables.items():
                writers[name].write_table(pyarrow.Table.from_pylist(rows, schema=schemas[name]))
    finally:
        for writer in writers.values():
            writer.close()
    return count


async def _batches(state: State, ingestion_id: str) -> AsyncIterator[Tables]:
    """Each document once, though several files may be it; a batch at a time, so that memory stays flat."""
    after, seen = 0, set[str]()
    while found := await state.items.items(
        ingestion_id, status=["done", "partial"], after=after, limit=DOCUMENTS_AT_ONCE
    ):
        after = found[-1].id
        ids = dict.fromkeys(item.document_id for item in found if item.document_id and item.document_id not in seen)
        seen.update(ids)
        tables: Tables = {name: [] for name in COLUMNS}
        for id in ids:
            await _add(state, id, tables)
        yield tables


async def _add(state: State, id: str, tables: Tables) -> None:
    document = await state.documents.get(id)
    pages = await state.documents.pages(id)
    tables["documents"].append(_document(document) | {"text": "\f".join(page.text for page in pages)})
    tables["pages"] += [
        {
            "document_id": id,
            "number": page.number,
            "source": page.source.value,
            "confidence": page.confidence,
            "text": page.text,
        }
        for page in pages
    ]
    tables["entities"] += [
        {
            "document_id": id,
            "page": entity.page,
            "start": entity.start,
            "end": entity.end,
            "type": entity.type,
            "text": entity.text,
            "norm": entity.norm,
        }
        for entity in await state.documents.entities(id)
    ]
    tables["chunks"] += [
        {
            "document_id": id,
            "chunk_id": chunk.id,
            "page": chunk.page,
            "start": chunk.start,
            "end": chunk.end,
            "heading": chunk.heading,
            "text": chunk.text,
        }
        for chunk in await state.documents.chunks(id)
    ]


def _document(document: Document) -> dict[str, Any]:
    kind = document.classification
    return {
        "id": document.id,
        "collection": document.collection,
        "filename": document.filename,
        "media_type": document.media_type,
        "sha256": document.sha256,
        "size": document.size,
        "status": document.status.value,
        "page_count": document.page_count,
        "language": document.detected_language,
        "type": kind.label if kind else None,
        "type_score": kind.score if kind else None,
        "summary": document.summary.text if document.summary else None,
        "metadata": json.dumps(dict(document.metadata), ensure_ascii=False),
    }
