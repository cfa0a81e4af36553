"""One suite for every blob store; S3 is a server of its own on this machine, reached over HTTP."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path
from uuid import uuid4

import pytest

from rag.errors import ConfigurationError, InvalidInput, NotFound, Unavailable
from rag.store.blobs import FsspecBlobs


@pytest.fixture(params=["folder", "file-url", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> FsspecBlobs:
    match request.param:
        case "folder":
            return FsspecBlobs(str(tmp_path / "blobs"))
        case "file-url":
            return FsspecBlobs(f"file://{tmp_path}/blobs/")
        case "memory":
            return FsspecBlobs(f"memory://{uuid4().hex}/root")
    return FsspecBlobs(f"{request.getfixturevalue('bucket')}/{uuid4().hex}")


async def test_bytes_come_back_as_they_were(blobs: FsspecBlobs) -> None:
    data = bytes(range(256)) * 100
    await blobs.put("originals/ab/abc", data)
    assert await blobs.get("originals/ab/abc") == data
    assert await blobs.size("originals/ab/abc") == 25_600
    assert await blobs.exists("originals/ab/abc")


async def test_a_second_write_replaces_the_first(blobs: FsspecBlobs) -> None:
    await blobs.put("key", b"a longer first")
    await blobs.put("key", b"second")
    assert await blobs.get("key") == b"second"


async def test_empty_bytes_are_bytes(blobs: FsspecBlobs) -> None:
    await blobs.put("empty", b"")
    assert await blobs.get("empty") == b""
    assert await blobs.exists("empty")


async def test_what_is_not_there(blobs: FsspecBlobs) -> None:
    await blobs.put("folder/key", b"x")
    for key in ("none", "none/deep", "folder", "folder/key/under"):
        assert not await blobs.exists(key)
        with pytest.raises(NotFound):
            await blobs.get(key)
        with pytest.raises(NotFound):
            await blobs.size(key)
        with pytest.raises(NotFound), blobs.open_path(key):
            pass


async def test_deleting_twice_is_no_error(blobs: FsspecBlobs) -> None:
    await blobs.put("a/b", b"x")
    await blobs.delete("a/b")
    await blobs.delete("a/b")
    await blobs.delete("never/there")
    assert not await blobs.exists("a/b")


async def test_keys_are_listed_by_prefix_in_order(blobs: FsspecBlobs) -> None:
    assert await blobs.keys() == []
    assert await blobs.keys("none/") == []
    for key in ("b/2", "a/x/1", "b/10", "bb", "ü/漢"):
        await blobs.put(key, b"x")
    assert await blobs.keys() == ["a/x/1", "b/10", "b/2", "bb", "ü/漢"]
    assert await blobs.keys("b") == ["b/10", "b/2", "bb"]
    assert await blobs.keys("b/") == ["b/10", "b/2"]
    assert await blobs.keys("b/1") == ["b/10"]
    await blobs.delete("b/10")
    assert await blobs.keys("b/") == ["b/2"]


async def test_a_local_file_is_taken_in(blobs: FsspecBlobs, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"content")
    await blobs.put_file("originals/x", path)
    assert await blobs.get("originals/x") == b"content"
    assert path.read_bytes() == b"content"
    path.unlink()
    assert await blobs.get("originals/x") == b"content"
    with pytest.raises(NotFound):
        await blobs.put_file("originals/y", path)


async def test_a_local_path_holds_the_bytes(blobs: FsspecBlobs) -> None:
    await blobs.put("a", b"content")
    with blobs.open_path("a") as path:
        assert path.read_bytes() == b"content"
    assert await blobs.get("a") == b"content"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../../b",
        "a/./b",
        "a\\..\\b",
        "a\0b",
        "a\nb",
        "x" * 1001,
        ".partial-x",
    ],
)
async def test_keys_that_could_leave_the_root_are_refused(blobs: FsspecBlobs, key: str) -> None:
    for call in (blobs.put(key, b"x"), blobs.get(key), blobs.delete(key), blobs.exists(key), blobs.size(key)):
        with pytest.raises(InvalidInput):
            await call
    with pytest.raises(InvalidInput), blobs.open_path(key):
        pass


async def test_a_listing_cannot_leave_the_root(blobs: FsspecBlobs) -> None:
    for prefix in ("../", "a/../..", "/etc"):
        with pytest.raises(InvalidInput):
            await blobs.keys(prefix)


async def test_concurrent_writers_leave_one_whole_value(blobs: FsspecBlobs) -> None:
    values = [bytes([number]) * 100_000 for number in range(12)]
    await blobs.put("key", values[0])
    seen = await asyncio.gather(*(blobs.put("key", value) for value in values), *(blobs.get("key") for _ in range(24)))
    assert {value for value in seen if value is not None} <= set(values)
    assert await blobs.get("key") in values
    assert await blobs.keys() == ["key"]


async def test_it_travels_between_processes(blobs: FsspecBlobs) -> None:
    await blobs.put("a", b"x")
    assert await pickle.loads(pickle.dumps(blobs)).get("a") == b"x"


async def test_a_failed_write_leaves_the_old_value_and_no_rest(tmp_path: Path) -> None:
    blobs = FsspecBlobs(str(tmp_path))
    await blobs.put("a", b"old")
    with pytest.raises(TypeError):
        await blobs.put("a", "not bytes")  # type: ignore[arg-type]
    assert await blobs.get("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


async def test_a_half_written_file_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".partial-abc").write_bytes(b"half")
    assert await FsspecBlobs(str(tmp_path)).keys() == []


async def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable):
        await FsspecBlobs(str(tmp_path / "file" / "blobs")).put("a", b"x")


async def test_an_unknown_store_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError):
        await FsspecBlobs("nosuchstore://x").put("a", b"x")
