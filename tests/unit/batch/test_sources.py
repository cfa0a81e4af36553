"""Sources become items: what is taken, what is left out, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingestion.sources import Selection, SourceItem, fetched, items, manifest
from rag.errors import InvalidInput, NotFound, TooLarge


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.pdf", "deep/er/c.txt", "deep/d.md", ".hidden/e.txt", ".f.txt", "deep/Thumbs.db"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def names(found: list[SourceItem], folder: Path) -> list[str]:
    return [Path(item.uri).relative_to(folder).as_posix() for item in found]


def test_a_folder_is_walked_by_name_without_hidden_files(folder: Path) -> None:
    found = list(items([str(folder)]))
    assert names(found, folder) == ["a.pdf", "b.txt", "deep/d.md", "deep/er/c.txt"]
    assert [item.filename for item in found] == ["a.pdf", "b.txt", "d.md", "c.txt"]
    assert found[0].size == 5


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(include=("*.txt",)), ["b.txt", "deep/er/c.txt"]),
        (Selection(exclude=("deep/*",)), ["a.pdf", "b.txt"]),
        (Selection(include=("*.txt", "*.md"), exclude=("c.*",)), ["b.txt", "deep/d.md"]),
        (Selection(include=(".f*",), hidden=True), [".f.txt"]),
    ],
)
def test_patterns_choose(folder: Path, selection: Selection, expected: list[str]) -> None:
    assert names(list(items([str(folder)], selection)), folder) == expected


def test_a_file_that_is_named_twice_comes_once(folder: Path) -> None:
    assert names(list(items([str(folder / "b.txt"), str(folder)])), folder)[0] == "b.txt"
    assert len(list(items([str(folder / "b.txt"), str(folder)]))) == 4


def test_a_glob_goes_deep_with_two_stars(folder: Path) -> None:
    assert names(list(items([f"{folder}/**/*.txt"])), folder) == ["b.txt", "deep/er/c.txt"]


def test_the_fingerprint_changes_with_the_content(folder: Path) -> None:
    [before] = items([str(folder / "b.txt")])
    [same] = items([str(folder / "b.txt")])
    (folder / "b.txt").write_text("longer than before")
    [after] = items([str(folder / "b.txt")])
    assert before.fingerprint == same.fingerprint != after.fingerprint


def test_a_link_to_a_folder_is_not_followed(folder: Path) -> None:
    (folder / "deep" / "loop").symlink_to(folder)
    assert len(list(items([str(folder)]))) == 4


@pytest.mark.parametrize("source", ["/nowhere/at/all", "/nowhere/*.pdf"])
def test_a_source_that_names_nothing_is_an_error(source: str) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        list(items([source]))


def test_a_kind_that_is_not_read_is_named() -> None:
    with pytest.raises(InvalidInput, match="gopher"):
        list(items(["gopher://host/x"]))


def test_a_web_address_is_one_file() -> None:
    [item] = items(["https://example.org/a/My%20lease.pdf?x=1"])
    assert (item.filename, item.size, item.fingerprint) == ("My lease.pdf", None, "")


def test_a_csv_manifest_gives_each_file_its_own_words(folder: Path) -> None:
    path = folder / "list.csv"
    path.write_text("path,collection,language,matter,empty\nb.txt,letters,deu,2024-17,\ndeep/d.md,,,,\n")
    first, second = manifest(path)
    assert first.uri == str(folder / "b.txt")
    assert (first.collection, first.language, dict(first.metadata)) == ("letters", "deu", {"matter": "2024-17"})
    assert (second.collection, second.language, dict(second.metadata)) == (None, None, {})


def test_a_json_lines_manifest_gives_metadata_as_an_object(folder: Path) -> None:
    path = folder / "list.jsonl"
    path.write_text(json.dumps({"uri": str(folder / "a.pdf"), "filename": "x.pdf", "metadata": {"n": 1}}) + "\n\n")
    [item] = manifest(path)
    assert (item.filename, dict(item.metadata)) == ("x.pdf", {"n": 1})


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("m.jsonl", '{"uri": 1', "line 1"),
        ("m.jsonl", '\n{"colection": "x", "uri": "b.txt"}', "line 2: unknown keys colection"),
        ("m.jsonl", '{"collection": "x"}', "no file is named"),
        ("m.jsonl", '["b.txt"]', "no object"),
        ("m.csv", "collection\nx\n", "line 2: no file is named"),
    ],
)
def test_a_wrong_manifest_names_its_line(folder: Path, name: str, text: str, what: str) -> None:
    (folder / name).write_text(text)
    with pytest.raises(InvalidInput, match=what):
        list(manifest(folder / name))


def test_a_local_file_is_read_where_it_is(folder: Path) -> None:
    [item] = items([str(folder / "b.txt")])
    with fetched(item, limit=100) as path:
        assert path == folder / "b.txt"


def test_a_file_over_the_limit_is_refused(folder: Path) -> None:
    [item] = items([str(folder / "b.txt")])
    with pytest.raises(TooLarge), fetched(item, limit=4):
        pass


def test_a_file_that_went_away_is_named(folder: Path) -> None:
    [item] = items([str(folder / "b.txt")])
    (folder / "b.txt").unlink()
    with pytest.raises(NotFound, match=r"b\.txt"), fetched(item, limit=100):
        pass


def test_a_bucket_of_any_kind_is_walked(tmp_path: Path) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    for name in ("/walked/x/2.txt", "/walked/x/1.txt", "/walked/y.pdf"):
        store.pipe_file(name, b"abc")
    assert [item.filename for item in items(["memory://walked"])] == ["1.txt", "2.txt", "y.pdf"]
    assert [item.filename for item in items(["memory://walked/*.pdf"])] == ["y.pdf"]
    [item] = items(["memory://walked/y.pdf"])
    with fetched(item, limit=10) as path:
        assert path.read_bytes() == b"abc"
