"""Fields of documents, their corrections, and the schemas of collections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from rag.fields.record import FieldValue, Origin
from rag.fields.schema import Kind, Schema, parse
from rag.model import Document
from rag.store.database import Database
from rag.store.records import BATCH, jsonable, load, now, require, storable, touch, upsert
from rag.store.tables import documents, field_corrections, fields, lookup_key, schemas
from rag.store.visible import of_visible, visible

EXPORT_BATCH = 200


class FieldRows:
    _database: Database

    async def save_fields(self, id: str, found: Sequence[FieldValue]) -> None:
        """Replace what was found; corrected fields keep their corrections. Raises DocumentNotFound."""
        async with self._database.write() as connection:
            await touch(connection, id)
            corrected: dict[str, list[FieldValue]] = {}
            for row in await connection.execute(select(field_corrections).where(field_corrections.c.document_id == id)):
                corrected[row.name] = [value_of(item) for item in row.given]
                replaced = [plain_value(one) for one in found if one.field == row.name]
                await connection.execute(
                    field_corrections.update()
                    .where(field_corrections.c.document_id == id, field_corrections.c.name == row.name)
                    .values(replaced=replaced)
                )
            kept = [one for one in found if one.field not in corrected]
            await connection.execute(delete(fields).where(fields.c.document_id == id))
            rows = [field_row(id, one) for one in [*kept, *(one for many in corrected.values() for one in many)]]
            if rows:
                await connection.execute(insert(fields), rows)

    async def fields(self, id: str) -> list[FieldValue]:
        """By field and position, in the order in which they were saved. Raises DocumentNotFound."""
        async with self._database.read() as connection:
            await require(connection, id)
            found = await connection.execute(select(fields).where(fields.c.document_id == id).order_by(fields.c.id))
            return [_value(row) for row in found]

    async def correct_fields(self, id: str, corrections: Mapping[str, Sequence[FieldValue] | None]) -> None:
        """Values that a person gave, by field; an empty list says that there is none, None takes a correction back.

        Raises DocumentNotFound.
        """
        async with self._database.write() as connection:
            await touch(connection, id)
            for name, values in corrections.items():
                mine = (field_corrections.c.document_id == id) & (field_corrections.c.name == name)
                of_field = (fields.c.document_id == id) & (fields.c.name == name)
                before = (await connection.execute(select(field_corrections.c.replaced).where(mine))).first()
                machine = (
                    [value_of(item) for item in before[0]]
                    if before
                    else [_value(row) for row in await connection.execute(select(fields).where(of_field))]
                )
                await connection.execute(delete(fields).where(of_field))
                await connection.execute(delete(field_corrections).where(mine))
                if values is not None:
                    await connection.execute(
                        insert(field_corrections).values(
                            document_id=id,
                            name=name,
                            given=[plain_value(one) for one in values],
                            replaced=[plain_value(one) for one in machine],
                        )
                    )
                if rows := [field_row(id, one) for one in (machine if values is None else values)]:
                    await connection.execute(insert(fields), rows)

    async def field_names(self, *, collection: str | None = None, schema: str | None = None) -> list[str]:
        """Names of the fields that documents have, in the order in which they first came."""
        query = select(fields.c.name).group_by(fields.c.name).order_by(func.min(fields.c.id))
        query = query.where(*of_visible(fields.c.document_id))
        if collection is not None:
            query = query.join(documents, documents.c.id == fields.c.document_id)
            query = query.where(documents.c.collection == collection)
        if schema is not None:
            query = query.where(fields.c.schema == schema)
        async with self._database.read() as connection:
            return list(await connection.scalars(query))

    async def documents_with_fields(
        self, *, collection: str | None = None, schema: str | None = None
    ) -> AsyncIterator[tuple[Document, list[FieldValue]]]:
        """Every document that has fields, oldest first, read a batch at a time."""
        after: tuple[Any, str] | None = None
        while True:
            query = select(documents.c.id, documents.c.created_at).order_by(documents.c.created_at, documents.c.id)
            having = select(fields.c.document_id)
            query = query.where(*visible())
            query = query.where(
                documents.c.id.in_(having.where(fields.c.schema == schema) if schema is not None else having)
            )
            if collection is not None:
                query = query.where(documents.c.collection == collection)
            if after is not None:
                created, last = after
                query = query.where(
                    (documents.c.created_at > created) | ((documents.c.created_at == created) & (documents.c.id > last))
                )
            async with self._database.read() as connection:
                rows = (await connection.execute(query.limit(EXPORT_BATCH))).all()
                ids = [row.id for row in rows]
                values: dict[str, list[FieldValue]] = {id: [] for id in ids}
                for at in range(0, len(ids), BATCH):
                    of = select(fields).where(fields.c.document_id.in_(ids[at : at + BATCH])).order_by(fields.c.id)
                    for row in await connection.execute(of):
                        values[row.document_id].append(_value(row))
                found = await load(connection, ids)
            for document in found:
                yield document, values[document.id]
            if len(rows) < EXPORT_BATCH:
                return
            after = rows[-1].created_at, rows[-1].id

    async def save_schema(self, collection: str, schema: Schema) -> None:
        """The schema of a collection, from now on."""
        row = {
            "collection": storable(collection),
            "name": schema.name,
            "document": jsonable(schema.document),
            "updated_at": now(),
        }
        async with self._database.write() as connection:
            statement = upsert(connection, schemas).values(row)
            await connection.execute(statement.on_conflict_do_update(index_elements=["collection"], set_=row))

    async def schema(self, collection: str) -> Schema | None:
        """None when the collection has no schema of its own."""
        async with self._database.read() as connection:
            query = select(schemas.c.name, schemas.c.document).where(schemas.c.collection == collection)
            row = (await connection.execute(query)).first()
        return None if row is None else parse(row.name, row.document)

    async def all_schemas(self) -> list[Schema]:
        """Those of all collections that have one of their own."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(schemas.c.name, schemas.c.document))).all()
        return [parse(row.name, row.document) for row in rows]

    async def delete_schema(self, collection: str) -> bool:
        """False when there was none."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(schemas).where(schemas.c.collection == collection))
            return gone.rowcount > 0


def plain_value(value: FieldValue) -> dict[str, Any]:
    converted: dict[str, Any] = jsonable(asdict(value))
    return converted


def value_of(item: Mapping[str, Any]) -> FieldValue:
    return FieldValue(**{**item, "kind": Kind(item["kind"]), "origin": Origin(item["origin"])})


def field_row(id: str, value: FieldValue) -> dict[str, Any]:
    return {
        "document_id": id,
        "schema": value.schema,
        "name": value.field,
        "position": value.position,
        "kind": value.kind.value,
        "text": storable(value.text),
        "value": storable(value.value),
        "key": lookup_key(value.value),
        "number": value.number,
        "date": value.date,
        "currency": value.currency,
        "page": value.page,
        "start": value.start,
        "end": value.end,
        "source": value.origin.value,
        "model": value.model,
        "score": value.score,
    }


def _value(row: Row[Any]) -> FieldValue:
    return FieldValue(
        row.name,
        Kind(row.kind),
        row.text,
        row.value,
        row.page,
        row.start,
        row.end,
        row.number,
        row.date,
        row.currency,
        Origin(row.source),
        row.model,
        row.score,
        row.position,
        row.schema,
    )
