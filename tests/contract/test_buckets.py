"""Sources in S3, over HTTP to a server that runs here."""

from __future__ import annotations

import pytest

from ingestion.sources import Selection, fetched, items
from rag.errors import NotFound, TooLarge
from rag.store.buckets import file_system


@pytest.fixture
def filled(bucket: str) -> str:
    store, root = file_system(bucket)
    for name, data in {"in/a.txt": b"first", "in/deep/b.pdf": b"second", "out/c.txt": b"third"}.items():
        store.pipe_file(f"{root}/{name}", data)
    return bucket


def test_a_prefix_lists_what_lies_under_it(filled: str) -> None:
    found = list(items([f"{filled}/in"]))
    assert [item.uri for item in found] == [f"{filled}/in/a.txt", f"{filled}/in/deep/b.pdf"]
    assert [item.size for item in found] == [5, 6]


def test_patterns_choose_in_a_bucket(filled: str) -> None:
    assert [item.filename for item in items([f"{filled}/*/*.txt"])] == ["a.txt", "c.txt"]
    assert [item.filename for item in items([filled], Selection(exclude=("*.txt",)))] == ["b.pdf"]


def test_the_fingerprint_follows_the_content(filled: str) -> None:
    [before] = items([f"{filled}/in/a.txt"])
    store, root = file_system(filled)
    store.pipe_file(f"{root}/in/a.txt", b"FIRST")
    [after] = items([f"{filled}/in/a.txt"])
    assert before.fingerprint != after.fingerprint


def test_bytes_come_to_a_local_path(filled: str) -> None:
    [item] = items([f"{filled}/in/deep/b.pdf"])
    with fetched(item, limit=6) as path:
        assert path.read_bytes() == b"second"
    with pytest.raises(TooLarge), fetched(item, limit=5):
        pass


def test_what_is_not_there_is_named(filled: str) -> None:
    with pytest.raises(NotFound, match="nothing"):
        list(items([f"{filled}/nothing"]))
