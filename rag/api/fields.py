"""Schemas of collections, fields of documents, their correction and export."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Body, Query
from fastapi.responses import FileResponse, Response, StreamingResponse
from pydantic import Field
from starlette.background import BackgroundTask

from rag.access.principal import named, stored, writable
from rag.api.schemas import Body as StrictBody
from rag.errors import InvalidInput, NotFound
from rag.fields import export
from rag.fields.correct import corrected
from rag.fields.record import FieldValue
from rag.fields.schema import Schema, parse, ready, ready_names
from rag.fields.stage import collection_schema, schema_of
from rag.model import Page
from rag.services import Services


class Corrections(StrictBody):
    fields: dict[str, Any] = Field(
        default_factory=dict, description="Field -> its value, a list of values, or null: the document has none."
    )
    reset: list[str] = Field(default_factory=list, description="Fields whose correction is taken back.")


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["fields"])
    documents = services.state.documents

    @router.get("/v1/schemas", summary="The ready-made schemas")
    async def schemas() -> dict[str, Any]:
        return {"schemas": {name: ready(name).document for name in ready_names()}}

    @router.get("/v1/collections/{name}/schema", summary="The schema of a collection's documents")
    async def get_schema(name: str) -> dict[str, Any]:
        """`source`: 'collection' (put by API), 'setting', or 'type' (each document has its type's ready-made schema)."""
        own = await documents.schema(stored(name))
        schema = own or await collection_schema(stored(name), services)
        return {
            "collection": name,
            "source": "collection" if own else "setting" if schema else "type",
            "name": schema.name if schema else None,
            "version": schema.version if schema else None,
            "schema": schema.document if schema else None,
        }

    @router.put("/v1/collections/{name}/schema", summary="Give a collection a schema")
    async def put_schema(
        name: str, body: dict[str, Any] = Body(description='A JSON schema, or {"use": "invoice"} for a ready-made one.')
    ) -> dict[str, Any]:
        """Documents that come from now on get its fields."""
        if not name.strip() or len(name) > 150:
            raise InvalidInput("The collection's name is empty or over 150 characters.", "Choose another name.")
        await documents.save_schema(writable(name), _schema(name, body))
        return await get_schema(name)

    @router.delete("/v1/collections/{name}/schema", status_code=204, summary="Take a collection's schema away")
    async def delete_schema(name: str) -> Response:
        if not await documents.delete_schema(writable(name)):
            raise NotFound("The collection has no schema of its own.", "PUT one first.")
        return Response(status_code=204)

    @router.get("/v1/documents/{document_id}/fields", summary="The fields of a document, each with its place")
    async def get_fields(document_id: str) -> dict[str, Any]:
        return await fields_record(document_id, services)

    @router.patch("/v1/documents/{document_id}/fields", summary="Correct fields; corrections outlast every re-run")
    async def patch_fields(document_id: str, body: Corrections) -> dict[str, Any]:
        schema = await schema_of(document_id, services)
        if schema is None:
            raise NotFound(
                "No schema is for this document.", "Give its collection one: PUT /v1/collections/NAME/schema."
            )
        for name in body.reset:
            schema.field(name)
        pages = await documents.pages(document_id)
        given = await asyncio.to_thread(corrected, schema, body.fields, pages)
        await documents.correct_fields(document_id, {**dict.fromkeys(body.reset), **given})
        return await fields_record(document_id, services)

    @router.get("/v1/fields", summary="Fields of many documents as a table")
    async def export_fields(
        collection: str | None = None,
        schema: str | None = None,
        format: Literal["csv", "xlsx", "json"] = Query("csv", description="One row a document."),
    ) -> Response:
        rows = documents.documents_with_fields(collection=named(collection), schema=schema)
        if format == "json":
            return StreamingResponse(export.as_json(rows), media_type="application/json", headers=_attached("json"))
        names = await documents.field_names(collection=named(collection), schema=schema)
        if format == "csv":
            return StreamingResponse(export.as_csv(rows, names), media_type="text/csv", headers=_attached("csv"))
        folder = tempfile.TemporaryDirectory(prefix="redwell-export-")
        path = Path(folder.name) / "fields.xlsx"
        await export.write_xlsx(rows, names, path)
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return FileResponse(path, media_type=kind, filename="fields.xlsx", background=BackgroundTask(folder.cleanup))

    return router


async def fields_record(document_id: str, services: Services) -> dict[str, Any]:
    """The document's fields in the order of its schema, with boxes; `missing` names those that have no value."""
    documents = services.state.documents
    values = await documents.fields(document_id)
    schema = await schema_of(document_id, services)
    pages = await documents.pages(document_id) if values else []
    return {
        "document_id": document_id,
        "schema": schema.name if schema else None,
        "fields": field_records(values, pages, schema),
        "missing": [field.name for field in schema.fields if all(field.name != one.field for one in values)]
        if schema
        else [],
    }


def field_records(values: Sequence[FieldValue], pages: Sequence[Page], schema: Schema | None) -> list[dict[str, Any]]:
    by_number = {page.number: page for page in pages}
    order = {field.name: at for at, field in enumerate(schema.fields)} if schema else {}
    titles = {field.name: field.title for field in schema.fields} if schema else {}
    ranked = sorted(values, key=lambda one: (order.get(one.field, len(order)), one.field, one.position))
    return [
        {
            **export.record(one),
            "title": titles.get(one.field, one.field),
            "boxes": [list(box) for box in by_number[one.page].words.boxes(one.start, one.end)]
            if one.page in by_number and one.start is not None and one.end is not None
            else [],
        }
        for one in ranked
    ]


def _schema(collection: str, body: dict[str, Any]) -> Schema:
    if set(body) == {"use"}:
        return ready(str(body["use"]))
    title = body.get("title")
    return parse(title.strip()[:100] if isinstance(title, str) and title.strip() else collection[:100], body)


def _attached(ending: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="fields.{ending}"'}
