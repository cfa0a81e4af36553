"""Label sets, what people corrected, what the classifier said, and the heads that were trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.access.principal import acting_as, acting_tenant, shown, stored, tenant_of, whole_tenant
from rag.analysis.labels import TYPE, Head, LabelSet, Trained, label_set
from rag.errors import Conflict, NotFound
from rag.model import Classification, Label
from rag.store.database import Database
from rag.store.records import BATCH, jsonable, now, plain, require, touch, upsert
from rag.store.tables import corrections, document_labels, documents, label_models, label_sets, pages
from rag.store.visible import of_visible

FIRST_PAGES = 5
"""Pages that are looked at when a document is labelled."""
CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class LabelModel:
    """A trained head, measured when it was trained; shares in 0..1."""

    version: int
    samples: int
    accuracy: float
    spread: float
    baseline: float
    error: float
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DocumentLabel:
    """A document's label in one set; `scores` are the model's, also where a person corrected it."""

    set: str
    label: str
    score: float
    scores: tuple[Label, ...]
    model: str
    corrected: bool


@dataclass(frozen=True, slots=True)
class Corrected:
    document_id: str
    label: str
    texts: tuple[str, ...]
    """Of its first pages."""


class LabelStore:
    """Sets, corrections and heads of the tenant of whoever asks; a set of the settings is everybody's, what is learned for it is not.

    `declared`: label -> description of the sets that the settings name; `type` is always there."""

    def __init__(self, database: Database, declared: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._database = database
        self._declared = {TYPE: {}, **(declared or {})}

    async def sets(self) -> list[LabelSet]:
        """Each with its active head; `type` first, then by name."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(label_sets))).all()
            own = {shown(row.name): dict(row.labels) for row in rows if tenant_of(row.name) == acting_tenant()}
            active = await connection.execute(
                select(label_models.c.label_set, label_models.c.version, label_models.c.data).where(
                    label_models.c.active
                )
            )
            heads = {
                shown(row.label_set): Head(row.version, row.data)
                for row in active
                if tenant_of(row.label_set) == acting_tenant()
            }
        found = [label_set(name, labels) for name, labels in {**self._declared, **own}.items()]
        known = [LabelSet(one.name, one.labels, heads.get(one.name)) for one in found]
        return sorted(known, key=lambda one: (one.name != TYPE, one.name))

    async def get(self, name: str) -> LabelSet:
        """Raises NotFound."""
        known = await self.sets()
        for one in known:
            if one.name == name:
                return one
        raise NotFound(
            f"There is no label set '{name[:80]}'.", f"There are: {', '.join(one.name for one in known)}; or define it."
        )

    async def define(self, name: str, labels: Mapping[str, str]) -> LabelSet:
        """Add a set or replace its labels. Raises InvalidInput, Conflict for a set that the settings hold."""
        if name in self._declared:
            raise Conflict(
                f"The label set '{name}' comes from the settings.", "Change classifying.labels or classifying.sets."
            )
        own = label_set(name, labels)
        row = {"name": stored(name), "labels": jsonable([list(pair) for pair in own.labels]), "created_at": now()}
        async with self._database.write() as connection:
            statement = upsert(connection, label_sets).values(row)
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"labels": row["labels"]})
            )
        return own

    async def drop(self, name: str) -> None:
        """Forget a set that was defined here, its corrections and its heads. Raises NotFound, Conflict."""
        if name in self._declared:
            raise Conflict(f"The label set '{name}' comes from the settings.", "Take it out of the settings.")
        async with self._database.write() as connection:
            gone = await connection.execute(delete(label_sets).where(label_sets.c.name == stored(name)))
            if gone.rowcount == 0:
                raise NotFound(f"There is no label set '{name[:80]}'.", "`redwell labels list` names them.")
            await connection.execute(delete(label_models).where(label_models.c.label_set == stored(name)))
            with acting_as(whole_tenant()):
                for table in (corrections, document_labels):
                    mine = of_visible(table.c.document_id)
                    await connection.execute(delete(table).where(table.c.label_set == name, *mine))

    async def correct(self, document_id: str, name: str, label: str) -> None:
        """A person's word: it stays over every run until it is taken back. Raises DocumentNotFound, NotFound, InvalidInput."""
        wanted = (await self.get(name)).require(label)
        row = {"document_id": document_id, "label_set": name, "label": wanted, "created_at": now()}
        async with self._database.write() as connection:
            await touch(connection, document_id)
            await connection.execute(
                upsert(connection, corrections)
                .values(row)
                .on_conflict_do_update(index_elements=["document_id", "label_set"], set_=row)
            )
            found = await _found(connection, document_id, name) or Classification(wanted, 1.0)
            await _keep(connection, document_id, name, found, wanted)

    async def withdraw(self, document_id: str, name: str) -> None:
        """Take a correction back: the model's label counts again. Raises DocumentNotFound."""
        async with self._database.write() as connection:
            await touch(connection, document_id)
            gone = await connection.execute(delete(corrections).where(*_of(corrections, document_id, name)))
            found = await _found(connection, document_id, name)
            if gone.rowcount and found:
                best = found.scores[0] if found.scores else Label(found.label, found.score)
                own = Classification(best.label, best.score, found.scores, found.model.removesuffix(f"+{CORRECTED}"))
                await _keep(connection, document_id, name, own, None)

    async def save(self, document_id: str, name: str, found: Classification) -> None:
        """What the classifier says; a correction stands over it. Raises DocumentNotFound."""
        async with self._database.write() as connection:
            await touch(connection, document_id)
            wanted = await connection.scalar(select(corrections.c.label).where(*_of(corrections, document_id, name)))
            await _keep(connection, document_id, name, found, wanted)

    async def of_document(self, document_id: str) -> list[DocumentLabel]:
        """`type` first. Raises DocumentNotFound."""
        async with self._database.read() as connection:
            await require(connection, document_id)
            rows = await connection.execute(
                select(document_labels.c.label_set).where(document_labels.c.document_id == document_id)
            )
            names = [TYPE, *sorted(rows.scalars())]
            values = {name: await _found(connection, document_id, name) for name in names}
            corrected = await connection.execute(
                select(corrections.c.label_set).where(corrections.c.document_id == document_id)
            )
            by_hand = set(corrected.scalars())
        return [
            DocumentLabel(name, value.label, value.score, value.scores, value.model, name in by_hand)
            for name, value in values.items()
            if value
        ]

    async def counts(self) -> dict[str, dict[str, int]]:
        """Set -> label -> how many documents a person gave it."""
        found: dict[str, dict[str, int]] = {}
        mine = of_visible(corrections.c.document_id)
        query = select(corrections.c.label_set, corrections.c.label, func.count()).where(*mine)
        query = query.group_by(corrections.c.label_set, corrections.c.label)
        async with self._database.read() as connection:
            for name, label, count in await connection.execute(query):
                found.setdefault(name, {})[label] = count
        return found

    async def corrected(self, name: str) -> list[Corrected]:
        """The corrected documents with the text of their first pages, by id."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(corrections.c.document_id, corrections.c.label)
                .where(corrections.c.label_set == name, *of_visible(corrections.c.document_id))
                .order_by(corrections.c.document_id)
            )
            wanted = {row.document_id: row.label for row in rows}
            texts: dict[str, list[str]] = {id: [] for id in wanted}
            ids = list(wanted)
            for i in range(0, len(ids), BATCH):
                query = (
                    select(pages.c.document_id, pages.c.text)
                    .where(pages.c.document_id.in_(ids[i : i + BATCH]), pages.c.number <= FIRST_PAGES)
                    .order_by(pages.c.document_id, pages.c.number)
                )
                for row in await connection.execute(query):
                    texts[row.document_id].append(row.text)
        return [Corrected(id, wanted[id], tuple(texts[id])) for id in ids if any(map(str.strip, texts[id]))]

    async def add_model(self, name: str, trained: Trained, *, active: bool) -> LabelModel:
        """Store it as the set's next version; `active`: from now on it decides."""
        async with self._database.write() as connection:
            last = await connection.scalar(
                select(func.max(label_models.c.version)).where(label_models.c.label_set == stored(name))
            )
            version = (last or 0) + 1
            if active:
                await _activate(connection, name, None)
            row = {
                "label_set": stored(name),
                "version": version,
                "data": trained.data,
                "samples": trained.samples,
                "accuracy": trained.accuracy,
                "spread": trained.spread,
                "baseline": trained.baseline,
                "error": trained.error,
                "active": active,
                "created_at": now(),
            }
            await connection.execute(insert(label_models).values(row))
        return (await self.models(name))[0]

    async def models(self, name: str) -> list[LabelModel]:
        """Newest first."""
        columns = [column for column in label_models.c if column.name not in ("label_set", "data")]
        query = select(*columns).where(label_models.c.label_set == stored(name)).order_by(label_models.c.version.desc())
        async with self._database.read() as connection:
            return [LabelModel(**row._mapping) for row in await connection.execute(query)]

    async def activate(self, name: str, version: int | None) -> None:
        """The head that decides from now on; None: the descriptions. Raises NotFound."""
        await self.get(name)
        async with self._database.write() as connection:
            if version is not None:
                known = await connection.scalar(
                    select(label_models.c.version).where(
                        label_models.c.label_set == stored(name), label_models.c.version == version
                    )
                )
                if known is None:
                    raise NotFound(
                        f"'{name}' has no version {version}.", f"`redwell labels show {name}` lists its versions."
                    )
            await _activate(connection, name, version)


