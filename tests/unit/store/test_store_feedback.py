"""Feedback quotes documents: what it quotes of one goes with it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select

from rag import store as store_package
from rag.store.family import NewChild
from rag.store.feedback import Feedback, FeedbackStore
from rag.store.page_tables import feedback, feedback_documents
from rag.store.records import now


async def document(store, name):
    row, _ = await store.add(filename=name, media_type="text/plain", sha256=name.encode().hex().ljust(64, "0"), size=9)
    return row.id


def cited(id, quote):
    return {"document_id": id, "filename": f"{quote}.txt", "page": 1, "start": 0, "end": 5, "quote": quote}


async def all_of(said):
    return [one async for one in said.all()]


async def test_a_deleted_document_takes_its_quotes_and_the_answer(database, store):
    said = FeedbackStore(database)
    lease, annex = await document(store, "lease.txt"), await document(store, "annex.txt")
    both = (cited(lease, "EUR 5"), cited(annex, "EUR 6"))
    await said.add(Feedback("What is the rent?", "EUR 5 [1], EUR 6 [2]", True, "right so", citations=both))
    await said.add(Feedback("Of the annex?", "EUR 6 [1]", False, citations=(cited(annex, "EUR 6"),)))
    await store.delete(lease)
    first, second = await all_of(said)
    assert (first.question, first.right, first.reason) == ("What is the rent?", True, "right so")
    assert (first.answer, first.citations) == ("", (cited(annex, "EUR 6"),))
    assert (second.answer, second.citations) == ("EUR 6 [1]", (cited(annex, "EUR 6"),))


async def test_what_came_in_an_archive_takes_its_quotes_when_the_archive_is_deleted(database, store):
    said = FeedbackStore(database)
    outer = await document(store, "mail.eml")
    await store.add_children(outer, [NewChild("1", "a.txt", "text/plain", "f" * 64, 9)])
    [inner] = [one.id for one in (await store.list()).documents if one.parent_id == outer]
    await said.add(Feedback("What?", "This [1]", True, citations=(cited(inner, "This"),)))
    await store.delete(outer)
    [left] = await all_of(said)
    assert (left.question, left.answer, left.citations) == ("What?", "", ())
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(feedback_documents)) == 0


async def test_what_is_said_of_a_document_that_is_gone_meanwhile_is_kept_without_its_quotes(database, store):
    said = FeedbackStore(database)
    lease = await document(store, "lease.txt")
    await store.delete(lease)
    stored = await said.add(Feedback("What?", "EUR 5 [1]", True, "yes", citations=(cited(lease, "EUR 5"),)))
    assert (stored.question, stored.reason, stored.answer, stored.citations) == ("What?", "yes", "", ())
    assert await all_of(said) == [stored]


async def test_the_migration_cleans_what_was_said_before_it(database, store, url):
    """The rows of an older version know their documents only by what they cite."""
    said = FeedbackStore(database)
    lease, gone = await document(store, "lease.txt"), "0" * 32
    async with database.write() as connection:
        await connection.run_sync(_back_to, "0011_page")
        for citations in ([cited(lease, "EUR 5")], [cited(lease, "EUR 5"), cited(gone, "secret")], []):
            row = {"question": "What?", "answer": "said", "verdict_right": True, "reason": "", "citations": citations}
            row |= {"model": "", "prompt_version": "", "created_at": now()}
            await connection.execute(sa.insert(feedback).values(row))
    await database.connect()
    rows = await all_of(said)
    assert [(one.answer, len(one.citations)) for one in rows] == [("said", 1), ("", 1), ("said", 0)]
    await store.delete(lease)
    assert [(one.answer, one.citations) for one in await all_of(said)] == [("", ()), ("", ()), ("said", ())]


def _back_to(connection: sa.Connection, revision: str) -> None:
    """The schema as it was, whatever came after."""
    config = Config()
    config.set_main_option("script_location", str(Path(store_package.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.downgrade(config, revision)
