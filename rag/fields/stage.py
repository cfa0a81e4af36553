"""The stage: which schema a document has, and its fields, by rules and by the model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rag.fields.ask import asks_model, by_model, merged
from rag.fields.record import FieldValue
from rag.fields.rules import RULES_VERSION, by_rules
from rag.fields.schema import Schema, from_setting, ready, ready_names
from rag.model import Document, Page, Stage
from rag.services import Services
from rag.stages import Stages


async def extract_fields(document: Document, pages: Sequence[Page], services: Services, stages: Stages) -> None:
    """Call it after the type is known. Skipped for a document that no schema is for."""
    store = services.state.documents
    schema = await schema_of(document.id, services)
    if schema is None:
        if await store.fields(document.id):
            await store.save_fields(document.id, [])
        await stages.skip(Stage.FIELDS, "")
        return

    async def work() -> None:
        await store.save_fields(document.id, await found_fields(schema, pages, services))

    await stages.optional(Stage.FIELDS, version_of(schema, services), work)


async def found_fields(schema: Schema, pages: Sequence[Page], services: Services) -> list[FieldValue]:
    """By rules and, where it is asked, by the model in charge of fields."""
    found = await asyncio.to_thread(by_rules, schema, pages)
    if not _asks(schema, services):
        return found
    writer = services.writer(Stage.FIELDS)
    return merged(schema, found, await by_model(schema, pages, writer, services.settings))


def version_of(schema: Schema | None, services: Services) -> str:
    """What the stage records for a document with this schema."""
    if schema is None:
        return ""
    model = f"/{services.writer(Stage.FIELDS).model}" if _asks(schema, services) else ""
    return f"rules/{RULES_VERSION}/{schema.version}{model}"


async def versions_in(collection: str, services: Services) -> list[str]:
    """What the stage may have recorded for a document of the collection that is up to date."""
    if own := await collection_schema(collection, services):
        return [version_of(own, services)]
    by_type = ready_names() if services.settings.fields.by_type else []
    return ["", *(version_of(ready(name), services) for name in by_type)]


async def may_ask(services: Services) -> bool:
    """Whether any schema that is in use here has its fields filled by the language model too."""
    used = await services.state.documents.all_schemas()
    used += [from_setting(named) for named in services.settings.fields.schemas.values()]
    if services.settings.fields.by_type:
        used += [ready(name) for name in ready_names()]
    return any(_asks(schema, services) for schema in used)


def _asks(schema: Schema, services: Services) -> bool:
    """A model that was put in charge of fields is asked, unless the schema wants none."""
    return asks_model(services.settings, schema) or (Stage.FIELDS in services.writers and schema.asks_model is None)


async def schema_of(document_id: str, services: Services) -> Schema | None:
    """The collection's own schema, else the setting's for it, else the ready-made one of the document's type.

    Raises DocumentNotFound.
    """
    document = await services.state.documents.get(document_id)
    if own := await collection_schema(document.collection, services):
        return own
    label = document.classification.label if document.classification else ""
    return ready(label) if services.settings.fields.by_type and label in ready_names() else None


async def collection_schema(collection: str, services: Services) -> Schema | None:
    """None when its documents get the ready-made schemas of their types."""
    if own := await services.state.documents.schema(collection):
        return own
    named = services.settings.fields.schemas.get(collection)
    return from_setting(named) if named else None
