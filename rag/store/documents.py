"""The library: documents from upload to deletion. Their content is in content.py, sums over
them in facets.py and counting.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, exc, func, insert, select, update

from rag.access.principal import acting
from rag.errors import Conflict, NotReady, RedwellError
from rag.model import Document, Stage, StageRecord, StageStatus, Status
from rag.store.content import Content
from rag.store.conversations import forget_answers
from rag.store.counting import Counting
from rag.store.facets import Facets
from rag.store.family import Family, below
from rag.store.feedback import forget_quotes
from rag.store.fields import FieldRows
from rag.store.insights import Insights
from rag.store.listing import DocumentPage, Listing
from rag.store.quota import check_quota
from rag.store.records import (
    BATCH,
    append_change,
    jsonable,
    load,
    load_one,
    metadata_rows,
    missing,
    now,
    stage_row,
    touch,
    upsert,
)
from rag.store.tables import chunks, documents, jobs, lookup_key, metadata_values, stages, storable
from rag.store.versions import Versions
from rag.store.visible import visible

__all__ = ["DocumentPage", "DocumentStore"]


class DocumentStore(Listing, Content, Facets, Counting, FieldRows, Family, Insights, Versions):
    """`DocumentStore(database)`. Every method is one transaction; every change raises the document's `revision`."""

    async def add(
        self,
        *,
        filename: str,
        media_type: str,
        sha256: str,
        size: int,
        collection: str = "default",
        metadata: Mapping[str, Any] | None = None,
        language: str | None = None,
        owner: str | None = None,
        lease_seconds: float = 0,
        unlocked: bool = False,
    ) -> tuple[Document, bool]:
        """The new document, queued with its job, and False; or the one that has these bytes in this collection, and True.

        `unlocked`: a copy without encryption is stored as well.

        With an `owner` the job is born leased: whoever added the document works on it himself, and when he dies an
        analyzer goes on.

        Store the original before this call. After a duplicate, check that the original is still there: a deletion that
        ran at the same time may have taken it. Raises QuotaExceeded.
        """
        id, instant, principal = uuid4().hex, now(), acting()
        row = {
            "id": id,
            "collection": storable(collection),
            "filename": storable(filename),
            "filename_key": lookup_key(filename),
            "media_type": media_type,
            "sha256": sha256,
            "size": size,
            "status": Status.QUEUED.value,
            "created_at": instant,
            "updated_at": instant,
            "language": language,
            "metadata": jsonable(metadata or {}),
            "warnings": [],
            "revision": 1,
            "unlocked": unlocked,
            "key_id": principal.key_id or None if principal else None,
        }
        same = (
            (documents.c.collection == row["collection"]) & (documents.c.sha256 == sha256) & (documents.c.place == "")
        )
        for _ in range(5):  # the one that was in the way may be deleted before it is read
            async with self._database.write() as connection:
                added = await connection.execute(
                    upsert(connection, documents).values(row).on_conflict_do_nothing().returning(documents.c.id)
                )
                if added.first() is None:
                    existing = await connection.scalar(select(documents.c.id).where(same))
                    if found := await load(connection, [existing] if existing else []):
                        return found[0], True
                    continue
                await check_quota(connection, principal)
                await connection.execute(insert(stages), [stage_row(id, stage, StageRecord()) for stage in Stage])
                if values := metadata_rows(id, row["metadata"]):
                    await connection.execute(insert(metadata_values), values)
                await connection.execute(
                    insert(jobs).values(
                        document_id=id,
                        attempt=0,
                        due_at=instant,
                        created_at=instant,
                        owner=owner,
                        lease_until=instant + timedelta(seconds=lease_seconds) if owner else None,
                    )
                )
                return await load_one(connection, id), False
        raise Conflict("The same file is being deleted.", "Send it again.")

    async def get(self, id: str) -> Document:
        """Raises DocumentNotFound."""
        async with self._database.read() as connection:
            return await load_one(connection, id)

    async def revision(self, id: str) -> tuple[int, Status]:
        """What an event stream polls: one indexed row. Raises DocumentNotFound."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(documents.c.revision, documents.c.status).where(documents.c.id == id, *visible())
            )
            row = found.first()
        if row is None:
            raise missing(id)
        return row.revision, Status(row.status)

    async def set_status(
        self, id: str, status: Status, *, error: RedwellError | Mapping[str, Any] | None = None
    ) -> None:
        """`error` replaces what was recorded before, None clears it. Raises DocumentNotFound."""
        record = error.as_dict() if isinstance(error, RedwellError) else error
        async with self._database.write() as connection:
            await touch(connection, id, status=status.value, error=None if record is None else jsonable(record))

    async def set_stage(self, id: str, stage: Stage, record: StageRecord) -> None:
        """Raises DocumentNotFound."""
        row = stage_row(id, stage, record)
        async with self._database.write() as connection:
            await touch(connection, id)
            await connection.execute(
                upsert(connection, stages)
                .values(row)
                .on_conflict_do_update(index_elements=["document_id", "stage"], set_=row)
            )

    async def update(
        self,
        id: str,
        *,
        filename: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        collection: str | None = None,
    ) -> Document:
        """None leaves a field as it is; `metadata` replaces all of it. Raises DocumentNotFound, Conflict.

        Indexes hear of it when the name or the collection changes.
        """
        values: dict[str, Any] = {}
        if filename is not None:
            values |= {"filename": storable(filename), "filename_key": lookup_key(filename)}
        if collection is not None:
            values["collection"] = storable(collection)
        if metadata is not None:
            values["metadata"] = jsonable(metadata)
        async with self._database.write() as connection:
            try:
                await touch(connection, id, **values)
            except exc.IntegrityError as error:
                raise Conflict("The other collection has the same file.", "Delete one of the two.") from error
            if metadata is not None:
                await connection.execute(delete(metadata_values).where(metadata_values.c.document_id == id))
                if rows := metadata_rows(id, values["metadata"]):
                    await connection.execute(insert(metadata_values), rows)
            document = await load_one(connection, id)
            if filename is None and collection is None:
                return document
            named = {"filename": document.filename, "collection": document.collection}
            indexed = await connection.execute(update(chunks).where(chunks.c.document_id == id).values(named))
            if indexed.rowcount:
                await append_change(self._database, connection, "upsert", id, document.collection)
            return document

    async def delete(self, id: str) -> tuple[str, ...]:
        """Remove the document, what came in it, and all that hangs on them, jobs included. Raises DocumentNotFound.

        Returns the SHA-256 of originals that no document has any more: `rag.intake.removal` deletes them too.
        """
        async with self._database.write() as connection:
            await touch(connection, id)  # locks the row: nothing comes into it any more
            columns = documents.c.id, documents.c.sha256, documents.c.collection
            inside = documents.c.id.in_(select(below(id).c.id))
            gone = (await connection.execute(select(*columns).where(inside | (documents.c.id == id)))).all()
            await forget_answers(connection, [row.id for row in gone])
            await forget_quotes(connection, [row.id for row in gone])
            await connection.execute(delete(documents).where(documents.c.id == id))  # the others go with it
            hashes = sorted({row.sha256 for row in gone})
            kept: set[str] = set()
            for i in range(0, len(hashes), BATCH):
                same = documents.c.sha256.in_(hashes[i : i + BATCH])
                kept.update(await connection.scalars(select(documents.c.sha256).where(same)))
            for row in gone:
                await append_change(self._database, connection, "delete", row.id, row.collection)
            return tuple(sha256 for sha256 in hashes if sha256 not in kept)

    async def retry(self, id: str, *, force: bool = False, unlocked_as: str | None = None) -> Document:
        """Queue the document again for the stages that failed (and those that were skipped over them); `force`: for all.
        `unlocked_as` is the media type of its copy without encryption, where one was just made.

        Raises DocumentNotFound, NotReady while it is being analysed, Conflict when nothing failed.
        """
        async with self._database.write() as connection:
            await touch(connection, id)  # locks the row; the state is read before it is changed
            before = await load_one(connection, id)
            waiting = await connection.scalar(select(func.count()).select_from(jobs).where(jobs.c.document_id == id))
            if waiting and not before.status.final:
                raise NotReady("The document is still being analysed.")
            failed = any(record.status is StageStatus.FAILED for record in before.stages.values())
            if not (force or failed or before.status in (Status.FAILED, Status.PARTIAL)):
                raise Conflict("Nothing of the document failed.", "Use `force` to run every stage again.")
            for stage in Stage:
                record = before.stages.get(stage.value, StageRecord())
                if force or record.status is not StageStatus.DONE:
                    row = stage_row(id, stage, StageRecord())
                    await connection.execute(
                        upsert(connection, stages)
                        .values(row)
                        .on_conflict_do_update(index_elements=["document_id", "stage"], set_=row)
                    )
            readable = {"unlocked": True, "media_type": unlocked_as} if unlocked_as else {}
            await touch(connection, id, status=Status.QUEUED.value, error=None, **readable)
            await connection.execute(delete(jobs).where(jobs.c.document_id == id))
            instant = now()
            await connection.execute(insert(jobs).values(document_id=id, attempt=0, due_at=instant, created_at=instant))
            return await load_one(connection, id)

    async def has_original(self, sha256: str) -> bool:
        """Whether any document has these bytes."""
        async with self._database.read() as connection:
            return (
                await connection.scalar(select(documents.c.id).where(documents.c.sha256 == sha256).limit(1)) is not None
            )

    async def originals(self) -> set[str]:
        """SHA-256 of every stored document: what a sweep of the blob store has to keep."""
        async with self._database.read() as connection:
            return set(await connection.scalars(select(documents.c.sha256).distinct()))
