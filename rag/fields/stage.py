"""The stage: which schema a document has, and its fields, by rules and by the model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rag.fields.ask import asks_model, by_model, merged
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

    asks = asks_model(services.settings)

    async def work() -> None:
        found = await asyncio.to_thread(by_rules, schema, pages)
        if asks:
            answered = await by_model(schema, pages, services.generator, services.settings)
            found = merged(schema, found, answered)
        await store.save_fields(document.id, found)

    version = f"rules/{RULES_VERSION}/{schema.version}" + (f"/{services.generator.model}" if asks else "")
    await stages.optional(Stage.FIELDS, version, work)


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
