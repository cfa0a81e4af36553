"""Two libraries are compared by what they hold, not by their ids."""

from __future__ import annotations

from pathlib import Path

from rag.bench.content import content
from rag.services import Services
from tests.unit.batch.conftest import Load


async def test_the_same_files_are_the_same_content(services: Services, folder: Path, load: Load) -> None:
    await load(folder)
    first = await content(services.settings)
    assert sorted(first) == ["a.txt", "b.txt", "c.txt"]
    [letter] = (await services.state.documents.list(limit=1)).documents
    await services.state.documents.delete(letter.id)
    gone = await content(services.settings)
    assert sorted(gone) == sorted(set(first) - {letter.filename})
    await load(folder)
    assert await content(services.settings) == first


async def test_another_text_is_another_content(services: Services, folder: Path, load: Load) -> None:
    await load(folder)
    before = await content(services.settings)
    (folder / "b.txt").write_text("An invoice over EUR 11 to Anna Keller.")
    await load(folder)
    after = await content(services.settings)
    assert before["b.txt"] != after["b.txt"]
    assert before["a.txt"] == after["a.txt"]