async def _activate(connection: AsyncConnection, name: str, version: int | None) -> None:
    owned = update(label_models).where(label_models.c.label_set == stored(name))
    await connection.execute(owned.values(active=False))
    if version is not None:
        await connection.execute(owned.where(label_models.c.version == version).values(active=True))


async def _found(connection: AsyncConnection, document_id: str, name: str) -> Classification | None:
    if name == TYPE:
        query = select(documents.c.classification).where(documents.c.id == document_id)
    else:
        query = select(document_labels.c.classification).where(*_of(document_labels, document_id, name))
    value = await connection.scalar(query)
    if value is None:
        return None
    return Classification(
        value["label"], value["score"], tuple(Label(**label) for label in value["scores"]), value["model"]
    )


async def _keep(
    connection: AsyncConnection, document_id: str, name: str, found: Classification, wanted: str | None
) -> None:
    """`wanted` is a person's label: it replaces the model's, whose scores stay to be seen."""
    if wanted is not None:
        model = found.model if found.model.endswith(CORRECTED) else f"{found.model}+{CORRECTED}"
        found = Classification(wanted, 1.0, found.scores, model)
    if name == TYPE:
        values: dict[str, Any] = {"classification": plain(found), "label": found.label}
        await connection.execute(update(documents).where(documents.c.id == document_id).values(values))
        return
    row = {
        "document_id": document_id,
        "label_set": name,
        "label": found.label,
        "classification": plain(found),
    }
    await connection.execute(
        upsert(connection, document_labels)
        .values(row)
        .on_conflict_do_update(index_elements=["document_id", "label_set"], set_=row)
    )


def _of(table: Any, document_id: str, name: str) -> tuple[Any, Any]:
    return table.c.document_id == document_id, table.c.label_set == name
